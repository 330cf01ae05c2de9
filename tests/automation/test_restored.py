"""A record that comes back from the bin waits again for what it waited for."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from automation.engine import ledger
from automation.engine.executor import execute, prepare
from automation.models import Attempt, Lane, Robot, Run, State
from automation.operations import cancel_run, switch_robot
from automation.queries.log import RunFilter, run_log
from core.actor import SYSTEM
from processes.models import Process
from processes.permissions import access_for
from records.models import Comment
from records.operations import create_record, delete_record, restore_record, update_record
from tests.automation.helpers import make_robot, make_trigger, only_run, relay, settle, stage_now
from tests.factories import actor_of, make_admin, make_process

pytestmark = pytest.mark.django_db

HOUR = 3600


@pytest.fixture
def process() -> Process:
    return make_process()


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def delete(process: Process, row: Any) -> None:
    delete_record(process, row.pk, actor=SYSTEM)
    settle()


def restore(process: Process, row: Any) -> None:
    restore_record(process, row.pk, actor=SYSTEM)


def let_time_pass() -> None:
    """Let the time of every run come, waiting or in the bin."""
    Run.objects.filter(run_at__gt=Now()).update(run_at=Now() - timedelta(seconds=1))


def comments(row: Any) -> int:
    return Comment.objects.filter(record_id=row.pk).count()


def test_time_in_the_stage_counts_from_the_entry(process: Process) -> None:
    make_trigger(process, "time_in_stage", source="received", settings={"amount": 2, "unit": 86_400})
    row = create(process)
    settle()
    before = only_run()
    delete(process, row)
    assert only_run().state == State.CANCELLED
    restore(process, row)
    settle()
    after = only_run()
    assert (after.state, after.run_at, after.effect_key) == (State.READY, before.run_at, before.effect_key)
    assert (after.reason, after.error_code, after.finished_at) == ("", "", None)
    let_time_pass()
    settle()
    assert (only_run().state, stage_now(row)) == (State.SUCCEEDED, "in_work")


def test_what_is_overdue_happens_once(process: Process) -> None:
    make_robot(process, delay_seconds=HOUR)
    row = create(process)
    settle()
    delete(process, row)
    let_time_pass()
    settle()
    assert comments(row) == 0
    for _round in range(2):
        restore(process, row)
        settle()
        delete(process, row)
    assert comments(row) == 1
    assert (only_run().state, Attempt.objects.count()) == (State.SUCCEEDED, 1)


def test_record_that_is_back_before_anybody_has_looked_loses_nothing(process: Process) -> None:
    make_robot(process, delay_seconds=HOUR)
    row = create(process)
    settle()
    delete_record(process, row.pk, actor=SYSTEM)
    restore(process, row)
    settle()
    assert only_run().state == State.READY
    delete(process, row)
    restore(process, row)
    delete(process, row)
    assert only_run().state == State.CANCELLED


def test_run_that_found_its_record_in_the_bin_comes_back_too(process: Process) -> None:
    make_robot(process)
    row = create(process)
    relay()
    delete_record(process, row.pk, actor=SYSTEM)
    runs = ledger.claim(Lane.INTERNAL, 5, "test")
    execute(runs[0], prepare(runs))
    assert only_run().state == State.CANCELLED
    restore(process, row)
    settle()
    assert (only_run().state, comments(row)) == (State.SUCCEEDED, 1)


def test_what_a_person_cancelled_stays_cancelled(process: Process) -> None:
    make_robot(process, delay_seconds=HOUR)
    row = create(process)
    settle()
    cancel_run(only_run(), actor=actor_of(make_admin()))
    delete(process, row)
    restore(process, row)
    settle()
    assert (only_run().state, only_run().reason.startswith("Cancelled by")) == (State.CANCELLED, True)


@pytest.mark.parametrize("keep_running", [True, False])
def test_robot_that_was_switched_off_meanwhile_does_nothing_more(process: Process, keep_running: bool) -> None:
    robot = make_robot(process, delay_seconds=HOUR, keep_running=keep_running)
    row = create(process)
    settle()
    delete(process, row)
    switch_robot(Robot.objects.get(pk=robot.pk), is_on=False, actor=SYSTEM)
    restore(process, row)
    settle()
    assert only_run().state == State.CANCELLED


def test_robots_that_wait_for_each_other_do_so_again(process: Process) -> None:
    make_robot(process, name="First", delay_seconds=HOUR)
    make_robot(process, name="Second", wait_for_previous=True)
    row = create(process)
    settle()
    delete(process, row)
    restore(process, row)
    settle()
    waiting = [(run.state, run.run_at is None) for run in Run.objects.order_by("id")]
    assert waiting == [(State.READY, False), (State.READY, True)]
    let_time_pass()
    settle()
    assert comments(row) == 2


def test_robot_whose_predecessor_has_ended_meanwhile_does_not_wait_for_ever(process: Process) -> None:
    first = make_robot(process, name="First", delay_seconds=HOUR)
    make_robot(process, name="Second", wait_for_previous=True)
    row = create(process)
    settle()
    delete(process, row)
    switch_robot(Robot.objects.get(pk=first.pk), is_on=False, actor=SYSTEM)
    restore(process, row)
    settle()
    states = dict(Run.objects.values_list("name", "state"))
    assert states == {"First": State.CANCELLED, "Second": State.SUCCEEDED}


def test_date_that_is_changed_right_after_the_return_is_followed(process: Process) -> None:
    make_robot(process, delay_field="request_date")
    row = create(process)
    settle()
    delete(process, row)
    restore(process, row)
    day = timezone.now().date() + timedelta(days=3)
    update_record(process, row.pk, values={"request_date": day.isoformat()}, actor=SYSTEM)
    settle()
    assert only_run().state == State.READY
    assert only_run().run_at is not None


def test_log_shows_a_run_that_is_back_as_waiting(process: Process) -> None:
    make_robot(process, delay_seconds=HOUR)
    row = create(process)
    settle()
    delete(process, row)
    restore(process, row)
    settle()
    (shown,) = run_log(access_for(SYSTEM, process), RunFilter(record_id=row.pk)).runs
    assert (shown.state, shown.reason, shown.can_cancel) == (State.READY, "", True)
