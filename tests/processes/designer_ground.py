"""What a machine of designers stands on: a process of its own beside a model in plain Python, failures half-way, jobs
worked off step by step, and the look after each step whether definition, table, reporting view and records agree.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from importlib import import_module
from typing import Any
from unittest import mock

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from processes.definition import definition_of
from processes.models import Field, FieldJob, Process
from processes.queries import layout_of
from records.jobs import worker
from records.models import Record
from records.typed import model_for, table_name
from tests.factories import make_process
from tests.processes.designer_model import VALUES, Model, ModelField

VIEW_BASE = 12
"""Columns of the view that every process has."""
PLACES = (
    "records.tables.create_view",
    "records.tables.replace_view",
    "records.tables.TypedStorage.add_field",
    "records.tables.TypedStorage.drop_field",
    "processes.operations.fields.publish",
    "processes.operations.fields.settle_field",
    "processes.operations.fields.begin_job",
    "processes.operations.sections.publish",
    "processes.operations.jobs.begin_job",
    "records.operations.conversion.take_over",
    "records.operations.conversion.refill_readers",
    "records.operations.conversion.publish",
    "records.operations.conversion.begin_job",
    "records.jobs.convert.save_columns",
    "records.jobs.convert.note",
    "records.jobs.convert.publish",
    "records.jobs.convert.end",
    "records.jobs.adding.end",
    "records.jobs.filling.note",
    "records.operations.records.hold",
    "records.operations.drafts.hold",
)
"""What may die right after it has done its work, before its transaction ends."""
accidents = st.one_of(st.none(), st.none(), st.sampled_from(PLACES))
counts: Counter[str] = Counter()


class Died(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


@contextmanager
def dying(place: str) -> Iterator[None]:
    """Whoever comes by the place dies there, after the work and before the commit."""
    path, _dot, name = place.rpartition(".")
    try:
        owner: Any = import_module(path)
    except ModuleNotFoundError:
        module, _dot, within = path.rpartition(".")
        owner = getattr(import_module(module), within)
    original = getattr(owner, name)

    @wraps(original)
    def dies(*args: Any, **kwargs: Any) -> Any:
        original(*args, **kwargs)
        raise Died(place)

    with mock.patch.object(owner, name, dies):
        yield


class Ground(RuleBasedStateMachine):
    """One example: a process of its own, with real commits."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.process: Process = make_process(fields=())
        self.place: str | None = None
        self.serial = 0

    # Accidents

    @rule(place=st.sampled_from(PLACES))
    def arm(self, place: str) -> None:
        """Whoever comes by this place first fails there."""
        self.place = place

    def _do(self, what: str, change: Callable[[], Any]) -> tuple[bool, Any]:
        """Run an operation; whether it came to its end, and what it gave."""
        try:
            with dying(self.place) if self.place else nullcontext():
                found = change()
        except Died:
            self.place = None
            counts["died"] += 1
            counts[f"died in {what}"] += 1
            return False, None
        counts[what] += 1
        return True, found

    # Jobs

    @rule(steps=st.integers(1, 4), place=accidents)
    def work(self, steps: int, place: str | None = None) -> None:
        self.place = place or self.place
        for _number in range(steps):
            self._step()

    def teardown(self) -> None:
        """Everything that was asked for comes to its end."""
        self.place = None
        for _number in range(200):
            if not FieldJob.objects.filter(state__in=FieldJob.UNFINISHED).exists():
                break
            self._step()
        self.look()
        assert not FieldJob.objects.filter(field__process=self.process, state__in=FieldJob.UNFINISHED).exists()

    def _step(self) -> None:
        """One step of the job that has waited longest; a worker that died loses its lease."""
        job = worker._claim()
        if job is None:
            time.sleep(0.02)  # it may have stepped aside
            return
        done, _none = self._do(f"job {job.kind}", lambda: worker._work_on(job, 0.0))
        if not done:
            FieldJob.objects.filter(pk=job.pk).update(lease=None, lease_until=None, crashes=0)
        self._follow(job.pk)

    def _follow(self, job_id: int) -> None:
        """What the jobs have brought about, as their rows say."""
        for one in list(self.model.fields):
            if not Field.objects.filter(pk=one.form.id).exists():
                self.model.fields.remove(one)
            elif one.former is not None and not Field.objects.filter(pk=one.former.id).exists():
                one.former = None
        self.model.dropped -= {*self._gone()}
        job = FieldJob.objects.filter(pk=job_id, kind=FieldJob.Kind.CONVERT).first()
        one = next((one for one in self.model.fields if job and one.coming and one.form.id == job.field_id), None)
        if job is None or one is None or one.coming is None:
            return
        shadow = Field.objects.get(pk=one.coming.id)
        one.is_coming_written = shadow.state != Field.State.ADDING
        if shadow.removed_at is not None:
            self._drop_coming(one)
        elif one.is_coming_written:
            one.convert_up_to(job.position)
            if job.state == FieldJob.State.DONE:
                one.take_over(one.coming)

    def _drop_coming(self, one: ModelField) -> None:
        assert one.coming is not None
        self.model.dropped.add(one.coming.id)
        one.coming, one.is_coming_written = None, False

    # What must hold

    @invariant()
    def look(self) -> None:
        definition = definition_of(self.process.pk)
        shown = [(f.id, f.key, f.type.key, f.label, f.section_id) for f in definition.fields]
        assert shown == [(o.form.id, o.key, o.form.type, o.label, o.section) for o in self.model.live]
        assert {place for place, _keys in layout_of(self.process)} == {None, *self.model.sections}
        self._look_at_table()
        self._look_at_records(definition)
        self._look_at_view()
        if not FieldJob.objects.filter(field__process=self.process, state__in=FieldJob.UNFINISHED).exists():
            found = Record.objects.filter(process=self.process).values_list("pk", "words")
            words = {record: sorted(text.split()) for record, text in found}
            assert words == {record: self.model.words(record) for record in self.model.records}
        counts["looks"] += 1

    def _look_at_table(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name ~ '^f[0-9]'",
                [table_name(self.process.pk)],
            )
            there = {int(name.removeprefix("f")) for (name,) in cursor.fetchall()}
        forms = {form.id for one in self.model.fields for form in (one.form, *one.others)}
        added = Field.objects.filter(pk__in=self.model.dropped).exclude(state=Field.State.ADDING)
        assert there == forms | set(added.values_list("pk", flat=True))

    def _look_at_records(self, definition: Any) -> None:
        rows = {row.pk: row for row in model_for(definition).objects.all()}
        assert {pk: row.deleted_at is not None for pk, row in rows.items()} == self.model.records
        for one in self.model.live:
            its_field = definition.field_by_key[one.key]
            values = {pk: row.values()[one.key] for pk, row in rows.items()}
            assert values == {pk: one.form.values.get(pk) for pk in rows}, one
            assert (its_field.shadow is not None) == bool(one.others)
            for form in one.others:
                stored = {pk: its_field.shadow.type.to_json(row.value(its_field.shadow)) for pk, row in rows.items()}
                assert stored == {pk: form.values.get(pk) for pk in rows}, one

    def _look_at_view(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM reporting.{self.process.key}")
            names = [column.name for column in cursor.description][VIEW_BASE:]
            rows = {row[0]: list(row[VIEW_BASE:]) for row in cursor.fetchall()}
        assert names == [one.key for one in self.model.live]
        expected = self._records(in_bin=False)
        assert rows == {pk: [one.form.values.get(pk) for one in self.model.live] for pk in expected}

    # Helpers

    def _one(self, items: Any, which: int) -> Any:
        return items[which % len(items)]

    def _row(self, one: ModelField) -> Field:
        return Field.objects.select_related("process").get(pk=one.form.id)

    def _job(self, one: ModelField) -> FieldJob | None:
        rows = FieldJob.objects.select_related("field__process").filter(field=one.form.id, kind=FieldJob.Kind.CONVERT)
        return rows.filter(state__in=FieldJob.UNFINISHED).first()

    def _is_filling(self, one: ModelField) -> bool:
        return self._row(one).state != Field.State.READY

    def _gone(self) -> list[int]:
        present = set(Field.objects.filter(pk__in=self.model.dropped).values_list("pk", flat=True))
        return [pk for pk in self.model.dropped if pk not in present]

    def _records(self, *, in_bin: bool) -> list[int]:
        return sorted(record for record, is_in_bin in self.model.records.items() if is_in_bin == in_bin)

    def _values(self, chance: int) -> dict[str, Any]:
        """Values for about half of the fields."""
        return {
            one.key: self._one(VALUES[one.form.type], chance + number)
            for number, one in enumerate(self.model.live)
            if (chance + number) % 2
        }

    def _write(self, record: int, values: dict[str, Any]) -> None:
        for one in self.model.live:
            if one.key in values:
                one.write(record, values[one.key])

    def _refused(self, kind: type[Exception], change: Callable[[], Any]) -> None:
        try:
            change()
        except kind:
            counts["refused"] += 1
        else:
            raise AssertionError(f"{kind.__name__} was expected")
