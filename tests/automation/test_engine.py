"""From an event to an effect, in one process: what fires, in which order, and what the ledger says of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.drafts import RobotDraft
from automation.engine import ledger
from automation.engine.executor import execute, prepare
from automation.models import Attempt, Lane, NotFired, Run, State
from automation.operations import delete_robot, switch_robot, update_robot
from core.actor import SYSTEM
from events.models import Event
from notifications.models import Notification
from processes.definition import definition_of
from processes.models import Field, FieldLevel, Operation, Process, Scope
from processes.operations import remove_field, set_field_grants, set_grants
from records.models import Comment, Record, Task
from records.operations import create_record, delete_record, move_record
from tests.automation.helpers import make_robot, only_run, relay, settle, stage_of
from tests.factories import actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def make_due() -> None:
    """Let the time of every waiting run come."""
    Run.objects.filter(state=State.READY, run_at__gt=Now()).update(run_at=Now() - timedelta(seconds=1))


def texts(row: Any) -> list[str]:
    return list(Comment.objects.filter(record_id=row.pk).order_by("id").values_list("text", flat=True))


def test_robot_of_the_first_stage_acts_on_creation(process: Process) -> None:
    make_robot(process)
    row = create(process)
    settle()
    comment = Comment.objects.get(record_id=row.pk)
    run = only_run()
    assert (comment.text, comment.run_id, comment.author_id) == ("Hello Printer", run.pk, None)
    assert (run.state, run.attempt, run.crashes) == (State.SUCCEEDED, 1, 0)
    assert Attempt.objects.get(run_id=run.pk).outcome == State.SUCCEEDED


def test_robot_acts_on_entering_its_stage_and_on_every_visit(process: Process) -> None:
    make_robot(process, stage="in_work")
    row = create(process)
    settle()
    assert texts(row) == []
    for target in ("in_work", "received", "in_work"):
        move_record(process, row.pk, to=target, actor=SYSTEM)
        settle()
    assert len(texts(row)) == 2
    assert len(set(Run.objects.values_list("visit_id", flat=True))) == 2


def test_events_of_a_run_name_it_and_its_root(process: Process) -> None:
    make_robot(process)
    row = create(process)
    settle()
    created = Event.objects.get(kind="record.created")
    commented = Event.objects.get(kind="comment.added", record_id=row.pk)
    assert (commented.run_id, commented.root_id, commented.depth) == (only_run().pk, created.pk, 1)
    assert (commented.actor_kind, commented.actor_label) == ("run", "Add a comment")


def test_expanding_an_event_twice_makes_one_run(process: Process) -> None:
    make_robot(process)
    create(process)
    relay()
    Event.objects.update(seq=None)
    relay()
    assert Run.objects.count() == 1


def test_robots_run_in_their_order(process: Process) -> None:
    for text in ("first", "second", "third"):
        make_robot(process, settings={"text": text})
    row = create(process)
    settle()
    assert texts(row) == ["first", "second", "third"]


def test_condition_reads_the_moment_of_the_event(process: Process) -> None:
    condition = {"field": "amount", "op": "gt", "value": 100}
    make_robot(process, condition=condition)
    small, large = create(process, amount=5), create(process, amount=500)
    settle()
    assert (texts(small), texts(large)) == ([], ["Hello Printer"])
    silence = NotFired.objects.get()
    assert (silence.record_id, silence.reason) == (small.pk, "The condition did not hold.")


def test_condition_on_a_removed_field_is_a_reason_not_an_error(process: Process) -> None:
    make_robot(process, condition={"field": "amount", "op": "gt", "value": 1})
    remove_field(Field.objects.get(process=process, key="amount"), actor=SYSTEM, confirmed=True)
    create(process)
    settle()
    assert "amount" in NotFired.objects.get().reason
    assert not Run.objects.exists()


def test_delay_waits_for_its_time(process: Process) -> None:
    make_robot(process, delay_seconds=3600)
    row = create(process)
    settle()
    assert (texts(row), only_run().state) == ([], State.READY)
    make_due()
    settle()
    assert texts(row) == ["Hello Printer"]


def test_waiting_run_is_cancelled_when_the_record_leaves(process: Process) -> None:
    make_robot(process, delay_seconds=3600)
    row = create(process)
    settle()
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    settle()
    run = only_run()
    assert (run.state, run.reason) == (State.CANCELLED, "The record left the stage.")


def test_stage_is_looked_at_again_under_the_record_lock(process: Process) -> None:
    """The relay has not yet withdrawn the run when it comes to be executed."""
    make_robot(process)
    row = create(process)
    relay()
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    runs = ledger.claim(Lane.INTERNAL, 5, "test")
    execute(runs[0], prepare(runs))
    assert (only_run().state, only_run().attempt, texts(row)) == (State.CANCELLED, 0, [])


def test_keep_running_outlives_the_stage(process: Process) -> None:
    make_robot(process, delay_seconds=3600, keep_running=True)
    row = create(process)
    settle()
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    make_due()
    settle()
    assert texts(row) == ["Hello Printer"]


def test_deleted_record_cancels_what_waits(process: Process) -> None:
    make_robot(process, delay_seconds=3600, keep_running=True)
    row = create(process)
    settle()
    delete_record(process, row.pk, actor=SYSTEM)
    settle()
    assert (only_run().state, only_run().reason) == (State.CANCELLED, "The record was deleted.")


@pytest.mark.parametrize("end", ["switched off", "removed"])
def test_robot_switched_off_or_removed_does_nothing_more(process: Process, end: str) -> None:
    robot = make_robot(process)
    row = create(process)
    relay()
    if end == "removed":
        delete_robot(robot, actor=SYSTEM)
    else:
        switch_robot(robot, is_on=False, actor=SYSTEM)
    settle()
    assert (only_run().state, texts(row)) == (State.CANCELLED, [])


def test_waiting_run_acts_by_the_version_it_was_made_for(process: Process) -> None:
    robot = make_robot(process, settings={"text": "old"}, delay_seconds=60)
    row = create(process)
    relay()
    update_robot(robot, RobotDraft("add_comment", {"text": "new"}), actor=SYSTEM)
    make_due()
    settle()
    assert texts(row) == ["old"]


def test_chain_waits_for_the_end_of_the_previous_robot(process: Process) -> None:
    make_robot(process, settings={"text": "first"}, delay_seconds=3600)
    make_robot(process, settings={"text": "independent"})
    make_robot(process, settings={"text": "after independent"}, wait_for_previous=True)
    row = create(process)
    settle()
    assert texts(row) == ["independent", "after independent"]
    make_due()
    settle()
    assert texts(row) == ["independent", "after independent", "first"]


def test_delay_of_a_chained_robot_counts_from_the_end_of_the_previous(process: Process) -> None:
    make_robot(process, settings={"text": "first"})
    make_robot(process, settings={"text": "second"}, wait_for_previous=True, delay_seconds=600)
    row = create(process)
    relay()
    assert Run.objects.get(after_id__isnull=False).run_at is None
    settle()
    first, second = Run.objects.order_by("id")
    assert texts(row) == ["first"]
    assert first.finished_at is not None
    assert second.run_at is not None
    assert abs((second.run_at - first.finished_at).total_seconds() - 600) < 5


def test_chain_goes_on_after_a_failure(process: Process) -> None:
    make_robot(process, "change_stage", {"stage": "completed"})
    make_robot(process, settings={"text": "second"}, wait_for_previous=True)
    row = create(process)
    settle()
    first = Run.objects.order_by("id").first()
    assert first is not None
    assert (first.state, first.error_code) == (State.FAILED, "move_refused")
    assert texts(row) == ["second"]


def test_failure_of_a_robot_changes_nothing_and_says_why(process: Process) -> None:
    make_robot(process, "set_fields", {"values": {"amount": "{{ title }}"}})
    row = create(process)
    settle()
    run = only_run()
    assert (run.state, run.error_code, run.attempt) == (State.FAILED, "invalid", 1)
    assert "amount" in run.error
    assert not Event.objects.filter(kind="record.updated", record_id=row.pk).exists()


def test_robots_act_with_the_rights_of_their_role_only(process: Process) -> None:
    make_robot(process)
    role = Role.objects.get(key=ROBOTS_ROLE_KEY)
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    row = create(process)
    settle()
    assert (only_run().state, only_run().error_code, texts(row)) == (State.FAILED, "not_allowed", [])


def test_loop_of_two_stages_is_held_and_told_once(process: Process) -> None:
    owner = make_admin()
    actor = actor_of(owner)
    make_robot(process, "change_stage", {"stage": "in_work"}, actor=actor)
    make_robot(process, "change_stage", {"stage": "received"}, stage="in_work", actor=actor)
    row = create(process)
    settle()
    held = Run.objects.filter(state=State.HELD)
    assert held.count() == 1
    assert Run.objects.filter(state=State.SUCCEEDED).count() == 6
    assert "more than 3 times" in held.get().reason
    assert Notification.objects.filter(user=owner, kind="held", record_id=row.pk).count() == 1


def test_robot_is_not_set_off_by_its_own_act(process: Process) -> None:
    """A robot of “in work” that moves there finds the record there; one that comes back is another robot's act."""
    robot = make_robot(process, "change_stage", {"stage": "in_work"})
    create(process)
    settle()
    moved = Event.objects.get(kind="record.moved")
    Run.objects.filter(pk=moved.run_id).update(rule_id=robot.pk)
    robot.stage = stage_of(process, "in_work")
    robot.save()
    Event.objects.filter(pk=moved.pk).update(seq=None)
    relay()
    assert NotFired.objects.get().reason == "The robot itself made this change."


def test_fenced_run_leaves_no_effect(process: Process) -> None:
    make_robot(process)
    row = create(process)
    relay()
    runs = ledger.claim(Lane.INTERNAL, 5, "slow")
    Run.objects.update(lease_until=Now() - timedelta(seconds=1))
    ledger.reap_lost()
    again = ledger.claim_suspect(Lane.INTERNAL, "quick")
    execute(runs[0], prepare(runs))
    assert texts(row) == []
    execute(again[0], prepare(again))
    assert (texts(row), only_run().state, only_run().crashes) == (["Hello Printer"], State.SUCCEEDED, 1)


def test_released_runs_are_not_charged(process: Process) -> None:
    make_robot(process)
    create(process)
    relay()
    runs = ledger.claim(Lane.INTERNAL, 5, "test")
    assert runs[0].lease is not None
    assert ledger.release([run.pk for run in runs], runs[0].lease) == 1
    run = only_run()
    assert (run.state, run.attempt, run.crashes, run.lease) == (State.READY, 0, 0, None)


def test_run_that_is_lost_three_times_is_poisoned(process: Process) -> None:
    make_robot(process)
    create(process)
    relay()
    for _crash in range(3):
        assert ledger.claim_suspect(Lane.INTERNAL, "w") or ledger.claim(Lane.INTERNAL, 5, "w")
        Run.objects.update(lease_until=Now() - timedelta(seconds=1))
        ledger.reap_lost()
    assert (only_run().state, only_run().crashes) == (State.POISONED, 3)
    assert Attempt.objects.filter(outcome=ledger.LOST).count() == 3


def test_task_robot_makes_a_task_for_the_chosen_person(process: Process) -> None:
    person = make_user("Anna")
    settings = {"title": "Call about {{ title }}", "assignee": "field:responsible", "due_in": 2, "due_unit": "d"}
    make_robot(process, "create_task", settings)
    row = create(process, responsible=person.pk)
    settle()
    task = Task.objects.get(record_id=row.pk)
    assert (task.title, task.assignee_id, task.run_id) == ("Call about Printer", person.pk, only_run().pk)
    assert task.due_at is not None
    assert abs((task.due_at - task.created_at).total_seconds() - 2 * 86400) < 5


def test_stage_robot_moves_by_the_map(process: Process) -> None:
    make_robot(process, "change_stage", {"stage": "in_work"})
    row = create(process)
    settle()
    assert Record.objects.get(pk=row.pk).stage_id == stage_of(process, "in_work").pk
    assert only_run().reason == "Received → In work"


def test_fields_robot_sets_copies_and_empties(process: Process) -> None:
    person = make_user("Anna")
    values = {
        "amount": 7,
        "source": None,
        "comment": 'For {{ responsible.name }}: {{ amount | money: "EUR" }}',
        "assignee": "{{ responsible }}",
    }
    make_robot(process, "set_fields", {"values": values})
    row = create(process, responsible=person.pk, amount=5, source="site")
    settle()
    changes = Event.objects.get(kind="record.updated", record_id=row.pk).changes
    assert changes["amount"] == [5, 7]
    assert changes["source"] == ["site", None]
    assert changes["comment"][1].startswith("For Anna: ")
    assert changes["assignee"] == [None, person.pk]


def test_fields_robot_with_nothing_to_change_is_skipped(process: Process) -> None:
    make_robot(process, "set_fields", {"values": {"amount": 5}})
    create(process, amount=5)
    settle()
    assert only_run().state == State.SKIPPED


def test_notify_robot_tells_only_those_who_may_see(process: Process) -> None:
    admin, stranger = make_admin(), make_user("Stranger")
    settings = {"recipients": [f"person:{admin.pk}", f"person:{stranger.pk}"], "text": "New: {{ title }}"}
    make_robot(process, "notify", settings)
    create(process)
    settle()
    notification = Notification.objects.get(kind="robot")
    assert (notification.user_id, notification.text, notification.run_id) == (admin.pk, "New: Printer", only_run().pk)


def test_notify_robot_tells_each_only_what_the_record_shows_them(process: Process) -> None:
    admin, clerk = make_admin(), make_user("Clerk")
    role = make_role("Clerks", people=(clerk,))
    set_grants(process, {role.pk: {"view": Scope.ALL}}, actor=SYSTEM)
    amount = definition_of(process).field_by_key["amount"]
    set_field_grants(process, {role.pk: {amount.id: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    settings = {"recipients": [f"person:{admin.pk}", f"person:{clerk.pk}"], "text": "{{ title }}: {{ amount }}!"}
    make_robot(process, "notify", settings)
    create(process, amount=5)
    settle()
    told = dict(Notification.objects.filter(kind="robot").values_list("user_id", "text"))
    assert told == {admin.pk: "Printer: 5!", clerk.pk: "Printer: !"}


def test_executing_a_comment_costs_a_known_number_of_queries(process: Process, django_assert_num_queries: Any) -> None:
    make_robot(process)
    create(process)
    relay()
    runs = ledger.claim(Lane.INTERNAL, 5, "test")
    batch = prepare(runs)
    # savepoint ×2, lock, row, wanted; the operation: savepoint ×2, lock, row, comment, event; the end
    with django_assert_num_queries(8):
        execute(runs[0], batch)
