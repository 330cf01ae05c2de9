"""An import whose worker dies: no row twice, none lost, and a place that kills every worker ends in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from core.actor import SYSTEM, Actor
from processes.models import Process
from records.exchange import worker
from records.exchange.worker import work, work_through
from records.models import ImportJob, StageVisit
from records.operations import create_record
from records.operations.imports import begin_import, cancel_import, check_import, plan_import, run_import
from tests.factories import actor_of, make_process
from tests.records.exchange.conftest import IMPORTER, Begin, checked, counts, importer, rows_in
from tests.stack import Stack, wait_for


class Died(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


def lose_lease(job: ImportJob) -> None:
    """Time passes after a crash."""
    ImportJob.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


@pytest.fixture
def small_chunks(settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 10


@pytest.mark.usefixtures("small_chunks")
def test_crash_in_the_middle_of_a_chunk_leaves_exact_counts(
    process: Process, begin: Begin, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(0, 35, 5):
        create_record(process, values={"title": f"T{number}"}, actor=SYSTEM)
    lines = "".join(f"T{number},{'bad' if number % 7 == 6 else number}\n" for number in range(35))
    job = checked(begin(f"Title,Amount\n{lines}"), actor, key="title")
    run_import(job, actor=actor)
    original, calls, deaths = worker.Run.deal_with, 0, 0

    def dies(self: Any, wanted: Any) -> None:
        nonlocal calls, deaths
        calls += 1
        original(self, wanted)
        if calls in (4, 19, 40):
            deaths += 1
            raise Died

    monkeypatch.setattr(worker.Run, "deal_with", dies)
    for _attempt in range(4):
        try:
            work_through(job.pk)
        except Died:
            lose_lease(job)
    job.refresh_from_db()
    assert deaths == 3
    assert (job.state, counts(job)) == ("done", (24, 6, 5))
    titles = [row.title for row in rows_in(process)]
    assert len(titles) == len(set(titles)) == 31
    assert StageVisit.objects.filter(process_id=process.pk, left_at=None).count() == 31
    assert job.problems.count() == 5


@pytest.mark.usefixtures("small_chunks")
def test_place_that_kills_every_worker_fails_the_import_and_nothing_else(
    process: Process, begin: Begin, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, healthy = (
        checked(begin("Title\n" + "".join(f"{name}{number}\n" for number in range(25))), actor) for name in "PH"
    )
    for job in (poisoned, healthy):
        run_import(job, actor=actor)
    original = worker.Run.deal_with

    def dies(self: Any, wanted: Any) -> None:
        if wanted.values["title"] == "P15":
            raise Died
        original(self, wanted)

    monkeypatch.setattr(worker.Run, "deal_with", dies)
    for _attempt in range(4):
        try:
            work()
        except Died:
            lose_lease(poisoned)
    poisoned.refresh_from_db()
    healthy.refresh_from_db()
    assert (poisoned.state, counts(poisoned)) == ("failed", (10, 0, 0))
    assert poisoned.error == "The work broke off 3 times at this place of the file."
    assert (healthy.state, counts(healthy)) == ("done", (25, 0, 0))


@pytest.mark.usefixtures("small_chunks")
def test_worker_that_lost_its_lease_writes_nothing_more(process: Process, begin: Begin, actor: Actor) -> None:
    job = checked(begin("Title\n" + "x\n" * 30), actor)
    run_import(job, actor=actor)
    late = worker.turns.claim()
    assert late is not None
    lose_lease(job)
    work_through(job.pk)
    worker._work_on(late, lambda: True)
    job.refresh_from_db()
    assert (job.state, counts(job), len(rows_in(process))) == ("done", (30, 0, 0), 30)


@pytest.mark.usefixtures("small_chunks")
def test_cancelled_import_stops_at_the_next_chunk_and_keeps_what_it_brought(
    process: Process, begin: Begin, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = checked(begin("Title\n" + "x\n" * 30), actor)
    run_import(job, actor=actor)
    original, chunks = worker._step, 0

    def step(job: ImportJob, rows: Any) -> bool:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            cancel_import(job, actor=actor)
        return original(job, rows)

    monkeypatch.setattr(worker, "_step", step)
    work_through(job.pk)
    job.refresh_from_db()
    assert (job.state, counts(job), len(rows_in(process))) == ("cancelled", (10, 0, 0), 10)


@pytest.mark.faults
def test_killed_workers_bring_every_row_in_exactly_once(committed: None) -> None:
    """kill -9 of a real worker of the queue `bulk`, again and again, while it imports."""
    process = make_process()
    actor = actor_of(importer(process, "Anna", IMPORTER))
    rows, kills = 3_000, 4
    lines = "".join(f"T{number},{'bad' if number % 10 == 9 else number}\n" for number in range(rows))
    job = begin_import(process, name="f.csv", content=f"Title,Amount\n{lines}".encode(), actor=actor)
    plan_import(job, targets=job.targets, actor=actor)
    stack = Stack(IMPORT_LEASE_SECONDS="1", IMPORT_CHUNK_ROWS="20")
    try:
        stack.relay()
        running = stack.worker("bulk", concurrency=1)
        check_import(job, actor=actor)
        wait_for(lambda: fresh(job).state == ImportJob.State.CHECKED, running)
        assert counts(fresh(job)) == (rows * 9 // 10, 0, rows // 10)
        run_import(job, actor=actor)
        for number in range(1, kills + 1):
            wait_for(lambda number=number: fresh(job).position >= number * 100, running)
            assert fresh(job).is_working
            running.kill()
            running = stack.worker("bulk", concurrency=1)
        wait_for(lambda: fresh(job).has_ended, running)
    finally:
        stack.stop()
    ended = fresh(job)
    titles = [row.title for row in rows_in(process)]
    assert (ended.state, counts(ended)) == ("done", (rows * 9 // 10, 0, rows // 10))
    assert len(titles) == len(set(titles)) == rows * 9 // 10
    assert ended.problems.count() == rows // 10


def fresh(job: ImportJob) -> ImportJob:
    return ImportJob.objects.get(pk=job.pk)
