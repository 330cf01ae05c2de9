"""What people see of runs and do with them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override

from automation.models import RuleKind, Run, State
from automation.operations import cancel_run, confirm_run, retry_run, run_again, switch_robot
from automation.queries import RunFilter, automation_page, run_detail, run_log, run_of, runs_of_record, silences_of
from core.actor import SYSTEM, Actor
from core.errors import Conflict, NotAllowed, NotFound
from events.models import Event
from processes.drafts import GateDraft
from processes.models import Operation, Process, Scope
from processes.operations import set_gate, set_grants
from processes.permissions import access_for
from records.models import Comment
from records.operations import create_record, delete_record, move_record
from smartcrm.live.messages import Watcher
from tests.automation.helpers import make_robot, only_run, settle, stage_of
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def employee(process: Process) -> Actor:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def employee_of_own(process: Process) -> Actor:
    """Somebody who sees only what is theirs."""
    person = make_user()
    grants: dict[str, int] = {Operation.VIEW: Scope.OWN}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return actor_of(person)


def failed_run(process: Process) -> Run:
    make_robot(process, "change_stage", {"stage": "completed"})
    create(process)
    settle()
    assert only_run().state == State.FAILED
    return only_run()


def test_retry_keeps_the_key_and_tries_again(process: Process) -> None:
    run = failed_run(process)
    move_record(process, run.record_id, to="in_work", actor=SYSTEM)
    retried = retry_run(run, actor=SYSTEM)
    assert (retried.state, retried.effect_key, retried.attempt) == (State.READY, run.effect_key, 0)
    settle()
    assert only_run().state == State.SUCCEEDED


def test_run_again_is_a_new_occurrence_with_a_new_key(process: Process) -> None:
    make_robot(process)
    row = create(process)
    settle()
    first = only_run()
    again = run_again(first, actor=SYSTEM)
    assert (again.occurrence, again.state) == (1, State.READY)
    assert again.effect_key != first.effect_key
    settle()
    assert Comment.objects.filter(record_id=row.pk).count() == 2


def test_what_a_person_asked_for_is_done_though_the_robot_is_off(process: Process) -> None:
    robot = make_robot(process)
    row = create(process)
    settle()
    switch_robot(robot, is_on=False, actor=SYSTEM)
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    run_again(only_run(), actor=SYSTEM)
    settle()
    assert Comment.objects.filter(record_id=row.pk).count() == 2


def test_cancel_is_for_runs_that_have_not_begun(process: Process) -> None:
    make_robot(process, delay_seconds=60)
    create(process)
    settle()
    assert cancel_run(only_run(), actor=SYSTEM).state == State.CANCELLED
    with pytest.raises(Conflict):
        cancel_run(only_run(), actor=SYSTEM)


def test_moves_by_hand_are_refused_where_the_state_has_none(process: Process) -> None:
    make_robot(process)
    create(process)
    settle()
    for refused in (retry_run, cancel_run, confirm_run):
        with pytest.raises(Conflict):
            refused(only_run(), actor=SYSTEM)


@pytest.mark.parametrize(
    ("state", "act", "kind"),
    [
        (State.HELD, cancel_run, "run.cancelled"),
        (State.HELD, retry_run, "run.retried"),
        (State.UNCERTAIN, confirm_run, "run.confirmed"),
        (State.SUCCEEDED, run_again, "run.repeated"),
    ],
)
def test_open_cards_hear_of_moves_by_hand(
    process: Process, employee: Actor, state: State, act: Callable[..., Run], kind: str
) -> None:
    make_robot(process)
    row = create(process)
    settle()
    Run.objects.update(state=state)
    act(only_run(), actor=SYSTEM)
    event = Event.objects.get(kind=kind)
    watcher = Watcher(employee.user_id or 0, {process.pk: access_for(employee, process)})
    assert watcher.message_for(event) == {
        "kind": kind,
        "process": process.key,
        "record": row.pk,
        "version": 1,
        "stage": stage_of(process, "received").pk,
        "from": None,
    }
    stranger = Watcher(0, {process.pk: access_for(employee_of_own(process), process)})
    assert stranger.message_for(event) is None
    assert Event.objects.filter(kind__startswith="run.").count() == 1


def test_run_of_a_record_in_the_bin_is_settled_too(process: Process) -> None:
    make_robot(process)
    row = create(process)
    settle()
    Run.objects.update(state=State.HELD)
    delete_record(process, row.pk, actor=SYSTEM)
    assert cancel_run(only_run(), actor=SYSTEM).state == State.CANCELLED
    event = Event.objects.get(kind="run.cancelled")
    assert (event.record_id, event.data["record"]) == (None, row.pk)


def test_moves_by_hand_need_the_right_to_automate(process: Process, employee: Actor) -> None:
    run = failed_run(process)
    for refused in (retry_run, run_again, cancel_run, confirm_run):
        with pytest.raises(NotAllowed):
            refused(run, actor=employee)
    with pytest.raises(NotAllowed):
        run_of(employee, run.pk)
    with pytest.raises(NotFound):
        run_of(actor_of(make_user()), run.pk)


def test_log_filters_and_pages(process: Process) -> None:
    good = make_robot(process)
    make_robot(process, "change_stage", {"stage": "completed"})
    rows = [create(process) for _ in range(3)]
    settle()
    access = access_for(SYSTEM, process)
    everything = run_log(access)
    assert len(everything.runs) == 6
    assert everything.runs[0].id > everything.runs[-1].id
    assert len(run_log(access, RunFilter(states=[State.FAILED])).runs) == 3
    assert len(run_log(access, RunFilter(robot_id=good.pk)).runs) == 3
    assert len(run_log(access, RunFilter(record_id=rows[0].pk)).runs) == 2
    assert len(run_log(access, before=everything.runs[2].id).runs) == 3
    failed = run_log(access, RunFilter(states=[State.FAILED])).runs[0]
    assert failed.error == "A record cannot go from “Received” to “Completed”. "[:-1]
    assert (failed.record_title, failed.can_retry, failed.can_cancel) == ("Printer", True, False)


def test_log_tells_the_chain_of_causes(process: Process) -> None:
    make_robot(process, "change_stage", {"stage": "in_work"})
    make_robot(process, stage="in_work", name="Greeting")
    create(process)
    settle()
    greeting = next(run for run in run_log(access_for(SYSTEM, process)).runs if run.name == "Greeting")
    assert [(cause.kind, cause.label) for cause in greeting.causes] == [
        ("record.created", "SmartCRM"),
        ("record.moved", "Change the stage"),
    ]
    assert greeting.depth == 1


def test_log_and_details_need_the_right_to_automate(process: Process, employee: Actor) -> None:
    robot = make_robot(process)
    create(process)
    settle()
    access = access_for(employee, process)
    for refused in (
        lambda: run_log(access),
        lambda: run_detail(access, only_run().pk),
        lambda: silences_of(access, RuleKind.ROBOT, robot.pk),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_card_shows_runs_to_those_who_may_see_history(process: Process, employee: Actor) -> None:
    make_robot(process)
    row = create(process)
    settle()
    shown = runs_of_record(access_for(employee, process), row.pk).runs
    assert [(run.state, run.can_retry) for run in shown] == [(State.SUCCEEDED, False)]
    with pytest.raises(NotFound):
        runs_of_record(access_for(actor_of(make_user()), process), row.pk)


def test_details_have_attempts_and_silences_have_reasons(process: Process) -> None:
    robot = make_robot(process, condition={"field": "amount", "op": "is_filled"})
    create(process, amount=1)
    create(process)
    settle()
    access = access_for(SYSTEM, process)
    assert [attempt.outcome for attempt in run_detail(access, only_run().pk).attempts] == [State.SUCCEEDED]
    assert [silence.reason for silence in silences_of(access, RuleKind.ROBOT, robot.pk)] == [
        "The condition did not hold."
    ]


def test_page_counts_runs_and_failures_of_a_day(process: Process) -> None:
    failed_run(process)
    access = access_for(SYSTEM, process)
    column = automation_page(access, access.definition.default_pipeline).columns[0]
    assert [(tile.runs, tile.failures) for tile in column.robots] == [(1, 1)]
    assert column.robots[0].summary == "→ Completed"


@pytest.mark.parametrize("count", [1, 3])
def test_log_costs_two_queries(process: Process, django_assert_num_queries: Any, count: int) -> None:
    make_robot(process)
    for _number in range(count):
        create(process)
    settle()
    access = access_for(SYSTEM, process)
    with django_assert_num_queries(2):
        assert len(run_log(access).runs) == count


def test_what_a_gate_was_missing_is_told_in_the_readers_language(process: Process) -> None:
    set_gate(stage_of(process, "in_work"), GateDraft(fields=["amount"], is_comment_required=True), actor=SYSTEM)
    make_robot(process, "change_stage", {"stage": "in_work"}, stage="received")
    create(process)
    settle()
    with override("ru"):
        told = run_detail(access_for(SYSTEM, process), only_run().pk).run
    assert told.error == "Для «In work» не хватает: Amount, комментарий."
    assert told.result["gate"]["fields"][0]["key"] == "amount"


@pytest.mark.parametrize(
    ("refusal", "said"), [("", "Условие этого перехода не выполнено."), ("Too small.", "Too small.")]
)
def test_condition_that_stopped_a_run_is_told_in_the_readers_language_or_in_the_gates_words(
    process: Process, refusal: str, said: str
) -> None:
    condition = {"field": "amount", "op": "gt", "value": 1000}
    set_gate(stage_of(process, "in_work"), GateDraft(condition=condition, refusal=refusal), actor=SYSTEM)
    make_robot(process, "change_stage", {"stage": "in_work"}, stage="received")
    create(process)
    settle()
    with override("ru"):
        told = run_detail(access_for(SYSTEM, process), only_run().pk).run
    assert told.error == said
    assert told.result["gate"]["refusals"] == [said]
