"""A type changes while everybody works: parallel writers, killed workers, long readers."""

import random
import threading
import time
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from core.errors import SmartCRMError
from processes.conversion import converted
from processes.definition import definition_of
from processes.definition_types import FieldDef
from processes.drafts import FieldDraft
from processes.fieldtype import ConversionContext, WrongValue, field_types
from processes.models import Field, FieldJob, Process
from processes.queries import field_of
from records.jobs.held import note
from records.jobs.worker import work, work_through
from records.operations import (
    RecordChange,
    change_records,
    convert_field,
    create_record,
    delete_record,
    restore_record,
    revert_field,
    update_record,
)
from records.typed import model_for, table_name
from tests import stack as stack_module
from tests.factories import make_process
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.usefixtures("committed")

TEXTS = ("", "0", "1", "2,5", "-3.25", "1 000", "none", "12x", "0.001", "9" * 16, " 7 ")
"""What people write where a number belongs. Each means the same to a field of numbers as to the conversion."""


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(fields=(FieldDraft("Sum", "text", key="sum"),))


def make(process: Process, **values: Any) -> int:
    return create_record(process.pk, values={"title": "A", **values}, actor=SYSTEM).pk


def as_number(text: str) -> Decimal | None:
    """What the text should have become."""
    if not text:
        return None
    source, target = (FieldDef(1, "x", "x", field_types[kind]) for kind in ("text", "number"))  # type: ignore[arg-type]
    try:
        return converted(text, source, target, ConversionContext())
    except WrongValue:
        return None


def both_forms(process: Process) -> dict[int, tuple[Any, Any]]:
    """Record → the present and the other form of the value, bin included."""
    definition = definition_of(process)
    field = definition.field_by_key["sum"]
    assert field.shadow is not None
    return {row.pk: (row.value(field), row.value(field.shadow)) for row in model_for(definition).objects.all()}


class Writer(threading.Thread):
    """Creates, changes, bins and restores records until told to stop, and remembers the last text of each."""

    def __init__(self, process: Process, records: list[int], seed: int) -> None:
        super().__init__()
        self._process, self._chance = process, random.Random(seed)
        self.last: dict[int, str | None] = dict.fromkeys(records)
        self.stopped = threading.Event()
        self.writes = 0
        self.slowest = 0.0
        self.errors: list[BaseException] = []

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                began = time.monotonic()
                self._write()
                self.writes += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.errors.append(error)
        finally:
            connection.close()

    def _write(self) -> None:
        """Texts only as long as the field is one of text: afterwards the writer ends."""
        text = self._chance.choice(TEXTS)
        if definition_of(self._process).field_by_key["sum"].type.key != "text":
            self.stopped.set()
            return
        try:
            if self._chance.random() < 0.3:
                self.last[make(self._process, sum=text)] = text
                return
            record_id = self._chance.choice(list(self.last))
            if self._chance.random() < 0.1:
                delete_record(self._process.pk, record_id, actor=SYSTEM)
                restore_record(self._process.pk, record_id, actor=SYSTEM)
            else:
                update_record(self._process.pk, record_id, values={"sum": text}, actor=SYSTEM)
                self.last[record_id] = text
        except SmartCRMError:
            # Between the look at the type and the write the field became one of numbers, and the text is none.
            assert definition_of(self._process).field_by_key["sum"].type.key == "number"


def run_jobs(times: float = 60.0) -> threading.Thread:
    def run() -> None:
        try:
            work_through(times)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("seed", range(3))
def test_every_value_is_what_its_last_text_becomes(
    process: Process, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four writers during the whole conversion; the last text of each record, whoever wrote it and when, converts."""
    monkeypatch.setattr("records.jobs.convert.BATCH", 5)
    given = {make(process, sum=text): text for text in TEXTS * 8}
    ids = list(given)
    writers = [Writer(process, ids[number::4], seed * 10 + number) for number in range(4)]
    for writer in writers:
        writer.last = {pk: given[pk] for pk in writer.last}
        writer.start()
    time.sleep(0.2)
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    run_jobs().join()
    for writer in writers:
        writer.stopped.set()
        writer.join()
    assert [error for writer in writers for error in writer.errors] == []
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.DONE
    last = {pk: text for writer in writers for pk, text in writer.last.items()}
    forms = both_forms(process)
    assert forms.keys() == last.keys()
    assert {pk: forms[pk][0] for pk in last} == {pk: as_number((text or "").strip()) for pk, text in last.items()}
    assert sum(writer.writes for writer in writers) > 20
    revert_field(field_of(process, "sum"), actor=SYSTEM)
    assert both_forms(process) == {pk: (old, new) for pk, (new, old) in forms.items()}


class Died(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


def test_killed_worker_converts_every_record_exactly_once(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.jobs.convert.BATCH", 2)
    made = {make(process, sum=text): text for text in (*TEXTS, "5")}
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    calls = 0

    def dies(*args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        note(*args, **kwargs)
        if calls in (2, 5):
            raise Died

    monkeypatch.setattr("records.jobs.convert.note", dies)
    for _attempt in range(3):
        with suppress(Died):
            work_through(5)
        FieldJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()
    values = [as_number(text.strip()) for text in made.values()]
    failed = sum(number is None and text.strip() != "" for text, number in zip(made.values(), values, strict=True))
    assert calls > 5
    assert (job.state, job.done, job.problems) == (FieldJob.State.DONE, len(made), failed)
    assert [both_forms(process)[pk][0] for pk in made] == values


def hold(statement: str, seconds: float) -> threading.Thread:
    """A transaction that has read something and stays open."""
    reading = threading.Event()

    def read() -> None:
        with psycopg.connect(stack_module.test_database_url()) as other:
            other.execute(statement)
            reading.set()
            time.sleep(seconds)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(30)
    return thread


@pytest.mark.parametrize("what", ["table", "view"])
def test_change_of_places_waits_for_a_reader_of_six_seconds_and_lets_writers_go_on(process: Process, what: str) -> None:
    """The reader holds the table (which is to get a column) or the view (which is to be made anew)."""
    made = [make(process, sum=str(number)) for number in range(10)]
    held = {"table": table_name(process.pk), "view": f"reporting.{process.key}"}
    reader = hold(f"SELECT count(*) FROM {held[what]}", 6.0)
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    writer = Writer(process, made, 1)
    writer.start()
    worker = run_jobs()
    time.sleep(2)
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.WORKING
    reader.join()
    worker.join()
    writer.stopped.set()
    writer.join()
    assert writer.errors == []
    assert writer.slowest < 1.0, writer.slowest
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.DONE
    assert field_of(process, "sum").type == "number"
    assert work() is False


def test_failure_in_the_change_of_places_leaves_the_old_form(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(process, sum="5")
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)

    def dies(*args: Any, **kwargs: Any) -> None:
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr("records.tables.create_view", dies)
        with suppress(Died):
            work_through(5)
    assert field_of(process, "sum").type == "text"
    assert model_for(definition_of(process)).objects.get(pk=made).values()["sum"] == "5"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum FROM reporting.{process.key}")
        assert cursor.fetchone() == ("5",)
    FieldJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    work_through()
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.DONE
    assert Field.objects.filter(process=process).count() == 2


@pytest.mark.faults
def test_workers_killed_again_and_again_convert_everything(process: Process) -> None:
    """kill -9 of a real worker of the queue `bulk` while it converts."""
    records, kills = 12_000, 3
    for start in range(0, records, 1_000):
        batch = [RecordChange(values={"title": "A", "sum": _text(start + number)}) for number in range(1_000)]
        change_records(process.pk, batch, actor=SYSTEM)
    stack = Stack(IMPORT_LEASE_SECONDS="1")
    try:
        stack.relay()
        running = stack.worker("bulk", concurrency=1)
        job = convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM)
        for number in range(1, kills + 1):
            wait_for(lambda number=number: fresh(job).done >= number * 2_500, running, every=0.02)
            assert fresh(job).state == FieldJob.State.WORKING
            running.kill()
            running = stack.worker("bulk", concurrency=1)
        wait_for(lambda: fresh(job).state == FieldJob.State.DONE, running)
    finally:
        stack.stop()
    ended = fresh(job)
    assert (ended.done, ended.problems) == (records, records // 10)
    forms = both_forms(process).values()
    assert len(forms) == records
    assert all(number == (int(text) if text.isdigit() else None) for number, text in forms)


def _text(number: int) -> str:
    return f"no. {number}" if number % 10 == 9 else str(number)


def fresh(job: FieldJob) -> FieldJob:
    return FieldJob.objects.get(pk=job.pk)
