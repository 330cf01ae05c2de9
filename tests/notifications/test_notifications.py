"""Who is told what, once, and how it leaves the product."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from core.actor import SYSTEM, Actor
from core.errors import NotFound
from events.consumers import consumers
from events.models import Event
from events.relay import relay_batch
from notifications.channel import channels
from notifications.deliveries import deliver_due, has_due
from notifications.models import Delivery, Notification
from notifications.operations import Subject, mark_all_read, mark_read, notify
from notifications.queries import notification_page, unread_count
from processes.definition import definition_of
from processes.models import Operation, Process, Scope, Stage
from processes.operations import set_grants
from processes.permissions import Place
from records.operations import (
    add_comment,
    create_record,
    create_task,
    delete_record,
    move_record,
    update_record,
    watch_record,
)
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def anna(process: Process) -> Actor:
    return colleague(process, "Anna")


@pytest.fixture
def boris(process: Process) -> Actor:
    return colleague(process, "Boris", language="ru")


def colleague(process: Process, name: str, **fields: Any) -> Actor:
    person = make_user(name, **fields)
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def create(process: Process, actor: Actor = SYSTEM, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=actor)


def relay() -> None:
    while relay_batch().events:
        pass


def kinds(actor: Actor) -> list[str]:
    return [item.kind for item in notification_page(actor).items]


def subject(process: Process, **more: Any) -> Subject:
    stage = definition_of(process).default_pipeline.first_stage.id
    return Subject(process.pk, 1, "Printer", Place(more.get("assignee"), more.get("author"), None, stage))


def test_new_responsible_person_is_told_once(process: Process, anna: Actor, boris: Actor) -> None:
    row = create(process, anna, assignee=boris.user_id)
    relay()
    Event.objects.update(seq=None)
    relay()
    assert (kinds(anna), kinds(boris)) == ([], ["assigned"])
    told = notification_page(boris).items[0]
    assert (told.title, told.record_id, told.process_key, told.actor_label) == ("Printer", row.pk, process.key, "Anna")


def test_change_of_the_responsible_person_tells_the_new_one_only(process: Process, anna: Actor, boris: Actor) -> None:
    row = create(process, assignee=anna.user_id)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    update_record(process, row.pk, values={"assignee": boris.user_id}, actor=SYSTEM)
    relay()
    assert (kinds(anna), kinds(boris)) == (["assigned"], ["assigned"])


def test_nobody_is_told_of_their_own_act(process: Process, anna: Actor) -> None:
    row = create(process, anna)
    create_task(process, row.pk, title="Call", assignee_id=anna.user_id, actor=anna)
    relay()
    assert kinds(anna) == []


def test_task_is_told_to_its_assignee(process: Process, anna: Actor) -> None:
    row = create(process)
    create_task(process, row.pk, title="Call back", assignee_id=anna.user_id, actor=SYSTEM)
    relay()
    told = notification_page(anna).items[0]
    assert (told.kind, told.text) == ("task", "A task for you: Call back")


def test_who_may_not_see_the_record_is_not_told(process: Process) -> None:
    stranger = make_user()
    create(make_process(), assignee=stranger.pk)
    relay()
    assert Notification.objects.count() == 0
    assert notify([stranger.pk], about=subject(process), kind="robot", text="x", actor=SYSTEM) == []


def test_deactivated_people_are_not_told(process: Process, anna: Actor) -> None:
    type(make_user()).objects.filter(pk=anna.user_id).update(is_active=False)
    assert notify([anna.user_id or 0], about=subject(process), kind="robot", text="x", actor=SYSTEM) == []


@pytest.mark.parametrize("count", [1, 3])
def test_unread_count_is_one_query(process: Process, anna: Actor, django_assert_num_queries: Any, count: int) -> None:
    for _number in range(count):
        notify([anna.user_id or 0], about=subject(process), kind="robot", text="x", actor=SYSTEM)
    with django_assert_num_queries(1):
        assert unread_count(anna.user_id or 0) == count
    with django_assert_num_queries(2):
        assert len(notification_page(anna).items) == count


def test_reading_is_for_ones_own_only(process: Process, anna: Actor, boris: Actor) -> None:
    for _number in range(2):
        notify([anna.user_id or 0], about=subject(process), kind="robot", text="x", actor=SYSTEM)
    first = notification_page(anna).items[0]
    with pytest.raises(NotFound):
        mark_read(first.id, actor=boris)
    assert mark_all_read(actor=boris) == 0
    mark_read(first.id, actor=anna)
    assert unread_count(anna.user_id or 0) == 1
    assert mark_all_read(actor=anna) == 1
    assert unread_count(anna.user_id or 0) == 0


def test_pages_follow_each_other(process: Process, anna: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.queries.PAGE", 2)
    for number in range(3):
        notify([anna.user_id or 0], about=subject(process), kind="robot", text=str(number), actor=SYSTEM)
    first = notification_page(anna)
    second = notification_page(anna, before=first.next)
    assert [item.text for item in (*first.items, *second.items)] == ["2", "1", "0"]
    assert second.next is None


def send_one(process: Process, actor: Actor) -> Delivery:
    notify([actor.user_id or 0], about=subject(process), kind="robot", text="Hello", actor=SYSTEM, channels=["mail"])
    return Delivery.objects.get()


def test_mail_goes_out_once_with_a_link_and_its_key(process: Process, anna: Actor) -> None:
    delivery = send_one(process, anna)
    assert has_due()
    assert (deliver_due(), deliver_due()) == (1, 0)
    message = mail.outbox[0]
    assert isinstance(message, EmailMessage)
    assert (message.subject, len(mail.outbox)) == ("Printer: Hello", 1)
    assert f"/p/{process.key}/records/1/" in message.body
    assert str(delivery.key) in message.extra_headers["Message-ID"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.SENT, 1)
    assert not has_due()


def refusing(error: Exception) -> Any:
    def send(self: EmailMessage, fail_silently: bool = False) -> int:
        raise error

    return send


def test_mail_server_in_trouble_is_tried_again_with_the_same_key(
    process: Process, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = send_one(process, anna)
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refusing(smtplib.SMTPServerDisconnected("gone")))
        assert deliver_due() == 0
    assert not has_due()
    Delivery.objects.update(due_at=Now() - timedelta(seconds=1))
    assert deliver_due() == 1
    assert str(delivery.key) in mail.outbox[0].extra_headers["Message-ID"]


@pytest.mark.parametrize("code", [550, 554])
def test_refused_mail_is_given_up(process: Process, anna: Actor, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    send_one(process, anna)
    error = smtplib.SMTPRecipientsRefused({"x@example.test": (code, b"no")})
    monkeypatch.setattr(EmailMessage, "send", refusing(error))
    deliver_due()
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_attempts_at_a_mail_come_to_an_end(process: Process, anna: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    send_one(process, anna)
    monkeypatch.setattr(EmailMessage, "send", refusing(OSError("no route")))
    for _attempt in range(10):
        deliver_due()
        Delivery.objects.update(due_at=Now() - timedelta(seconds=1))
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == (Delivery.State.FAILED, 8)


def test_every_channel_says_what_it_is() -> None:
    assert [channel.key for channel in channels] == ["in_app", "mail"]
    assert all(str(channel.label) for channel in channels)


def test_observers_hear_of_moves_and_comments_and_of_being_made_one(process: Process, anna: Actor) -> None:
    clara = colleague(process, "Clara")
    row = create(process, assignee=anna.user_id, observers=[anna.user_id, clara.user_id])
    move_record(process, row.pk, to="in_work", actor=anna)
    add_comment(process, row.pk, text="Secret words", actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    relay()
    Event.objects.update(seq=None)
    relay()
    assert kinds(clara) == ["commented", "moved", "observing"]
    assert kinds(anna) == ["commented", "assigned"]  # the move was her own
    texts = [item.text for item in notification_page(clara).items]
    assert texts == ["There is a new comment.", "It is in “In work” now.", "You were made an observer."]


def test_who_begins_to_watch_is_not_told_and_who_ceases_hears_no_more(
    process: Process, anna: Actor, boris: Actor
) -> None:
    row = create(process)
    watch_record(process, row.pk, watches=True, actor=anna)
    update_record(process, row.pk, values={"observers": [anna.user_id, boris.user_id]}, actor=SYSTEM)
    update_record(process, row.pk, values={"observers": [boris.user_id]}, actor=SYSTEM)
    add_comment(process, row.pk, text="x", actor=SYSTEM)
    relay()
    assert (kinds(anna), kinds(boris)) == ([], ["commented", "observing"])


def test_one_event_tells_a_person_one_thing(process: Process, anna: Actor) -> None:
    row = create(process, assignee=anna.user_id, observers=[anna.user_id])
    add_comment(process, row.pk, text="x", actor=SYSTEM)
    Event.objects.filter(kind="comment.added").update(data=mentioning(row, anna))
    relay()
    assert kinds(anna) == ["mentioned", "assigned"]


def mentioning(row: Any, person: Actor) -> dict[str, Any]:
    event = Event.objects.get(kind="comment.added", record_id=row.pk)
    return {**event.data, "mentions": [person.user_id]}


def test_observer_who_sees_the_record_no_more_hears_nothing(process: Process) -> None:
    person = make_user("Clara")
    role = make_role(people=(person,))
    set_grants(process, {role.pk: {Operation.VIEW: Scope.OBSERVED}}, actor=SYSTEM)
    clara = actor_of(person)
    seen, left, binned = (create(process, observers=[clara.user_id]) for _number in range(3))
    relay()
    Notification.objects.all().delete()
    for row in (seen, left, binned):
        move_record(process, row.pk, to="in_work", actor=SYSTEM)
    update_record(process, left.pk, values={"observers": []}, actor=SYSTEM)
    delete_record(process, binned.pk, actor=SYSTEM)
    relay()
    assert [item.record_id for item in notification_page(clara).items] == [seen.pk]
    set_grants(process, {role.pk: {}}, actor=SYSTEM)
    add_comment(process, seen.pk, text="x", actor=SYSTEM)
    relay()
    assert kinds(clara) == ["moved"]


def close_stage(process: Process, key: str, actor: Actor) -> None:
    """Let somebody's role see nothing of a stage."""
    [role] = Role.objects.filter(grants__process=process, assignments__user=actor.user_id).distinct()
    stage = Stage.objects.get(pipeline__process=process, key=key)
    differing = {role.pk: {Operation.VIEW: {stage.pk: 0}}}
    set_grants(process, {role.pk: EMPLOYEE}, differing=differing, actor=SYSTEM)


def test_of_moves_at_once_the_last_one_is_told(process: Process, anna: Actor) -> None:
    """Rights to see differ: nobody hears of a stage that is closed to them, not even by where the record stood."""
    row = create(process, observers=[anna.user_id])
    relay()
    Notification.objects.all().delete()
    close_stage(process, "in_work", anna)
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    move_record(process, row.pk, to="completed", actor=SYSTEM)
    relay()
    assert [item.text for item in notification_page(anna).items] == ["It is in “Completed” now."]


def test_move_is_told_to_those_who_see_the_stage_that_it_names(process: Process, anna: Actor) -> None:
    """A comment that was begun before the move and ended after it still speaks of the stage before."""
    row = create(process, observers=[anna.user_id])
    add_comment(process, row.pk, text="x", actor=SYSTEM)
    relay()
    Notification.objects.all().delete()
    close_stage(process, "in_work", anna)
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    moved, comment = Event.objects.get(kind="record.moved"), Event.objects.get(kind="comment.added")
    consumers["notifications"].consume([moved, comment])
    assert "moved" not in kinds(anna)


def test_quiet_changes_and_mail_leave_observers_alone(process: Process, anna: Actor) -> None:
    row = create(process, SYSTEM.quieted(), observers=[anna.user_id])
    move_record(process, row.pk, to="in_work", actor=SYSTEM.quieted())
    add_comment(process, row.pk, text="x", actor=SYSTEM.quieted())
    relay()
    assert kinds(anna) == []
    add_comment(process, row.pk, text="x", actor=SYSTEM)
    relay()
    assert kinds(anna) == ["commented"]
    assert not Delivery.objects.exists()


def test_a_batch_is_told_in_as_many_statements_as_one_event(process: Process, anna: Actor, boris: Actor) -> None:
    def statements(count: int) -> int:
        rows = [create(process, observers=[anna.user_id, boris.user_id]) for _number in range(count)]
        for row in rows:
            add_comment(process, row.pk, text="x", actor=SYSTEM)
        events = list(Event.objects.filter(record_id__in=[row.pk for row in rows]))
        with CaptureQueriesContext(connection) as asked:
            consumers["notifications"].consume(events)
        return len(asked)

    statements(1)
    assert statements(1) == statements(20) == 8
    assert Notification.objects.filter(kind="commented").count() == 2 * 22
