"""Worlds with real commits for fault tests, and processes that drain the ledger and may be killed."""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from automation.models import Run, State
from core.actor import SYSTEM
from events.relay import relay_batch
from processes.models import Process
from records.operations import RecordChange, change_records, create_record
from records.operations.bulk import MOST
from tests.faults.drain import Drainer
from tests.stack import Stack, test_database_url, wait_for

LEASE_SECONDS = 2
PATIENT_LEASE_SECONDS = 5


@pytest.fixture
def clean_typed_tables(committed: None) -> None:
    """Real commits, and an empty broker; the typed tables go before the flush (see `committed`)."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    client.close()


@pytest.fixture
def stack(clean_typed_tables: None) -> Iterator[Stack]:
    """Real processes with a short lease, so that a test does not wait a minute for what a kill has left."""
    started = Stack(AUTOMATION_LEASE_SECONDS=str(LEASE_SECONDS))
    yield started
    started.stop()


@pytest.fixture
def patient_stack(clean_typed_tables: None) -> Iterator[Stack]:
    """The same for long loads: a lease that a busy machine and a database's restart do not outlast."""
    started = Stack(AUTOMATION_LEASE_SECONDS=str(PATIENT_LEASE_SECONDS))
    yield started
    started.stop()


@pytest.fixture
def calm_stack(clean_typed_tables: None) -> Iterator[Stack]:
    """The same where nobody dies: with the lease of an installation, nothing is charged to a busy machine."""
    started = Stack()
    yield started
    started.stop()


@pytest.fixture
def drainer(clean_typed_tables: None, tmp_path: Path) -> Iterator[Drainer]:
    """Processes that work through the lanes until told to stop; they may die and are replaced."""
    started = Drainer(tmp_path, test_database_url(), lease=LEASE_SECONDS)
    yield started
    started.stop()


@pytest.fixture
def calm_drainer(clean_typed_tables: None, tmp_path: Path) -> Iterator[Drainer]:
    """The same with the lease of an installation, for calls and mails that take their time."""
    started = Drainer(tmp_path, test_database_url(), lease=settings.AUTOMATION_LEASE_SECONDS)
    yield started
    started.stop()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print one line of JSON with the counts of a fault test."""

    def write(**counts: Any) -> None:
        manager = request.config.pluginmanager.getplugin("capturemanager")
        with manager.global_and_fixture_disabled():
            print("\n" + json.dumps({"test": request.node.name, **counts}))

    return write


@pytest.fixture
def fault_seed(report: Callable[..., None]) -> int:
    """The seed of what is left to chance: FAULT_SEED repeats a run; without it every run has another."""
    seed = int(os.environ.get("FAULT_SEED") or secrets.randbits(32))
    report(seed=seed)
    return seed


def create_many(process: Process, count: int) -> list[int]:
    """Records through the one write path."""
    return [create_record(process, values={"title": f"R{number}"}, actor=SYSTEM).pk for number in range(count)]


def create_in_bulk(process: Process, count: int) -> None:
    """Many records, a thousand at once."""
    for first in range(0, count, MOST):
        numbers = range(first, min(first + MOST, count))
        outcomes = change_records(process, [RecordChange(values={"title": f"R{n}"}) for n in numbers], actor=SYSTEM)
        assert not [outcome for outcome in outcomes if outcome.error]


def relay_everything() -> None:
    """Expand all events, in this process."""
    while relay_batch().events:
        pass


def unfinished() -> int:
    """Runs that still wait or are at work."""
    return Run.objects.filter(state__in=[State.READY, State.CLAIMED]).count()


def wait_until_done(patience: float = 120.0) -> float:
    """Wait until nothing waits any more; the seconds it took. A failure is a hang."""
    started = time.monotonic()
    wait_for(lambda: unfinished() == 0, patience=patience)
    return time.monotonic() - started


def database_now() -> datetime:
    """The database's clock, by which everything is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def states() -> dict[str, int]:
    """How many runs are in which state."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM automation_run GROUP BY 1 ORDER BY 1")
        return dict(cursor.fetchall())
