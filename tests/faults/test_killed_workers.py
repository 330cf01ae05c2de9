"""F1, small: Celery workers are killed while they work, and nothing is lost, doubled or out of order."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from automation.models import Run, State
from processes.models import Process
from records.models import Comment
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import create_many, states, wait_until_done
from tests.listener import listening
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.faults

RECORDS = 1000
KILLS = 5
OUT_OF_ORDER = """
    SELECT count(*) FROM automation_run earlier JOIN automation_run later
        ON later.record_id = earlier.record_id AND later.id > earlier.id
    WHERE later.started_at < earlier.finished_at AND earlier.lane = 'internal'
"""


def test_f1_five_killed_workers_lose_and_double_nothing(stack: Stack, report: Callable[..., None]) -> None:
    """1,000 records × (two effects inside, one call); kill -9 of a worker's process group five times on the way."""
    process: Process = make_process()
    with listening() as listener:
        for text in ("first", "second"):
            make_robot(process, settings={"text": text})
        make_robot(process, "call_url", {"method": "POST", "url": f"{listener.url}/"})
        create_many(process, RECORDS)
        stack.relay()
        queues = ("relay,internal", "http,mail")
        workers = [stack.worker(name, EGRESS_ALLOW=listener.target) for name in queues]
        for kill in range(KILLS):
            mark = (kill + 1) * 3 * RECORDS // (KILLS + 1)
            wait_for(lambda mark=mark: Run.objects.filter(state=State.SUCCEEDED).count() >= mark, patience=120)
            victim = kill % 2
            workers[victim].kill()
            workers[victim] = stack.worker(queues[victim], EGRESS_ALLOW=listener.target)
        wait_for(lambda: Run.objects.count() == 3 * RECORDS, patience=120)
        wait_until_done()
    comments = Counter(Comment.objects.values_list("run_id", flat=True))
    keys = Counter(call.headers["webhook-id"] for call in listener.calls)
    repeats = sum(keys.values()) - len(keys)
    with connection.cursor() as cursor:
        cursor.execute(OUT_OF_ORDER)
        out_of_order = cursor.fetchone()[0]
        cursor.execute("SELECT extract(epoch FROM max(finished_at) - min(created_at)) FROM automation_run")
        seconds = float(cursor.fetchone()[0])
    crashes = Run.objects.filter(crashes__gt=0).count()
    report(
        states=states(), inside=sum(comments.values()), keys=len(keys), repeats=repeats, kills=KILLS,
        order_violations=out_of_order, runs_that_lost_a_worker=crashes, seconds=round(seconds, 1),
        runs_per_second=round(3 * RECORDS / seconds),
    )  # fmt: skip
    assert states() == {State.SUCCEEDED: 3 * RECORDS}
    assert (len(comments), sum(comments.values())) == (2 * RECORDS, 2 * RECORDS)
    assert len(keys) == RECORDS
    assert repeats <= KILLS
    assert out_of_order == 0
