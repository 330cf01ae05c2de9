"""What sets triggers off, which one acts, and what the log says of the others."""

from dataclasses import replace
from typing import Any

import pytest

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.drafts import TriggerDraft
from automation.engine.expander import expand
from automation.models import RuleKind, Run, State
from automation.operations import create_trigger, reorder_triggers, run_again, update_trigger
from core.actor import SYSTEM
from events.models import Event
from notifications.models import Notification
from processes.models import Operation, Pipeline, Process, Scope
from processes.operations import set_grants, set_moves
from records.operations import complete_task, create_record, create_task, move_record, update_record
from tests.automation.helpers import make_robot, make_trigger, only_run, relay, settle, stage_now, stage_of
from tests.automation.triggers.conftest import create, on_amount, reasons
from tests.factories import EMPLOYEE, make_role, make_user

pytestmark = pytest.mark.django_db


def test_changed_field_moves_the_record_once_and_the_history_names_the_trigger(process: Process) -> None:
    trigger = on_amount(process, name="Price is known")
    row = create(process)
    update_record(process, row.pk, values={"title": "Other"}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "received"
    updated = update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    run = only_run()
    assert (run.rule_kind, run.rule_id, run.state) == (RuleKind.TRIGGER, trigger.pk, State.SUCCEEDED)
    moved = Event.objects.get(kind="record.moved")
    cause = Event.objects.get(kind="record.updated", record_version=updated.version)
    assert (moved.actor_label, moved.run_id, moved.root_id, moved.depth) == ("Price is known", run.pk, cause.pk, 1)


def test_condition_decides_and_the_log_says_why_not(process: Process) -> None:
    trigger = on_amount(process, condition={"field": "amount", "op": "gt", "value": 100})
    row = create(process)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert (stage_now(row), reasons(trigger)) == ("received", ["The condition did not hold."])
    update_record(process, row.pk, values={"amount": 500}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"


def test_trigger_does_not_move_back_unless_it_may(process: Process) -> None:
    trigger = on_amount(process)
    row = create(process)
    move_record(process, row.pk, to="completed", actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert (stage_now(row), len(reasons(trigger))) == ("completed", 1)
    draft = TriggerDraft(kind="field_changed", settings=trigger.settings, allow_backward=True)
    update_trigger(trigger, draft, actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 6}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"


def test_of_several_matching_triggers_the_first_acts_and_the_others_are_superseded(process: Process) -> None:
    first = on_amount(process, stage="in_work", name="First")
    second = on_amount(process, stage="completed", name="Second")
    row = create(process)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    assert [run.rule_id for run in Run.objects.all()] == [first.pk]
    assert reasons(second) == ["Superseded by “First”, which comes before it."]


def test_order_of_a_stage_decides_which_trigger_acts(process: Process) -> None:
    first = on_amount(process, name="First")
    second = on_amount(process, name="Second")
    reorder_triggers(stage_of(process, "in_work"), [second.pk, first.pk], actor=SYSTEM)
    row = create(process)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert only_run().name == "Second"


def test_all_tasks_done_moves_only_after_the_last_one(process: Process) -> None:
    make_trigger(process, "all_tasks_done", stage="completed", source="in_work")
    row = create(process)
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    tasks = [create_task(process, row.pk, title=title, actor=SYSTEM) for title in ("One", "Two")]
    complete_task(process, tasks[0].pk, actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    complete_task(process, tasks[1].pk, actor=SYSTEM)
    settle()
    assert stage_now(row) == "completed"


def test_trigger_with_a_source_leaves_other_stages_alone(process: Process) -> None:
    make_trigger(process, "task_done", stage="completed", source="in_work")
    row = create(process)
    task = create_task(process, row.pk, title="One", actor=SYSTEM)
    complete_task(process, task.pk, actor=SYSTEM)
    settle()
    assert (stage_now(row), Run.objects.count()) == ("received", 0)


def test_triggers_come_before_the_robots_of_the_same_event(process: Process) -> None:
    """A record that passes through a stage leaves its robots behind."""
    make_robot(process)
    make_trigger(process, "condition_met", source="received", condition={"field": "amount", "op": "is_filled"})
    create(process, amount=1)
    settle()
    states = {run.rule_kind: run.state for run in Run.objects.all()}
    assert states == {RuleKind.TRIGGER: State.SUCCEEDED, RuleKind.ROBOT: State.CANCELLED}


def test_record_that_went_on_meanwhile_is_not_moved_back(process: Process) -> None:
    on_amount(process)
    row = create(process)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    relay()
    move_record(process, row.pk, to="completed", actor=SYSTEM)
    settle()
    assert (stage_now(row), only_run().state) == ("completed", State.SKIPPED)


def test_move_that_the_map_refuses_by_now_is_blocked_and_told_to_the_responsible(process: Process) -> None:
    person = make_user("Anna")
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    on_amount(process, name="Price is known")
    row = create(process, assignee=person.pk)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    relay()
    pipeline = Pipeline.objects.get(process=process)
    set_moves(pipeline, [("received", "completed")], actor=SYSTEM)
    settle()
    run = only_run(rule_kind=RuleKind.TRIGGER)
    assert (stage_now(row), run.state, run.error_code) == ("received", State.FAILED, "move_refused")
    assert "Price is known" in Notification.objects.get(user=person, kind="blocked").text


def test_trigger_acts_by_the_rights_of_robots(process: Process) -> None:
    role = Role.objects.get(key=ROBOTS_ROLE_KEY)
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    saved = create_trigger(
        stage_of(process, "in_work"),
        TriggerDraft(kind="field_changed", settings={"fields_watched": ["amount"]}),
        actor=SYSTEM,
    )
    assert [finding.code for finding in saved.findings] == ["no_right"]
    row = create(process)
    update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    settle()
    assert (stage_now(row), only_run().error_code) == ("received", "not_allowed")


def test_run_of_a_trigger_can_run_again(process: Process) -> None:
    on_amount(process)
    row = create(process)
    update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    settle()
    move_record(process, row.pk, to="received", actor=SYSTEM)
    run_again(only_run(), actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    assert sorted(Run.objects.values_list("occurrence", flat=True)) == [0, 1]


def test_quiet_changes_set_nothing_off(process: Process) -> None:
    make_robot(process)
    on_amount(process)
    quiet = replace(SYSTEM, quiet=True)
    row = create_record(process, values={"title": "Old"}, actor=quiet)
    update_record(process, row.pk, values={"amount": 5}, actor=quiet)
    settle()
    assert (stage_now(row), Run.objects.count()) == ("received", 0)


def test_expanding_events_costs_the_same_for_one_and_for_three(
    process: Process, django_assert_num_queries: Any
) -> None:
    on_amount(process)
    make_robot(process)
    rows = [create(process) for _number in range(3)]
    relay()
    for row in rows:
        update_record(process, row.pk, values={"amount": 5}, actor=SYSTEM)
    events = list(Event.objects.filter(kind="record.updated").order_by("id"))
    with django_assert_num_queries(5):
        expand(events[:1])
    with django_assert_num_queries(5):
        expand(events[1:])
