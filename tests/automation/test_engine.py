"""From an event to an effect, in one process: what fires, in which order, and what the ledger says of it."""

from typing import Any

import pytest

from automation.models import Attempt, NotFired, Run, State
from automation.operations import delete_robot, switch_robot
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from records.models import Comment, Record, Task
from records.operations import create_record, delete_record, move_record
from tests.automation.helpers import make_robot, only_run, relay, settle
from tests.factories import make_process

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def test_robot_of_the_first_stage_acts_on_creation(process: Process) -> None:
    make_robot(process)
    row = create(process)
    settle()
    comment = Comment.objects.get(record_id=row.pk)
    run = only_run()
    assert (comment.text, comment.run_id, comment.author_id) == ("Hello Printer", run.pk, None)
    assert (run.state, run.attempt, run.crashes) == (State.SUCCEEDED, 1, 0)
    assert Attempt.objects.get(run_id=run.pk).outcome == State.SUCCEEDED
