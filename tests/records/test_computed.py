"""Formulas: computed with every write, kept like values, told in the same event."""

from decimal import Decimal
from typing import Any

import pytest

from core.actor import SYSTEM
from core.errors import Invalid
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, Process
from processes.operations import add_field, remove_field, update_field
from records.operations import create_record, move_record, update_record
from records.operations.bulk import RecordChange, change_records
from tests.factories import FIELDS, make_process

pytestmark = pytest.mark.django_db


def formula(key: str, source: str, **more: Any) -> FieldDraft:
    return FieldDraft(key.title(), "formula", key=key, settings={"formula": source, **more})


@pytest.fixture
def process() -> Process:
    return make_process(fields=(*FIELDS, formula("whole", "amount + 1"), formula("double", "whole * 2")))


def test_formulas_are_computed_when_a_record_is_made_and_changed(process: Process) -> None:
    row = create_record(process.pk, values={"title": "A", "amount": 10}, actor=SYSTEM)
    assert (row.values()["whole"], row.values()["double"]) == (11, 22)
    row = update_record(process.pk, row.pk, values={"amount": 0.5}, actor=SYSTEM)
    assert (row.values()["whole"], row.values()["double"]) == (1.5, 3)
    row.refresh_from_db()
    assert row.values()["double"] == 3
    row = update_record(process.pk, row.pk, values={"amount": None}, actor=SYSTEM)
    assert row.values()["whole"] == create_record(process.pk, values={"title": "B"}, actor=SYSTEM).values()["whole"]


def test_change_of_a_formula_is_told_in_the_event_of_its_cause(process: Process) -> None:
    row = create_record(process.pk, values={"title": "A", "amount": 10}, actor=SYSTEM)
    update_record(process.pk, row.pk, values={"amount": 20}, actor=SYSTEM)
    event = Event.objects.filter(record_id=row.pk, kind="record.updated").get()
    assert event.changes == {"amount": [10, 20], "whole": [11, 21], "double": [22, 42]}
    assert event.data["snapshot"]["double"] == 42


def test_many_at_once_are_computed_too(process: Process) -> None:
    changes = [RecordChange(values={"title": str(n), "amount": n}) for n in range(3)]
    outcomes = change_records(process.pk, changes, actor=SYSTEM)
    assert [o.row.values()["double"] for o in outcomes if o.row] == [2, 4, 6]


def test_move_computes_what_reads_the_stage() -> None:
    process = make_process(fields=(*FIELDS, formula("closed", "isempty(closed_at)")))
    row = create_record(process.pk, values={"title": "A"}, actor=SYSTEM)
    assert row.values()["closed"] is True
    move_record(process.pk, row.pk, to="in_work", actor=SYSTEM)
    row = move_record(process.pk, row.pk, to="completed", actor=SYSTEM)
    assert row.values()["closed"] is False
    event = Event.objects.filter(record_id=row.pk, kind="record.moved").order_by("-id").first()
    assert event is not None
    assert event.changes["closed"] == [True, False]


def test_circle_is_refused_and_names_its_way(process: Process) -> None:
    whole = Field.objects.get(process=process, key="whole")
    with pytest.raises(Invalid) as refused:
        update_field(whole, changes={"settings": {"formula": "double + 1"}}, actor=SYSTEM)
    assert "whole → double → whole" in str(refused.value) or "double → whole → double" in str(refused.value)
    whole.refresh_from_db()
    assert whole.settings["formula"] == "amount + 1"


def test_wrong_formula_is_refused_with_its_place(process: Process) -> None:
    with pytest.raises(Invalid) as refused:
        add_field(process, formula("bad", "amount +\n nothing"), actor=SYSTEM)
    assert "2" in str(refused.value.fields["formula"][0])


def test_formula_keeps_its_kind(process: Process) -> None:
    whole = Field.objects.get(process=process, key="whole")
    with pytest.raises(Invalid):
        update_field(whole, changes={"settings": {"formula": '"text"'}}, actor=SYSTEM)


def test_formula_may_not_look_at_the_clock(process: Process) -> None:
    with pytest.raises(Invalid) as refused:
        add_field(process, formula("age", 'datediff(created_at, now(), "days")'), actor=SYSTEM)
    assert "today or now" in str(refused.value.fields["formula"][0])


def test_formula_of_a_removed_field_keeps_its_last_value(process: Process) -> None:
    row = create_record(process.pk, values={"title": "A", "amount": 10}, actor=SYSTEM)
    remove_field(Field.objects.get(process=process, key="amount"), actor=SYSTEM, confirmed=True)
    row = update_record(process.pk, row.pk, values={"title": "B"}, actor=SYSTEM)
    assert row.value(definition_of(process).field_by_key["whole"]) == Decimal(11)


def test_result_that_does_not_fit_is_empty() -> None:
    process = make_process(fields=(*FIELDS, formula("huge", "amount * 1000000000 * 1000000000")))
    row = create_record(process.pk, values={"title": "A", "amount": 10}, actor=SYSTEM)
    assert row.values()["huge"] is None
