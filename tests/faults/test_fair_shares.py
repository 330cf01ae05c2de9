"""F13: a process with a great backlog does not hold up another."""

from collections.abc import Callable

import pytest
from django.db.models import Max

from automation.models import Run, State
from events.relay import relay_batch
from records.models import Comment
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import create_in_bulk, create_many, database_now, relay_everything
from tests.faults.drain import Drainer
from tests.stack import wait_for

pytestmark = pytest.mark.faults_b

RECORDS, ROBOTS, FEW = 2000, 3, 20
UNDER_WAY = 200
"""Runs of the backlog that are done before the others come."""
PATIENCE = 300.0
"""Seconds after which waiting is a hang."""
MOST_MEANWHILE = 600
"""A tenth of the backlog. Two workers with 25 places each, half of them for the others, do less than a hundred."""


def test_f13_twenty_runs_do_not_wait_for_a_backlog_of_another_process(
    calm_drainer: Drainer, report: Callable[..., None]
) -> None:
    """A backlog of 6,000 runs (a third of what the design says: making it takes longest), two workers in the midst of
    it, and then 20 runs of another process: they are done before a tenth of it more is.

    It fails when a claim takes what is oldest, or serves the processes one after the other.
    """
    big, small = make_process(), make_process()
    for number in range(ROBOTS):
        make_robot(big, settings={"text": f"{number}"})
    make_robot(small)
    create_in_bulk(big, RECORDS)
    relay_everything()
    backlog = Run.objects.filter(process_id=big.pk)
    assert backlog.count() == ROBOTS * RECORDS
    calm_drainer.start(children=2, lanes="internal")
    wait_for(lambda: backlog.filter(state=State.SUCCEEDED).count() >= UNDER_WAY, patience=PATIENCE)

    create_many(small, FEW)
    few = Run.objects.filter(process_id=small.pk)
    while few.count() < FEW:  # not until nothing is left to relay: the backlog writes on
        relay_batch()
    came = database_now()
    wait_for(lambda: few.filter(state=State.SUCCEEDED).count() == FEW, patience=PATIENCE)
    calm_drainer.stop()
    done = few.aggregate(at=Max("finished_at"))["at"]
    meanwhile = backlog.filter(finished_at__gt=came, finished_at__lte=done).count()
    left = backlog.exclude(state=State.SUCCEEDED).count()
    report(
        backlog=ROBOTS * RECORDS, done=few.count(), backlog_done_meanwhile=meanwhile, backlog_left=left,
        seconds=round((done - came).total_seconds(), 3),
    )  # fmt: skip
    assert meanwhile <= MOST_MEANWHILE
    assert left >= MOST_MEANWHILE  # else serving the oldest first would not be seen
    assert Comment.objects.filter(record__process=small).count() == FEW
