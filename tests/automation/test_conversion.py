"""Robots and triggers of a field that changes its type: what breaks is told before, and afterwards by the verifier."""

from typing import Any

import pytest

from automation.models import Run, State
from automation.verifier import findings_of
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from processes.permissions import access_for
from processes.queries import field_of
from records.jobs.worker import work_through
from records.models import Comment
from records.operations import convert_field, create_record, revert_field, update_record
from records.queries.conversion_preview import preview_conversion
from tests.automation.helpers import make_robot, relay, settle
from tests.factories import actor_of, make_admin, make_process

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def process(committed: None) -> Process:
    made = make_process()
    make_robot(made, "set_fields", {"values": {"amount": 100}}, name="Sets a number")
    make_robot(made, "set_fields", {"values": {"comment": "{{ amount }} it is"}}, name="Writes it")
    make_robot(made, condition={"field": "amount", "op": "gt", "value": 5}, name="Compares it")
    make_robot(made, condition={"field": "amount", "op": "is_filled"}, name="Asks whether it is there")
    make_robot(made, delay_field="request_date", name="Follows a date")
    return made


def breaks(process: Process, key: str, kind: str, **settings: Any) -> set[str]:
    access = access_for(actor_of(make_admin()), process)
    return {use.name for use in preview_conversion(access, field_of(process, key), kind, settings).breaks}


def test_preview_names_what_would_break_and_nothing_else(process: Process) -> None:
    assert breaks(process, "amount", "text") == {"Compares it", "Sets a number"}
    assert breaks(process, "amount", "integer") == set()
    assert breaks(process, "amount", "money") == set()
    assert breaks(process, "request_date", "datetime") == set()
    assert breaks(process, "request_date", "text") == {"Follows a date"}


def test_verifier_finds_it_afterwards_and_nothing_after_the_way_back(process: Process) -> None:
    def found() -> set[str]:
        return {finding.code for items in findings_of(definition_of(process)).values() for finding in items}

    before = found()
    convert_field(field_of(process, "amount"), type="text", settings={}, actor=SYSTEM)
    work_through()
    assert "condition" in found() - before
    revert_field(field_of(process, "amount"), actor=SYSTEM)
    assert found() == before


def test_events_of_the_former_type_are_worked_off(process: Process) -> None:
    """A record was written, then the field changed its type, then the robots came to it."""
    row = create_record(process.pk, values={"title": "A", "amount": 7, "request_date": "2090-11-24"}, actor=SYSTEM)
    update_record(process.pk, row.pk, values={"amount": 8, "request_date": "2090-11-25"}, actor=SYSTEM)
    for key, kind in (("amount", "text"), ("request_date", "datetime")):
        convert_field(field_of(process, key), type=kind, settings={}, actor=SYSTEM)
    work_through()
    relay()
    settle()
    runs = dict(Run.objects.filter(record_id=row.pk).values_list("name", "state"))
    assert runs == {
        "Asks whether it is there": State.SUCCEEDED,
        "Follows a date": State.READY,
        "Sets a number": State.FAILED,
        "Writes it": State.SUCCEEDED,
    }
    assert Comment.objects.filter(record_id=row.pk).exists()
    assert Run.objects.get(name="Sets a number").error == "Some values are wrong. amount: Text is expected."
