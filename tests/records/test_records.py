"""The one write path: creating, changing, moving, binning."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from core.actor import SYSTEM, Actor
from core.errors import Invalid, NotAllowed, NotFound, Stale
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, Process
from processes.operations import add_field, remove_field, set_grants
from records.models import Record, StageVisit
from records.operations import (
    MoveRefused,
    add_comment,
    complete_task,
    create_record,
    create_task,
    delete_record,
    move_record,
    restore_record,
    update_record,
)
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def employee(process: Process) -> Actor:
    person = make_user("Anna")
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def create(process: Process, actor: Actor = SYSTEM, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=actor)


def test_create_record_stores_typed_values_in_both_tables(process: Process, employee: Actor) -> None:
    row = create(process, employee, amount="1 234,50", request_date="2026-11-24", source="site")
    stored = model_for(definition_of(process)).objects.get(pk=row.pk)
    assert stored.values() == {
        "request_date": "2026-11-24",
        "amount": 1234.5,
        "source": "site",
        "responsible": None,
        "comment": None,
    }
    assert stored.value(definition_of(process).field_by_key["amount"]) == Decimal("1234.5")
    entry = Record.objects.get(pk=row.pk)
    assert (entry.title, entry.assignee_id, entry.author_id) == (
        "Printer",
        employee.user_id,
        employee.user_id,
    )
    assert stored.stage.key == "received"


def test_create_record_writes_one_event_and_one_visit(process: Process) -> None:
    row = create(process, amount=5)
    event = Event.objects.get(record_id=row.pk)
    visit = StageVisit.objects.get(record_id=row.pk)
    assert (event.kind, event.changes["amount"], event.data["visit"]) == (
        "record.created",
        [None, 5],
        visit.pk,
    )


def test_create_record_names_a_record_without_a_title(process: Process) -> None:
    row = create_record(process, values={}, actor=SYSTEM)
    assert row.title == f"Request {row.pk}" == Record.objects.get(pk=row.pk).title


def test_create_record_refuses_every_wrong_key_by_name(process: Process) -> None:
    with pytest.raises(Invalid) as caught:
        create(process, amount="much", source="street", nonsense=1, comment="a\x00b", request_date="soon")
    assert set(caught.value.fields) == {"amount", "source", "nonsense", "comment", "request_date"}
    assert not Record.objects.exists()
    assert not Event.objects.filter(kind__startswith="record.").exists()


def test_update_record_writes_only_what_changed(process: Process) -> None:
    row = create(process, amount=5, source="site")
    updated = update_record(process, row.pk, values={"amount": 7, "source": "site"}, actor=SYSTEM, version=1)
    event = Event.objects.get(kind="record.updated")
    assert (event.changes, event.record_version, updated.version) == ({"amount": [5, 7]}, 2, 2)


def test_update_that_changes_nothing_writes_nothing(process: Process) -> None:
    row = create(process, amount=5)
    assert update_record(process, row.pk, values={"amount": "5.0"}, actor=SYSTEM).version == 1
    assert not Event.objects.filter(kind="record.updated").exists()


def test_stale_version_is_refused_with_the_present_one(process: Process) -> None:
    row = create(process)
    update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    with pytest.raises(Stale) as caught:
        update_record(process, row.pk, values={"amount": 2}, actor=SYSTEM, version=1)
    assert caught.value.details["version"] == 2


def test_move_record_walks_the_map_and_opens_visits(process: Process) -> None:
    row = create(process)
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    moved = move_record(process, row.pk, to="completed", actor=SYSTEM)
    entry = Record.objects.get(pk=row.pk)
    assert (moved.stage.key, entry.is_open, entry.stage_id) == ("completed", False, moved.stage_id)
    visits = StageVisit.objects.filter(record_id=row.pk).order_by("id")
    assert [visit.left_at is None for visit in visits] == [False, False, True]
    assert moved.version == 3


def test_move_record_refuses_unknown_transition(process: Process) -> None:
    row = create(process)
    with pytest.raises(MoveRefused):
        move_record(process, row.pk, to="completed", actor=SYSTEM)
    assert Record.objects.get(pk=row.pk).stage_id == row.stage_id
    assert not Event.objects.filter(kind="record.moved").exists()


def test_stage_cannot_be_assigned_past_the_machine(process: Process) -> None:
    row = create(process)
    stage = definition_of(process).stage("completed")
    for name, value in (("stage_id", stage.id), ("stage", stage)):
        with pytest.raises(AttributeError):
            setattr(row, name, value)
    row.refresh_from_db()
    deferred = type(row).objects.only("title").get(pk=row.pk)
    assert deferred.stage.key == row.stage.key == "received"


def test_machine_knows_the_available_moves(process: Process) -> None:
    row = create(process)
    targets = {transition.target for transition in row.get_available_stage_transitions()}
    names = {definition_of(process).stage(target).key for target in targets}
    assert names == {"in_work", "rejected"}


def test_place_in_the_column_is_between_the_neighbours(process: Process) -> None:
    ids = [create(process).pk for _ in range(4)]
    move_record(process, ids[0], to="received", actor=SYSTEM, after=ids[3])
    model = model_for(definition_of(process))
    assert list(model.objects.order_by("position").values_list("pk", flat=True)) == [
        ids[3],
        ids[0],
        ids[2],
        ids[1],
    ]
    assert not Event.objects.filter(kind="record.moved").exists()


def test_own_scope_covers_assignee_and_author_only(process: Process, employee: Actor) -> None:
    foreign = create(process)
    with pytest.raises(NotAllowed):
        update_record(process, foreign.pk, values={"amount": 1}, actor=employee)
    own = create(process, assignee=employee.user_id)
    assert update_record(process, own.pk, values={"amount": 1}, actor=employee).version == 2


def test_stranger_gets_not_found_for_everything(process: Process) -> None:
    stranger = actor_of(make_user())
    row = create(process)
    for attempt in (
        lambda: create(process, stranger),
        lambda: update_record(process, row.pk, values={"amount": 1}, actor=stranger),
        lambda: move_record(process, row.pk, to="in_work", actor=stranger),
        lambda: delete_record(process, row.pk, actor=stranger),
        lambda: add_comment(process, row.pk, text="hello", actor=stranger),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_deleted_record_is_gone_until_restored(process: Process) -> None:
    row = create(process)
    delete_record(process, row.pk, actor=SYSTEM)
    with pytest.raises(NotFound):
        update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    restored = restore_record(process, row.pk, actor=SYSTEM)
    assert restored.deleted_at is None
    assert Record.objects.get(pk=row.pk).deleted_at is None


def test_new_field_is_usable_at_once_and_a_removed_one_hides(process: Process) -> None:
    row = create(process)
    add_field(process, FieldDraft("Urgent", "boolean", key="urgent"), actor=SYSTEM)
    assert update_record(process, row.pk, values={"urgent": True}, actor=SYSTEM).values()["urgent"] is True
    remove_field(Field.objects.get(process=process, key="urgent"), actor=SYSTEM)
    with pytest.raises(Invalid):
        update_record(process, row.pk, values={"urgent": False}, actor=SYSTEM)
    add_field(process, FieldDraft("Urgent", "boolean", key="urgent"), actor=SYSTEM)
    assert update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM).values()["urgent"] is None


def test_reporting_view_shows_records_by_field_key(process: Process) -> None:
    create(process, amount=5, source="phone")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT title, stage, amount, source FROM reporting.{process.key}")
        assert cursor.fetchall() == [("Printer", "received", Decimal("5.000000"), "phone")]


def test_tasks_are_done_once(process: Process) -> None:
    row = create(process)
    task = create_task(process, row.pk, title="Call back", actor=SYSTEM)
    complete_task(process, task.pk, actor=SYSTEM)
    complete_task(process, task.pk, actor=SYSTEM)
    assert Event.objects.filter(kind="task.completed").count() == 1


def test_writing_costs_a_known_number_of_queries(process: Process, django_assert_num_queries: Any) -> None:
    create(process)
    with django_assert_num_queries(8):  # savepoint ×2, lock, rank, catalogue, typed row, visit, event
        row = create(process, amount=5)
    with django_assert_num_queries(10):
        move_record(process, row.pk, to="in_work", actor=SYSTEM)
