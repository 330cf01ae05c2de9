"""Two claimers at once, timers against people who move on, loops, stopping."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from automation.engine import ledger
from automation.engine.worker import work
from automation.models import Lane, Run, State
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from records.models import Comment
from records.operations import create_record, move_record
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import create_many, relay_everything, states, unfinished, wait_until_done
from tests.faults.drain import Drainer
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.faults


@pytest.fixture
def process(clean_typed_tables: None) -> Process:
    return make_process()


def in_threads(count: int, job: Callable[[int], None]) -> None:
    """Run a job in threads, each with a connection of its own; raises what one of them raised."""

    def run(number: int) -> None:
        try:
            job(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(run, number) for number in range(count)]:
            done.result(120)


def test_parallel_claimers_never_take_one_run_twice(process: Process, report: Callable[..., None]) -> None:
    """Eight claimers, 600 runs of 200 records: each claimed once, never two of a record at a time."""
    for text in ("first", "second", "third"):
        make_robot(process, settings={"text": text})
    create_many(process, 200)
    relay_everything()
    claimed: Counter[int] = Counter()
    together: list[int] = []
    at_work: set[int] = set()
    lock = threading.Lock()

    def claim(number: int) -> None:
        while unfinished():
            for run in ledger.claim(Lane.INTERNAL, 7, f"claimer {number}"):
                with lock:
                    claimed[run.pk] += 1
                    if run.record_id in at_work:
                        together.append(run.record_id)
                    at_work.add(run.record_id)
                with lock:
                    at_work.discard(run.record_id)
                ledger.finish(run, ledger.End("succeed"))

    in_threads(8, claim)
    report(runs=len(claimed), claims=sum(claimed.values()), states=states(), together=len(together))
    assert (len(claimed), sum(claimed.values())) == (600, 600)
    assert states() == {State.SUCCEEDED: 600}
    assert together == []


def test_backlog_of_one_process_does_not_hold_up_another(process: Process, report: Callable[..., None]) -> None:
    """The first batch after a backlog of 500 already serves the small process with half of its places."""
    other = make_process()
    make_robot(process)
    make_robot(other)
    create_many(process, 500)
    create_many(other, 10)
    relay_everything()
    batch = ledger.claim(Lane.INTERNAL, 20, "test")
    shares = Counter(run.process_id for run in batch)
    report(big=shares[process.pk], small=shares[other.pk])
    assert shares == {process.pk: 10, other.pk: 10}


def test_f11_no_timer_fires_after_its_record_has_left(
    process: Process, drainer: Drainer, report: Callable[..., None]
) -> None:
    """1,500 timers come due while 1,500 moves out of the stage happen: no comment after its record left."""
    stage = make_robot(process, delay_seconds=1).stage
    ids = create_many(process, 1500)
    relay_everything()
    Run.objects.update(run_at=Now() + timedelta(seconds=1))
    drainer.start()
    wait_for(lambda: Comment.objects.exists())

    def leave(number: int) -> None:
        for record_id in ids[number::3]:
            move_record(process, record_id, to="in_work", actor=SYSTEM)

    in_threads(3, leave)
    relay_everything()
    wait_until_done()
    # Times are those of transactions' beginnings, before they wait for the record's lock; the order that counts is the
    # one under the lock: the event's number, and the stage that its transaction saw.
    moved = dict(Event.objects.filter(kind="record.moved").values_list("record_id", "id"))
    comments = Event.objects.filter(kind="comment.added")
    late = [
        event.pk
        for event in comments
        if event.pk > moved[event.record_id] or event.data["snapshot"]["stage"] != stage.pk
    ]
    report(states=states(), comments=Comment.objects.count(), after_leaving=len(late))
    assert set(states()) == {State.SUCCEEDED, State.CANCELLED}
    assert Comment.objects.count() == states()[State.SUCCEEDED]
    assert late == []


def test_f12_loops_are_held_and_others_go_on(process: Process, drainer: Drainer, report: Callable[..., None]) -> None:
    """20 records run in a circle of two robots; another process's robots are done meanwhile."""
    other = make_process()
    make_robot(process, "change_stage", {"stage": "in_work"})
    make_robot(process, "change_stage", {"stage": "received"}, stage="in_work")
    make_robot(other)
    create_many(process, 20)
    create_many(other, 50)
    drainer.start()

    def is_settled() -> bool:
        relay_everything()
        return Run.objects.filter(state=State.HELD).count() == 20 and unfinished() == 0

    wait_for(is_settled)
    per_robot = Counter(
        Run.objects.filter(process_id=process.pk, state=State.SUCCEEDED).values_list("record_id", "rule_id")
    )
    report(states=states(), most_of_one_robot_on_one_record=max(per_robot.values()))
    assert states() == {State.HELD: 20, State.SUCCEEDED: 20 * 6 + 50}
    assert set(per_robot.values()) == {3}
    assert Comment.objects.count() == 50


def test_shutdown_hands_back_what_was_not_begun(stack: Stack, report: Callable[..., None]) -> None:
    """SIGTERM during a backlog: nothing is failed or charged as a crash, and the next worker does the rest."""
    process = make_process()
    make_robot(process)
    create_many(process, 1500)
    stack.relay()
    first = stack.worker("relay,internal")
    wait_for(lambda: Run.objects.filter(state=State.SUCCEEDED).count() > 50, first)
    first.process.terminate()  # as a supervisor does: the main process, which tells its children
    first.process.wait(30)
    left = states()
    wait_for(lambda: Run.objects.count() == 1500)
    stack.worker("relay,internal")
    wait_until_done()
    report(at_shutdown=left, afterwards=states())
    assert State.CLAIMED not in left
    assert left[State.SUCCEEDED] < 1500
    assert states() == {State.SUCCEEDED: 1500}
    assert not Run.objects.filter(crashes__gt=0).exists()
    assert not Run.objects.exclude(attempt=1).exists()


def test_paused_worker_is_fenced(process: Process, drainer: Drainer, report: Callable[..., None]) -> None:
    """A claimer that sleeps past its lease finds its runs done by others and writes nothing."""
    make_robot(process)
    create_many(process, 20)
    relay_everything()
    asleep = ledger.claim(Lane.INTERNAL, 20, "asleep")
    Run.objects.update(lease_until=F("lease_until") - timedelta(hours=1))
    drainer.start()
    wait_until_done()
    late = [ledger.finish(run, ledger.End("fail")) for run in asleep]
    report(states=states(), late_writes=sum(late))
    assert states() == {State.SUCCEEDED: 20}
    assert not any(late)
    assert Comment.objects.count() == 20


def test_throughput_inside(process: Process, drainer: Drainer, report: Callable[..., None]) -> None:
    """2,000 comments by two processes; the speed is reported, only a hang fails."""
    make_robot(process)
    create_many(process, 2000)
    relay_everything()
    drainer.start(lanes="internal")
    wait_until_done()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM automation_run")
        seconds = float(cursor.fetchone()[0])
    report(runs=2000, seconds=round(seconds, 2), runs_per_second=round(2000 / seconds))
    assert states() == {State.SUCCEEDED: 2000}


def test_created_record_sees_its_robot_done_soon(stack: Stack, report: Callable[..., None]) -> None:
    """From the save to the robot's end through bell, relay and worker; measured, asserted only against a hang."""
    process = make_process()
    make_robot(process)
    stack.relay()
    stack.worker("relay,internal")
    create_record(process, values={"title": "warm-up"}, actor=SYSTEM)
    wait_until_done()
    wait_for(lambda: Run.objects.filter(state=State.SUCCEEDED).count() == 1)
    for number in range(40):
        create_record(process, values={"title": "x"}, actor=SYSTEM)
        wait_for(lambda number=number: Run.objects.filter(state=State.SUCCEEDED).count() == number + 2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM r.finished_at - e.at) FROM automation_run r"
            " JOIN events_event e ON e.id = r.event_id ORDER BY r.id OFFSET 1"
        )
        times = sorted(float(row[0]) for row in cursor.fetchall())
    report(median=round(times[20], 3), p95=round(times[37], 3), worst=round(times[-1], 3))
    assert times[-1] < 30
    assert work(Lane.INTERNAL) == 0
