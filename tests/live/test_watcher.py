"""Who is behind the cookie of a live page, what they are told, and when the page must be drawn anew."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.operations import begin_view
from accounts.sessions import SessionStore
from core.actor import SYSTEM
from events.relay import relay_all
from processes.definition import definition_of
from processes.drafts import FieldDraft, StageDraft
from processes.models import FieldLevel, Operation, Pipeline, Process, Scope
from processes.operations import (
    add_field,
    add_pipeline,
    add_stage,
    remove_pipeline,
    remove_stage,
    set_field_grants,
    set_grants,
    update_pipeline,
    update_stage,
)
from records.operations import add_comment, create_record, delete_record, move_record, update_record
from smartcrm.live.messages import Watcher, batch_after, newest_seq, reshapes, watcher_of
from smartcrm.live.shapes import changed_for
from tests.factories import actor_of, make_admin, make_process, make_role, make_user, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_connection_of_the_test_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartcrm.live.messages.close_old_connections", lambda: None)


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def person(process: Process) -> User:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    return person


def cookie_of(session: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={session}"


def test_watcher_is_the_person_who_signed_in_with_what_they_see(person: User, process: Process) -> None:
    watcher = watcher_of(cookie_of(session_of(person)))
    assert watcher is not None
    assert (watcher.user_id, [*watcher.accesses]) == (person.pk, [process.pk])


def test_nobody_watches_without_a_session_of_somebody_active(person: User) -> None:
    cookie = cookie_of(session_of(person))
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert [watcher_of(each) for each in ("", cookie_of("x"), cookie)] == [None] * 3


def test_nobody_watches_as_somebody_else_after_the_viewer_is_gone(person: User) -> None:
    admin = make_admin()
    cookie = session_of(admin)
    session = SessionStore(cookie)
    begin_view(person, session=session, actor=actor_of(admin))
    session.save()
    watcher = watcher_of(cookie_of(cookie))
    assert watcher is not None
    assert watcher.user_id == person.pk
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert watcher_of(cookie_of(cookie)) is None


def test_fault_is_not_taken_for_a_stranger(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_user: User) -> None:
        raise AttributeError("of our own")

    monkeypatch.setattr("smartcrm.live.messages.actor_for", break_down)
    with pytest.raises(AttributeError, match="of our own"):
        watcher_of(cookie_of(session_of(person)))


@pytest.fixture
def hush(process: Process) -> Pipeline:
    """A pipeline that is closed, with two stages."""
    pipeline = add_pipeline(process, name="Hush", actor=SYSTEM)
    add_stage(pipeline, StageDraft("Quietone", key="quietone"), actor=SYSTEM)
    return pipeline


def watching(person: User) -> Watcher:
    found = watcher_of(cookie_of(session_of(person)))
    assert found is not None
    return found


def told(watcher: Watcher, since: int) -> list[tuple[str, int]]:
    """What the watcher hears of what has happened: kinds and records."""
    relay_all()
    messages = [watcher.message_for(event) for event in batch_after(since, 500).events]
    return [(message["kind"], message["record"]) for message in messages if message]


def test_nothing_comes_of_a_record_that_could_never_be_seen(person: User, process: Process, hush: Pipeline) -> None:
    watcher, since = watching(person), newest_seq()
    row = create_record(process, values={"title": "T"}, stage="hush.quietone", actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 5, "assignee": person.pk}, actor=SYSTEM)
    add_comment(process, row.pk, text="Psst", actor=SYSTEM)
    move_record(process, row.pk, to=hush.stages.all()[0].pk, actor=SYSTEM)
    delete_record(process, row.pk, actor=SYSTEM)
    assert told(watcher, since) == []
    assert len(told(watching(make_admin()), since)) > 4


def test_record_that_moves_out_of_sight_is_said_to_be_hidden(person: User, process: Process, hush: Pipeline) -> None:
    row = create_record(process, values={}, actor=SYSTEM)
    relay_all()
    watcher, since = watching(person), newest_seq()
    move_record(process, row.pk, to="hush.quietone", actor=SYSTEM)
    move_record(process, row.pk, to="main.received", actor=SYSTEM)
    assert told(watcher, since) == [("record.hidden", row.pk), ("record.moved", row.pk)]


def test_record_in_a_stage_that_came_after_the_look_is_not_told(person: User, process: Process) -> None:
    watcher, since = watching(person), newest_seq()
    add_pipeline(process, name="Hush", actor=SYSTEM)
    create_record(process, values={}, stage="hush.new", actor=SYSTEM)
    assert told(watcher, since) == []


def test_changes_of_the_process_itself_are_told_to_nobody(person: User, process: Process, hush: Pipeline) -> None:
    watcher = watching(person)
    update_pipeline(hush, name="Hushed", actor=SYSTEM)
    assert told(watcher, 0) == []


CHANGES: list[tuple[Callable[[Process, Pipeline, int], Any], bool]] = [
    (lambda process, _hush, _role: add_pipeline(process, name="More", actor=SYSTEM), False),
    (lambda process, _hush, _role: add_pipeline(process, name="More", is_open=True, actor=SYSTEM), True),
    (lambda _process, hush, _role: add_stage(hush, StageDraft("Louder"), actor=SYSTEM), False),
    (lambda _process, hush, _role: remove_stage(hush.stages.get(key="quietone"), actor=SYSTEM), False),
    (lambda _process, hush, _role: update_pipeline(hush, name="Hushed", actor=SYSTEM), False),
    (lambda _process, hush, _role: update_pipeline(hush, name="Hush", is_open=True, actor=SYSTEM), True),
    (lambda _process, hush, _role: remove_pipeline(hush, actor=SYSTEM), False),
    (
        lambda process, _hush, _role: remove_stage(
            process.pipelines.get(key="main").stages.get(key="rejected"), actor=SYSTEM
        ),
        True,
    ),
    (
        lambda process, _hush, _role: update_stage(
            process.pipelines.get(key="main").stages.get(key="received"), name="Came", actor=SYSTEM
        ),
        True,
    ),
    (
        lambda process, _hush, _role: set_grants(process, {make_role().pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM),
        False,
    ),
    (lambda process, _hush, role: set_grants(process, {role: {}}, actor=SYSTEM), True),
    (lambda process, _hush, role: set_grants(process, {role: {Operation.VIEW: Scope.OWN}}, actor=SYSTEM), True),
    (lambda process, _hush, role: hide(process, "amount", role), True),
    (lambda process, _hush, _role: hide(process, "amount", make_role().pk), False),
]


def hide(process: Process, key: str, role: int) -> None:
    field = definition_of(process).field_by_key[key].id
    set_field_grants(process, {role: {field: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)


@pytest.mark.parametrize(("change", "is_seen"), CHANGES)
def test_page_is_drawn_anew_for_what_its_reader_may_know_of(
    person: User, process: Process, hush: Pipeline, change: Callable[[Process, Pipeline, int], Any], is_seen: bool
) -> None:
    before = watching(person)
    change(process, hush, person.role_assignments.get().role_id)
    assert changed_for(before, watching(person)) == ([process.key] if is_seen else [])


def test_lock_of_a_hidden_field_is_no_change(person: User, process: Process) -> None:
    role = person.role_assignments.get().role_id
    hide(process, "amount", role)
    before = watching(person)
    update_stage(process.pipelines.get().stages.get(key="received"), locked_fields=["amount"], actor=SYSTEM)
    assert changed_for(before, watching(person)) == []


def test_rights_are_read_anew_when_the_version_of_a_process_has_changed_and_never_else(
    person: User, process: Process
) -> None:
    create_record(process, values={}, actor=SYSTEM)
    relay_all()
    watcher, since = watching(person), newest_seq()
    create_record(process, values={}, actor=SYSTEM)
    create_record(process, values={}, actor=SYSTEM)
    relay_all()
    with CaptureQueriesContext(connection) as asked:
        batch = batch_after(since, 500)
        assert watcher.must_look(batch) is False
        assert [watcher.message_for(event) is None for event in batch.events] == [False, False]
    assert len(asked) == 2
    update_pipeline(process.pipelines.get(), name="Main", is_open=False, actor=SYSTEM)
    assert watcher.must_look(batch_after(since, 500)) is True  # before the relay has told of it
    assert watching(person).must_look(batch_after(since, 500)) is False


def test_page_that_has_missed_a_change_of_stages_or_rights_is_drawn_anew(process: Process) -> None:
    create_record(process, values={}, actor=SYSTEM)
    relay_all()
    since = newest_seq()
    create_record(process, values={}, actor=SYSTEM)
    relay_all()
    assert reshapes(batch_after(since, 500).events) is False
    add_field(process, FieldDraft("More", "text"), actor=SYSTEM)
    relay_all()
    events = batch_after(since, 500).events
    assert reshapes(events) is True
    assert reshapes(events, since=events[-1].at) is False
