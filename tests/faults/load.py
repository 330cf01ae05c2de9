"""The load of F1: records with two comments and one call each, workers that die on the way, and what came of it."""

import json
import random
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from accounts.operations import create_token
from automation.models import Run, State
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from processes.operations import set_grants
from records.models import Comment, Record
from tests.automation.helpers import make_robot
from tests.factories import EMPLOYEE, make_process, make_role, make_user
from tests.faults.conftest import states, unfinished
from tests.listener import Listener
from tests.stack import Stack, StackProcess, wait_for

RUNS_PER_RECORD = 3
LANES = ("relay,internal", "http,mail")
LOOK_EVERY = 0.25
"""Seconds between two counts: counting costs the database something too."""
PATIENCE = 600.0
"""Seconds after which waiting is a hang."""

OUT_OF_ORDER = """
    SELECT count(*) FROM automation_run earlier JOIN automation_run later
        ON later.record_id = earlier.record_id AND later.id > earlier.id
    WHERE later.started_at < earlier.finished_at AND earlier.lane = 'internal'
"""
EVENTS_OUT_OF_ORDER = """
    SELECT count(*) FROM events_event earlier JOIN events_event later
        ON later.record_id = earlier.record_id AND later.id > earlier.id
    WHERE later.seq < earlier.seq
"""
GAPS = "SELECT max(seq) - min(seq) + 1 - count(*), count(*) FILTER (WHERE seq IS NULL) FROM events_event"


class Workers:
    """Celery workers, so many per lane, of which any may be killed and is replaced."""

    def __init__(self, stack: Stack, listener: Listener, *, per_lane: int = 1, concurrency: int = 2) -> None:
        self.stack = stack
        self._concurrency = concurrency
        self._environment = {"EGRESS_ALLOW": listener.target}
        self._queues = [queues for queues in LANES for _number in range(per_lane)]
        self._running = [self._start(queues) for queues in self._queues]
        self.kills = 0
        self.restarts = 0

    def kill_one(self, chance: random.Random) -> None:
        """kill -9 of one worker's process group; another takes its place."""
        victim = chance.randrange(len(self._running))
        self._running[victim].kill()
        self._running[victim].stop()
        self.kills += 1
        self._running[victim] = self._start(self._queues[victim])

    def restart_next(self) -> None:
        """SIGTERM to the main process of one after the other, as a supervisor sends it; another takes its place."""
        number = self.restarts % len(self._running)
        self._running[number].end()
        self._running[number] = self._start(self._queues[number])
        self.restarts += 1

    def _start(self, queues: str) -> StackProcess:
        return self.stack.worker(queues, self._concurrency, **self._environment)


class Producer:
    """A process that creates records one after the other and notes how long each save took."""

    def __init__(self, stack: Stack, process: Process, count: int, folder: Path, *, pause: float = 0.0) -> None:
        self.count = count
        self._notes = folder / "saves"
        self._notes.touch()
        self._started = stack.start(
            "-m", "tests.faults.producer", str(process.pk), str(count), str(pause), str(self._notes)
        )

    def wait_for(self, count: int) -> None:
        """Wait until so many records are saved."""
        wait_for(lambda: self._saved() >= count, patience=PATIENCE, every=LOOK_EVERY)

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._started.process.wait(PATIENCE)
        assert self._started.process.returncode == 0, self._started.printed()

    def saves(self) -> list[tuple[float, float]]:
        """(when it began, seconds) of each save."""
        return [tuple(json.loads(line)) for line in self._notes.read_text().splitlines()]

    def _saved(self) -> int:
        assert self._started.process.poll() in (None, 0), self._started.printed()
        return self._notes.read_bytes().count(b"\n")


@dataclass(frozen=True)
class Outcome:
    """What a load has come to."""

    records: int
    states: dict[str, int]
    inside: int
    """Effects inside: comments."""
    inside_runs: int
    """Runs that have written at least one."""
    keys: int
    """Different calls."""
    repeats: int
    """Calls that came again under their key."""
    order_violations: int
    events_out_of_order: int
    seq_gaps: int
    runs_that_lost_a_worker: int
    seconds: float
    runs_per_second: int

    def as_counts(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def make_load(listener: Listener) -> Process:
    """A process whose first stage has two robots inside and one that calls the listener."""
    process = make_process()
    for text in ("first", "second"):
        make_robot(process, settings={"text": text})
    make_robot(process, "call_url", {"method": "POST", "url": f"{listener.url}/"})
    return process


def token_for(process: Process) -> str:
    """The secret of a token that may create records of the process."""
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return create_token(person, name="load", scopes=("read", "write"), actor=SYSTEM)[1]


def wait_for_runs(count: int) -> None:
    """Wait until so many runs are done."""
    done = Run.objects.filter(state=State.SUCCEEDED)
    wait_for(lambda: done.count() >= count, patience=PATIENCE, every=LOOK_EVERY)


def wait_for_end(records: int) -> None:
    """Wait until every record has its runs, none of them waits any more, and every event was relayed."""
    expected = RUNS_PER_RECORD * records
    wait_for(lambda: Run.objects.count() >= expected, patience=PATIENCE, every=LOOK_EVERY)
    wait_for(lambda: unfinished() == 0, patience=PATIENCE, every=LOOK_EVERY)
    wait_for(lambda: not Event.objects.filter(seq=None).exists(), patience=PATIENCE, every=LOOK_EVERY)


def outcome(process: Process, listener: Listener) -> Outcome:
    """Count everything."""
    comments = Counter(Comment.objects.values_list("run_id", flat=True))
    keys = Counter(call.headers["webhook-id"] for call in list(listener.calls))
    with connection.cursor() as cursor:
        cursor.execute(OUT_OF_ORDER)
        order_violations = cursor.fetchone()[0]
        cursor.execute(EVENTS_OUT_OF_ORDER)
        events_out_of_order = cursor.fetchone()[0]
        cursor.execute(GAPS)
        gaps = sum(cursor.fetchone())
        cursor.execute("SELECT extract(epoch FROM max(finished_at) - min(created_at)) FROM automation_run")
        seconds = float(cursor.fetchone()[0])
    return Outcome(
        records=Record.objects.filter(process_id=process.pk).count(),
        states=states(),
        inside=sum(comments.values()),
        inside_runs=len(comments),
        keys=len(keys),
        repeats=sum(keys.values()) - len(keys),
        order_violations=order_violations,
        events_out_of_order=events_out_of_order,
        seq_gaps=gaps,
        runs_that_lost_a_worker=Run.objects.filter(crashes__gt=0).count(),
        seconds=round(seconds, 1),
        runs_per_second=round(sum(states().values()) / seconds),
    )


def assert_exact(found: Outcome, *, records: int, most_repeats: int) -> None:
    """Nothing lost, nothing doubled inside, nothing out of order; outside at most so many repeats, under their keys."""
    assert found.records == records
    assert found.states == {State.SUCCEEDED: RUNS_PER_RECORD * records}
    assert (found.inside_runs, found.inside) == (2 * records, 2 * records)
    assert found.keys == records
    assert found.repeats <= most_repeats
    assert (found.order_violations, found.events_out_of_order, found.seq_gaps) == (0, 0, 0)
