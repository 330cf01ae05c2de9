"""Robots of the product: how many a second, and how long a person waits for them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson
import psycopg

from bench.driver.client import Call
from bench.driver.sides import Ours
from bench.workload import STAGES, sample

ROOT = "/api/v1/processes/robots/"
UNFINISHED = "SELECT count(*) FROM automation_run WHERE state IN ('ready', 'claimed')"
UNRELAYED = "SELECT count(*) FROM events_event WHERE seq IS NULL"
RATE = """
    SELECT count(*), extract(epoch FROM max(r.finished_at) - min(r.started_at))
    FROM automation_run r JOIN events_event e ON e.id = r.event_id
    WHERE r.delay_seconds = 0 AND r.state = 'succeeded' AND r.record_id = ANY(%s)
"""
WAITED = """
    SELECT extract(epoch FROM max(r.finished_at) - min(e.at)) FROM automation_run r
    JOIN events_event e ON e.id = r.event_id WHERE r.record_id = ANY(%s) AND r.delay_seconds = 0 GROUP BY r.record_id
"""
LATE = """
    SELECT extract(epoch FROM started_at - run_at) FROM automation_run
    WHERE record_id = ANY(%s) AND delay_seconds > 0 AND started_at IS NOT NULL
"""
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class RobotFigures:
    """What was seen. Times are seconds."""

    runs: int
    per_second: float
    done_p50: float
    done_p95: float
    late_p50: float
    late_p95: float


def is_quiet(connection: Any) -> bool:
    """Whether the outbox is empty and no run is due or at work."""
    return not any(connection.execute(statement).fetchone()[0] for statement in (UNRELAYED, UNFINISHED))


def wait_until_quiet(url: str) -> None:
    """Wait for the background; raises RuntimeError when it does not end."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while not is_quiet(connection):
            if time.monotonic() > deadline:
                raise RuntimeError("The background has not come to rest.")
            time.sleep(0.05)


def measure(
    ours: Ours, url: str, *, records: int, singles: int, stop: Callable[[], None], start: Callable[[], None]
) -> RobotFigures:
    """Fill the ledger while nobody works, let the workers drain it; then create and move records one by one."""
    stop()
    made = _bulk(ours, records)
    start()
    wait_until_quiet(url)
    alone = _one_by_one(ours, singles)
    wait_until_quiet(url)
    with psycopg.connect(url, autocommit=True) as connection:
        runs, seconds = connection.execute(RATE, [made]).fetchone() or (0, 1)
        done = sorted(float(row[0]) for row in connection.execute(WAITED, [alone]))
        late = sorted(float(row[0]) for row in connection.execute(LATE, [alone]))
    return RobotFigures(runs, runs / float(seconds), *_middle_and_high(done), *_middle_and_high(late))


def _bulk(ours: Ours, count: int) -> list[int]:
    body = ours.create(sample(1)).body
    made: list[int] = []
    with ours.hand() as call:
        while len(made) < count:
            operations = [{"op": "create", "record": body}] * min(500, count - len(made))
            answer = orjson.loads(call(Call("POST", f"{ROOT}records/bulk/", {"operations": operations})))
            made.extend(result["id"] for result in answer["results"])
    return made


def _one_by_one(ours: Ours, count: int) -> list[int]:
    """Records with pauses between them; each is moved afterwards, to where a robot waits for its time."""
    body = ours.create(sample(1)).body
    made: list[int] = []
    with ours.hand() as call:
        for _number in range(count):
            made.append(orjson.loads(call(Call("POST", f"{ROOT}records/", body)))["id"])
            time.sleep(0.25)
        for number in made:
            call(Call("POST", f"{ROOT}records/{number}/move/", {"stage": STAGES[1][0]}))
            time.sleep(0.05)
    return made


def _middle_and_high(values: Sequence[float]) -> tuple[float, float]:
    return median(values), values[round(0.95 * (len(values) - 1))]
