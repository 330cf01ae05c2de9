"""Triggers and automatic transitions: what sets them off, which one acts, and what the log says of the others."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.drafts import TriggerDraft
from automation.engine.expander import expand
from automation.models import NotFired, RuleKind, Run, State, Trigger
from automation.operations import (
    create_trigger,
    delete_trigger,
    present_count,
    reorder_triggers,
    run_again,
    start_for_present,
    switch_trigger,
    update_trigger,
)
from automation.verifier import findings_of
from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from events.models import Event
from notifications.models import Notification
from processes.definition import definition_of
from processes.models import Operation, Pipeline, Process, Scope
from processes.operations import remove_stage, set_grants, set_moves
from records.models import Comment
from records.operations import (
    complete_task,
    create_record,
    create_task,
    delete_record,
    move_record,
    update_record,
)
from tests.automation.helpers import make_robot, make_trigger, only_run, relay, settle, stage_now, stage_of
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    """The process Requests, in which a record may go from any stage to any other."""
    return make_process(moves=None)


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def on_amount(process: Process, **more: Any) -> Trigger:
    return make_trigger(process, "field_changed", settings={"fields_watched": ["amount"]}, **more)


def reasons(trigger: Trigger) -> list[str]:
    rows = NotFired.objects.filter(rule_kind=RuleKind.TRIGGER, rule_id=trigger.pk)
    return list(rows.order_by("id").values_list("reason", flat=True))


def let_time_pass() -> None:
    Run.objects.filter(state=State.READY, run_at__gt=Now()).update(run_at=Now() - timedelta(seconds=1))


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


def test_switched_off_and_removed_triggers_do_nothing(process: Process) -> None:
    trigger = on_amount(process)
    row = create(process)
    update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    relay()
    switch_trigger(trigger, is_on=False, actor=SYSTEM)
    settle()
    assert (stage_now(row), only_run().state) == ("received", State.CANCELLED)
    switch_trigger(trigger, is_on=True, actor=SYSTEM)
    delete_trigger(trigger, actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 2}, actor=SYSTEM)
    settle()
    assert Run.objects.count() == 1


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


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("nonsense", {}, "kind"),
        ("condition_met", {"condition": {"field": "amount", "op": "is_filled"}}, "source"),
        ("condition_met", {"source": "received"}, "condition"),
        ("condition_met", {"source": "in_work", "condition": {"field": "amount", "op": "is_filled"}}, "source"),
        ("time_in_stage", {"source": "received", "settings": {"amount": 0, "unit": 60}}, "amount"),
        ("time_in_stage", {"source": "received", "settings": {"amount": 9999, "unit": 86_400}}, "amount"),
        ("field_changed", {"settings": {"fields_watched": ["nothing"]}}, "fields_watched"),
        ("field_changed", {"settings": {"fields_watched": ["amount"], "more": 1}}, "more"),
    ],
)
def test_wrong_triggers_are_refused_by_field(process: Process, kind: str, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_trigger(process, kind, **more)
    assert field in caught.value.fields
    assert not Trigger.objects.exists()


def test_only_those_who_automate_may_make_triggers(process: Process) -> None:
    person = make_user("Stranger")
    actor = actor_of(person)
    draft = TriggerDraft(kind="task_done")
    with pytest.raises(NotFound):
        create_trigger(stage_of(process, "in_work"), draft, actor=actor)
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        create_trigger(stage_of(process, "in_work"), draft, actor=actor_of(person))


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


def test_kind_of_trigger_that_is_gone_is_a_finding_and_breaks_nothing(process: Process) -> None:
    trigger = make_trigger(process, "task_done", source="received")
    Trigger.objects.filter(pk=trigger.pk).update(kind="gone")
    robot = make_robot(process)
    found = findings_of(definition_of(process))
    assert [finding.code for finding in found[(RuleKind.TRIGGER, trigger.pk)]] == ["no_kind"]
    assert found[(RuleKind.ROBOT, robot.pk)] == ()


@pytest.mark.parametrize("key", ["in_work", "received"])
def test_stage_that_automation_uses_is_not_removed_under_it(process: Process, key: str) -> None:
    trigger = make_trigger(process, "task_done", source="received", name="Work is done")
    with pytest.raises(Conflict, match="Work is done"):
        remove_stage(stage_of(process, key), actor=SYSTEM)
    delete_trigger(trigger, actor=SYSTEM)
    remove_stage(stage_of(process, key), actor=SYSTEM)
    assert [stage.key for stage in definition_of(process).default_pipeline.stages if stage.key == key] == []
