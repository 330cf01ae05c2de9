"""F1: Celery workers are killed while they work, and nothing is lost, doubled or out of order."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import create_many
from tests.faults.load import (
    RUNS_PER_RECORD,
    Producer,
    Workers,
    assert_exact,
    make_load,
    outcome,
    wait_for_end,
    wait_for_runs,
)
from tests.listener import listening
from tests.stack import Stack


@pytest.mark.faults
def test_f1_five_killed_workers_lose_and_double_nothing(
    stack: Stack, fault_seed: int, report: Callable[..., None]
) -> None:
    """1,000 records × (two effects inside, one call); kill -9 of a worker's process group five times on the way."""
    records, kills = 1000, 5
    with listening() as listener:
        process = make_load(listener)
        create_many(process, records)
        stack.relay()
        workers = Workers(stack, listener)
        _kill_on_the_way(workers, fault_seed, kills, records)
        wait_for_end(records)
        found = outcome(process, listener)
    report(kills=workers.kills, **found.as_counts())
    assert_exact(found, records=records, most_repeats=kills)


@pytest.mark.faults_b
def test_f1_twenty_killed_workers_lose_and_double_nothing(
    patient_stack: Stack, fault_seed: int, report: Callable[..., None], tmp_path: Path
) -> None:
    """10,000 records × 3 while they are being created, 20 kills."""
    records, kills = 10_000, 20
    with listening() as listener:
        process = make_load(listener)
        patient_stack.relay()
        workers = Workers(patient_stack, listener, per_lane=2, concurrency=1)
        producer = Producer(patient_stack, process, records, tmp_path)
        _kill_on_the_way(workers, fault_seed, kills, records)
        producer.wait()
        wait_for_end(records)
        found = outcome(process, listener)
    report(kills=workers.kills, **found.as_counts())
    assert_exact(found, records=records, most_repeats=kills)


def _kill_on_the_way(workers: Workers, seed: int, kills: int, records: int) -> None:
    """Kill somebody after each part of the runs."""
    chance = random.Random(seed)
    for kill in range(kills):
        wait_for_runs((kill + 1) * RUNS_PER_RECORD * records // (kills + 1))
        workers.kill_one(chance)
