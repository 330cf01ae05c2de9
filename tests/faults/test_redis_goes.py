"""F2: Redis is flushed, is down and falls silent under the load of F1; it carries bells only, so nothing is lost."""

import os
import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings

from smartcrm.embedded import EmbeddedRedis
from tests import services
from tests.faults.load import Producer, Workers, assert_exact, make_load, outcome, wait_for_end
from tests.listener import listening
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.faults_b

RECORDS = 2000
PAUSE = 0.03
"""Seconds between two saves: the load lasts longer than Redis is away."""
DOWN_SECONDS = 15.0
SILENT_SECONDS = 10.0
FLUSHES = 5
WORST_SAVE = 4.0
"""Seconds; a save that waits for the broker takes the socket's whole five."""


@pytest.fixture
def own_redis(running_services: None) -> Iterator[EmbeddedRedis]:
    """The Redis of this run, which may be broken; whole again afterwards."""
    if not services.are_needed():
        pytest.skip("This run is on services that are not its own.")
    server = services.embedded().redis
    yield server
    server.start()


@contextmanager
def down(server: EmbeddedRedis) -> Iterator[None]:
    """Nobody listens."""
    server.stop_immediate()
    yield
    server.start()


@contextmanager
def silent(server: EmbeddedRedis) -> Iterator[None]:
    """The kernel accepts connections, and nobody ever answers."""
    pid = server.process_id()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_f2_redis_flushed_down_and_silent_loses_nothing_and_slows_no_save(
    patient_stack: Stack, own_redis: EmbeddedRedis, fault_seed: int, report: Callable[..., None], tmp_path: Path
) -> None:
    """Five times FLUSHALL, twice down for 15 s, once silent for 10 s, two kills of workers; while records are made."""
    spans: list[tuple[str, float, float]] = []

    @contextmanager
    def named(name: str) -> Iterator[None]:
        began = time.time()
        yield
        spans.append((name, began, time.time()))

    chance = random.Random(fault_seed)
    with listening() as listener:
        process = make_load(listener)
        patient_stack.relay()
        workers = Workers(patient_stack, listener)
        producer = Producer(patient_stack, process, RECORDS, tmp_path, pause=PAUSE)
        for flush in range(FLUSHES):
            producer.wait_for(RECORDS * (flush + 1) // 20)
            flush_all()
            if flush % 2:
                workers.kill_one(chance)
        for mark, name, trouble, seconds in (
            (0.30, "down", down, DOWN_SECONDS),
            (0.55, "down", down, DOWN_SECONDS),
            (0.80, "silent", silent, SILENT_SECONDS),
        ):
            producer.wait_for(int(RECORDS * mark))
            with trouble(own_redis), named(name):
                let_pass(seconds)
        producer.wait()
        wait_for_end(RECORDS)
        found = outcome(process, listener)
    saves = save_times(producer, spans)
    median = {name: statistics.median(times) for name, times in saves.items()}
    report(
        flushes=FLUSHES, kills=workers.kills, **found.as_counts(),
        saves={name: len(times) for name, times in saves.items()},
        median_ms={name: round(1000 * value, 1) for name, value in median.items()},
        worst_ms={name: round(1000 * max(times), 1) for name, times in saves.items()},
        times_normal={name: round(value / median["normal"], 2) for name, value in median.items()},
    )  # fmt: skip
    assert_exact(found, records=RECORDS, most_repeats=workers.kills)
    assert min(len(times) for times in saves.values()) > 0
    assert max(max(times) for times in saves.values()) < WORST_SAVE


def flush_all() -> None:
    """Everything that Redis holds is gone."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    client.close()


def let_pass(seconds: float) -> None:
    """The trouble lasts so long, whatever happens."""
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= until, every=0.1)


def save_times(producer: Producer, spans: list[tuple[str, float, float]]) -> dict[str, list[float]]:
    """Seconds of the saves in normal times, while Redis was down, and while it was silent."""
    times: dict[str, list[float]] = {"normal": [], "down": [], "silent": []}
    for began, seconds in producer.saves():
        name = next((name for name, start, end in spans if start <= began < end), "normal")
        times[name].append(seconds)
    return times
