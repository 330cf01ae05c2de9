"""A bulk change and its way back while workers are killed: every record is changed exactly once, none is lost."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction

from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from records.models import BulkJob, BulkResult
from records.operations import RecordChange, update_record
from records.operations.bulk_jobs import begin_bulk, undo_bulk
from records.queries.narrowing import NOTHING
from records.typed import model_for
from tests.factories import actor_of, make_admin, make_process
from tests.faults.conftest import create_many
from tests.stack import Stack, StackProcess, wait_for

RECORDS = 300
PATIENCE = 300.0
"""Seconds after which waiting is a hang."""


def _start(stack: Stack) -> StackProcess:
    return stack.worker("bulk", 1, IMPORT_LEASE_SECONDS="1", BULK_CHUNK_RECORDS="10")


def _killed_in_the_middle(stack: Stack, running: StackProcess, job: BulkJob, *, at: int) -> StackProcess:
    """Let a real worker come to a record that somebody else holds, kill it there, and let the next one, which lives,
    bring the job to its end."""
    with transaction.atomic():
        model_for(definition_of(job.process)).objects.select_for_update().get(pk=at)
        wait_for(lambda: _fresh(job).position >= RECORDS // 4, running, patience=PATIENCE)
        assert _fresh(job).is_working
        running.kill()
    running = _start(stack)
    wait_for(lambda: not _fresh(job).is_working, running, patience=PATIENCE)
    return running


def _fresh(job: BulkJob) -> BulkJob:
    return BulkJob.objects.get(pk=job.pk)


def _updates(process: Process) -> list[int]:
    """How many times each record was changed."""
    events = Event.objects.filter(process_id=process.pk, kind="record.updated")
    return sorted(set(Counter(events.values_list("record_id", flat=True)).values()))


@pytest.mark.faults
def test_killed_workers_change_every_record_exactly_once_and_take_it_back_so(
    stack: Stack, report: Callable[..., None]
) -> None:
    process = make_process()
    actor = actor_of(make_admin())
    ids = create_many(process, RECORDS)
    update_record(process, ids[7], values={"amount": 70}, actor=SYSTEM)
    Event.objects.filter(kind="record.updated").delete()
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    stack.relay()
    running = _killed_in_the_middle(stack, _start(stack), job, at=ids[RECORDS // 2])
    done = _fresh(job)
    counts = (done.state, done.changed, done.unchanged, done.refused)
    updates = _updates(process)
    undo = undo_bulk(job, actor=actor)
    _killed_in_the_middle(stack, running, undo, at=ids[RECORDS // 2])
    stack.stop()
    undone = _fresh(undo)
    field = definition_of(process).field_by_key["amount"]
    rows = list(model_for(definition_of(process)).objects.order_by("pk"))
    left = [row.pk for row in rows if row.value(field) is not None]
    versions = Counter(row.version for row in rows)
    report(kills=2, records=RECORDS, done=counts, undone=undone.changed, versions=dict(versions))
    assert counts == ("done", RECORDS - 1, 1, 0)
    assert updates == [1]
    assert (undone.state, undone.changed, undone.refused) == ("done", RECORDS - 1, 0)
    assert (left, versions) == ([ids[7]], {3: RECORDS - 1, 2: 1})
    assert BulkResult.objects.filter(reason="").count() == 2 * (RECORDS - 1)
