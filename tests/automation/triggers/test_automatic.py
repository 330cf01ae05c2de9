"""Automatic transitions: by a condition, by time, and for records that are there already."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from automation.models import Run, State
from automation.operations import present_count, start_for_present, switch_trigger
from core.actor import SYSTEM
from core.errors import Conflict
from events.models import Event
from processes.models import Process
from records.models import Comment
from records.operations import complete_task, create_task, delete_record, move_record, update_record
from tests.automation.helpers import make_robot, make_trigger, only_run, relay, settle, stage_now
from tests.automation.triggers.conftest import create, let_time_pass, on_amount, reasons

pytestmark = pytest.mark.django_db


def test_automatic_transition_fires_when_its_condition_becomes_true(process: Process) -> None:
    trigger = make_trigger(
        process, "condition_met", source="received", condition={"field": "amount", "op": "ge", "value": 10}
    )
    row = create(process, amount=1)
    settle()
    assert stage_now(row) == "received"
    update_record(process, row.pk, values={"amount": 10}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    at_once = create(process, amount=50)
    settle()
    assert stage_now(at_once) == "in_work"
    assert Run.objects.filter(rule_id=trigger.pk, state=State.SUCCEEDED).count() == 2


def test_automatic_transition_is_silent_while_its_condition_goes_on_holding(process: Process) -> None:
    trigger = make_trigger(
        process, "condition_met", source="received", condition={"field": "amount", "op": "ge", "value": 10}
    )
    switch_trigger(trigger, is_on=False, actor=SYSTEM)
    row = create(process, amount=50)
    settle()
    switch_trigger(trigger, is_on=True, actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 60}, actor=SYSTEM)
    settle()
    assert (stage_now(row), reasons(trigger)) == ("received", ["The condition held before already."])


def test_condition_of_an_automatic_transition_may_ask_of_tasks(process: Process) -> None:
    condition = {
        "all": [{"field": "tasks.open", "op": "is", "value": 0}, {"field": "tasks.done", "op": "ge", "value": 2}]
    }
    make_trigger(process, "condition_met", source="received", condition=condition)
    row = create(process)
    for title in ("One", "Two"):
        assert stage_now(row) == "received"
        complete_task(process, create_task(process, row.pk, title=title, actor=SYSTEM).pk, actor=SYSTEM)
        settle()
    assert stage_now(row) == "in_work"


def test_time_in_stage_moves_when_the_time_is_over_and_the_condition_holds_then(process: Process) -> None:
    settings = {"amount": 2, "unit": 86_400}
    condition = {"field": "amount", "op": "is_filled"}
    trigger = make_trigger(process, "time_in_stage", source="received", settings=settings, condition=condition)
    row, other = create(process), create(process, amount=1)
    settle()
    run = Run.objects.get(record_id=row.pk)
    assert (run.state, run.run_at - Event.objects.get(pk=run.event_id).at) == (State.READY, timedelta(days=2))
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    update_record(process, other.pk, values={"amount": None}, actor=SYSTEM)
    let_time_pass()
    settle()
    assert (stage_now(row), stage_now(other)) == ("in_work", "received")
    states = dict(Run.objects.filter(rule_id=trigger.pk).values_list("record_id", "state"))
    assert states == {row.pk: State.SUCCEEDED, other.pk: State.SKIPPED}


def test_time_in_stage_is_cancelled_by_leaving_and_counts_anew(process: Process) -> None:
    make_trigger(process, "time_in_stage", stage="completed", source="received", settings={"amount": 1, "unit": 60})
    row = create(process)
    relay()
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    let_time_pass()
    settle()
    assert stage_now(row) == "in_work"
    move_record(process, row.pk, to="received", actor=SYSTEM)
    settle()
    assert list(Run.objects.order_by("id").values_list("state", flat=True)) == [State.CANCELLED, State.READY]


def test_circle_of_automatic_transitions_is_held_and_others_go_on(process: Process) -> None:
    always = {"field": "title", "op": "is_filled"}
    there = make_trigger(process, "condition_met", source="received", condition=always)
    back = make_trigger(
        process, "condition_met", stage="received", source="in_work", condition=always, allow_backward=True
    )
    create(process)
    settle(60)
    states = list(Run.objects.filter(rule_id__in=[there.pk, back.pk]).values_list("state", flat=True))
    assert states.count(State.HELD) == 1
    assert 4 <= len(states) <= 10


def test_robot_starts_for_records_that_are_there_once_and_by_their_present_values(process: Process) -> None:
    rows = [create(process, amount=amount) for amount in (1, 100, 100)]
    settle()
    update_record(process, rows[0].pk, values={"amount": 50}, actor=SYSTEM)
    delete_record(process, rows[2].pk, actor=SYSTEM)
    condition = {"field": "amount", "op": "ge", "value": 50}
    robot = make_robot(process, condition=condition)
    relay()
    assert (present_count(robot), start_for_present(robot, actor=SYSTEM)) == (2, 2)
    assert start_for_present(robot, actor=SYSTEM) == 0
    settle()
    assert sorted(Comment.objects.values_list("record_id", flat=True)) == [rows[0].pk, rows[1].pk]
    started = Event.objects.filter(kind="robot.started").order_by("id")
    assert [event.data["runs"] for event in started] == [2, 0]


def test_time_in_stage_started_for_present_records_counts_from_entering(process: Process) -> None:
    row, fresh = create(process), create(process)
    long_ago = Event.objects.filter(record_id=row.pk, kind="record.created")
    long_ago.update(at=Now() - timedelta(days=3))
    settle()
    trigger = make_trigger(process, "time_in_stage", source="received", settings={"amount": 2, "unit": 86_400})
    assert start_for_present(trigger, actor=SYSTEM) == 2
    settle()
    assert (stage_now(row), stage_now(fresh)) == ("in_work", "received")


def test_only_switched_on_rules_that_act_on_entering_can_start_for_present_records(process: Process) -> None:
    create(process)
    for trigger in (on_amount(process, source="received"), on_amount(process, is_on=False)):
        assert present_count(trigger) == 0
        with pytest.raises(Conflict):
            start_for_present(trigger, actor=SYSTEM)


def test_conditions_of_present_records_are_asked_by_the_present_clock(process: Process) -> None:
    day = (timezone.now() - timedelta(days=5)).date().isoformat()
    row = create(process, request_date=day)
    Event.objects.filter(record_id=row.pk).update(at=Now() - timedelta(days=30))
    condition = {"field": "request_date", "op": "older_than", "value": "3d"}
    robot = make_robot(process, condition=condition)
    settle()
    assert start_for_present(robot, actor=SYSTEM) == 1
    settle()
    assert only_run().state == State.SUCCEEDED
    assert only_run().run_at > timezone.now() - timedelta(minutes=5)
