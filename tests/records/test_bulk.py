"""Many new records at once are the same as one after another."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.errors import Invalid
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from records.models import Record, StageVisit
from records.operations import RecordChange, change_records, create_record
from records.typed import model_for
from tests.factories import actor_of, make_admin, make_process, make_user

pytestmark = pytest.mark.django_db


def asked(person_id: int) -> list[dict[str, Any]]:
    """Values of some records: with and without title, people, fields."""
    return [
        {"title": "first", "amount": 5, "responsible": person_id},
        {},
        {"title": "third", "assignee": str(person_id), "source": "site", "request_date": "2026-11-24"},
        {"title": "fourth", "assignee": None, "comment": "long\ntext"},
    ]


def picture(process: Process, first: int) -> list[Any]:
    """Everything that was written for the records of a process, without what tells two runs apart."""
    definition = definition_of(process)
    stages = {stage.id: stage.key for stage in definition.stage_by_id.values()}
    model = model_for(definition)
    rows = [
        (stages[row.stage_id], row.position, row.assignee_id, row.author_id, row.editor_id, row.version, row.closed_at)
        for row in model.objects.order_by("pk")
    ]
    values = [row.values() for row in model.objects.order_by("pk")]
    titles = [row.title.replace(str(row.pk), str(row.pk - first)) for row in model.objects.order_by("pk")]
    catalogue = [
        (entry.title == row.title, stages[entry.stage_id], entry.assignee_id, entry.author_id, entry.is_open)
        for entry, row in zip(
            Record.objects.filter(process=process).order_by("pk"), model.objects.order_by("pk"), strict=True
        )
    ]
    visits = [
        (visit.record_id - first, stages[visit.stage_id], visit.left_at)
        for visit in StageVisit.objects.filter(process_id=process.pk).order_by("pk")
    ]
    events = [
        (event.kind, event.record_id - first, event.record_version, stages[event.data["stage"]], event.actor_label)
        for event in Event.objects.filter(process_id=process.pk, kind__startswith="record.").order_by("pk")
    ]
    return [rows, values, titles, catalogue, visits, events]


def test_bulk_creates_write_what_single_creates_write() -> None:
    admin, anna = actor_of(make_admin()), make_user("Anna")
    one, many = make_process(), make_process()
    for stage in ("received", "in_work"):
        create_record(one, values={"title": "before"}, stage=stage, actor=SYSTEM)
        create_record(many, values={"title": "before"}, stage=stage, actor=SYSTEM)
    stages = ("received", None, "completed", "in_work")
    singles = [
        create_record(one, values=values, stage=stage, actor=admin)
        for values, stage in zip(asked(anna.pk), stages, strict=True)
    ]
    keys = {stage.key: stage.id for stage in definition_of(many).stage_by_id.values()}
    changes = [
        RecordChange(values=values, stage=keys[stage] if stage else None)
        for values, stage in zip(asked(anna.pk), stages, strict=True)
    ]
    outcomes = change_records(many, changes, actor=admin)
    rows = [outcome.row for outcome in outcomes if outcome.row is not None]
    assert len(rows) == len(singles) == 4
    for mine, theirs in zip(picture(many, rows[0].pk), picture(one, singles[0].pk), strict=True):
        assert mine[-4:] == theirs[-4:]


def test_bulk_creates_take_as_many_statements_for_three_as_for_one() -> None:
    process, admin, anna = make_process(), actor_of(make_admin()), make_user("Anna")
    counted = []
    for count in (1, 1, 3):
        changes = [RecordChange(values={"title": "x", "responsible": anna.pk})] * count
        with CaptureQueriesContext(connection) as captured:
            change_records(process, changes, actor=admin)
        counted.append(len(captured))
    assert counted[1:] == [9, 9]


def test_bulk_refuses_people_who_are_not_here_and_those_who_left() -> None:
    gone = make_user("Gone", is_active=False)
    process, admin = make_process(), actor_of(make_admin())
    given: list[Any] = [0, 10**9, gone.pk, str(gone.pk), True, "Anna", [1], 1.5]
    changes = [RecordChange(values={"title": "x", "responsible": raw}) for raw in given]
    changes += [RecordChange(values={"title": "x", "assignee": raw}) for raw in given]
    outcomes = change_records(process, changes, actor=admin)
    assert all(isinstance(outcome.error, Invalid) for outcome in outcomes)
    assert not Record.objects.exists()
