"""A machine that changes a process and its records in any order, with failures half-way, and looks after each step
whether definition, table, reporting view and records agree with a model in plain Python.

Jobs are worked off step by step between the other rules, two records a batch.
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
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.actor import SYSTEM
from core.errors import Conflict, Invalid
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process, Section
from processes.operations import (
    add_field,
    add_section,
    arrange_fields,
    cancel_job,
    purge_field,
    remove_field,
    remove_section,
    reorder_fields,
    restore_field,
    update_field,
)
from processes.queries import layout_of
from records.jobs import worker
from records.models import Record
from records.operations import (
    convert_field,
    create_record,
    delete_record,
    forget_former_form,
    restore_record,
    revert_field,
    update_record,
)
from records.typed import model_for, table_name
from tests.factories import make_process
from tests.processes.designer_model import BECOMES, OPTIONS, SETTINGS, VALUES, Form, Model, ModelField

KEYS = ("alpha", "beta", "gamma", "delta")
MOST_RECORDS, MOST_FIELDS = 6, 9
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
numbers = st.integers(0, 50)
types = st.sampled_from(sorted(VALUES))
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


class DesignerMachine(RuleBasedStateMachine):
    """One example: a process of its own, with real commits."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.process: Process = make_process(fields=())
        self.place: str | None = None
        self.serial = 0

    @initialize(then=st.sampled_from(["", "leave", "finish", "return"]))
    def begin(self, then: str) -> None:
        """Three fields and three records; often the first field changes its type already, or has changed it."""
        for key, kind in zip(KEYS, ("text", "number", "choice")):  # noqa: B905 - one key stays free
            self._add(key, kind)
        for number in range(3):
            self.create(number)
        if then:
            self.convert(which=0, to=1, confirmed=False, then=then)

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

    # Fields

    @precondition(lambda self: len(self.model.fields) < MOST_FIELDS)
    @rule(key=st.sampled_from(KEYS), kind=types, place=accidents)
    def add(self, key: str, kind: str, place: str | None) -> None:
        self.place = place or self.place
        self._add(key, kind)

    def _add(self, key: str, kind: str) -> None:
        self.serial += 1
        label, position = f"F{self.serial}", Field.objects.filter(process=self.process).count()
        draft = FieldDraft(label, kind, key=key, settings=SETTINGS.get(kind, {}))
        if key in {one.key for one in self.model.live}:
            self._refused(Invalid, lambda: add_field(self.process, draft, actor=SYSTEM))
            return
        done, added = self._do("add", lambda: add_field(self.process, draft, actor=SYSTEM))
        if done:
            self.model.fields.append(ModelField(key, label, position, Form(added.pk, kind)))

    @precondition(lambda self: self.model.live)
    @rule(which=numbers)
    def rename(self, which: int) -> None:
        one = self._one(self.model.live, which)
        self.serial += 1
        label = f"F{self.serial}"
        if self._do("rename", lambda: update_field(self._row(one), changes={"label": label}, actor=SYSTEM))[0]:
            one.label = label

    @precondition(lambda self: any(one.form.type == "text" for one in self.model.live))
    @rule(which=numbers)
    def search(self, which: int) -> None:
        one = self._one([one for one in self.model.live if one.form.type == "text"], which)
        wanted = not one.form.searchable
        changes = {"is_searchable": wanted}
        if self._do("searchable", lambda: update_field(self._row(one), changes=changes, actor=SYSTEM))[0]:
            one.form.searchable = wanted

    @precondition(lambda self: any(one.form.type == "choice" for one in self.model.live))
    @rule(which=numbers)
    def change_settings(self, which: int) -> None:
        one = self._one([one for one in self.model.live if one.form.type == "choice"], which)
        self.serial += 1
        changes = {"settings": {"options": [*OPTIONS, f"More {self.serial}"]}}
        if self._job(one) is not None:
            self._refused(Conflict, lambda: update_field(self._row(one), changes=changes, actor=SYSTEM))
        else:
            self._do("settings", lambda: update_field(self._row(one), changes=changes, actor=SYSTEM))

    @precondition(lambda self: self.model.live)
    @rule(which=numbers, then=st.sampled_from(["leave", "restore", "purge"]), place=accidents)
    def remove(self, which: int, then: str, place: str | None) -> None:
        self.place = place or self.place
        one = self._one(self.model.live, which)
        if self._do("remove", lambda: remove_field(self._row(one), actor=SYSTEM, confirmed=True))[0]:
            one.removed = True
            if then == "purge":
                self._do("purge", lambda: purge_field(self._row(one), actor=SYSTEM))
            elif then == "restore" and self._do("restore", lambda: restore_field(self._row(one), actor=SYSTEM))[0]:
                one.removed = False

    @precondition(lambda self: self.model.removed)
    @rule(which=numbers, anew=st.booleans())
    def restore(self, which: int, anew: bool) -> None:
        one = self._one(self.model.removed, which)
        self.serial += 1
        key = f"again_{self.serial}" if anew else ""
        if not anew and one.key in {other.key for other in self.model.live}:
            self._refused(Invalid, lambda: restore_field(self._row(one), actor=SYSTEM))
        elif self._do("restore", lambda: restore_field(self._row(one), key=key, actor=SYSTEM))[0]:
            one.removed, one.key = False, key or one.key

    @precondition(lambda self: self.model.removed)
    @rule(which=numbers)
    def purge(self, which: int) -> None:
        one = self._one(self.model.removed, which)
        self._do("purge", lambda: purge_field(self._row(one), actor=SYSTEM))

    @precondition(lambda self: self.model.live)
    @rule(order=st.randoms())
    def reorder(self, order: Any) -> None:
        shuffled = self.model.live
        order.shuffle(shuffled)
        keys = [one.key for one in shuffled]
        if self._do("reorder", lambda: reorder_fields(self.process, keys, actor=SYSTEM))[0]:
            for position, one in enumerate(shuffled):
                one.position = position

    # Sections

    @precondition(lambda self: len(self.model.sections) < 3)
    @rule()
    def section(self) -> None:
        self.serial += 1
        done, made = self._do("section", lambda: add_section(self.process, label=f"S{self.serial}", actor=SYSTEM))
        if done:
            self.model.sections.append(made.pk)

    @precondition(lambda self: self.model.sections)
    @rule(which=numbers)
    def drop_section(self, which: int) -> None:
        gone = self._one(self.model.sections, which)
        row = Section.objects.get(pk=gone)
        if self._do("drop section", lambda: remove_section(row, actor=SYSTEM))[0]:
            self.model.sections.remove(gone)
            for one in self.model.fields:
                one.section = None if one.section == gone else one.section

    @precondition(lambda self: self.model.sections and self.model.live)
    @rule(order=st.randoms())
    def arrange(self, order: Any) -> None:
        """Every field goes somewhere."""
        places: list[int | None] = [None, *self.model.sections]
        shuffled = self.model.live
        order.shuffle(shuffled)
        chosen: dict[int | None, list[ModelField]] = {place: [] for place in places}
        for one in shuffled:
            chosen[order.choice(places)].append(one)
        layout = [(place, [one.key for one in chosen[place]]) for place in places]
        if self._do("arrange", lambda: arrange_fields(self.process, layout, actor=SYSTEM))[0]:
            inside = [(place, one) for place in places for one in chosen[place]]
            for position, (place, one) in enumerate(inside):
                one.section, one.position = place, position

    # Types

    @precondition(lambda self: self.model.live)
    @rule(
        which=numbers,
        to=numbers,
        confirmed=st.booleans(),
        then=st.sampled_from(["leave", "finish", "return", "stop"]),
        place=accidents,
    )
    def convert(self, which: int, to: int, confirmed: bool, then: str, place: str | None = None) -> None:
        """To a type that is offered, now and then to one that is not; the job is worked off among writes, or left."""
        self.place = place or self.place
        one = self._one(self.model.live, which)
        offered = [target for source, target in BECOMES if source == one.form.type]
        kind = one.form.type if to % 9 == 0 else self._one(offered, to)

        def change() -> FieldJob:
            given = SETTINGS.get(kind, {})
            return convert_field(self._row(one), type=kind, settings=given, actor=SYSTEM, confirmed=confirmed)

        if (one.form.type, kind) not in BECOMES:
            self._refused(Invalid, change)
        elif self._job(one) is not None or (one.former is not None and not confirmed) or self._is_filling(one):
            self._refused(Conflict, change)
        elif self._do("convert", change)[0]:
            shadow = Field.objects.get(shadow_of=one.form.id)
            self.model.dropped -= {*self._gone()}
            one.former, one.coming, one.is_coming_written = None, Form(shadow.pk, kind), False
            for number in range({"leave": 0, "finish": 8, "return": 8, "stop": 3}[then]):
                self._step()
                if number < 3 and self._records(in_bin=False):
                    self.update(which + number, to + number)
            if then == "stop" and self._job(one):
                self._stop(one)
            elif then == "return" and one.former and not self._is_filling(one):
                self._revert(one, one.former)

    @precondition(lambda self: any(self._job(one) for one in self.model.live))
    @rule(which=numbers)
    def stop(self, which: int) -> None:
        self._stop(self._one([one for one in self.model.live if self._job(one)], which))

    def _stop(self, one: ModelField) -> None:
        job = self._job(one)
        assert job is not None
        if self._do("stop", lambda: cancel_job(job, actor=SYSTEM))[0]:
            self._drop_coming(one)

    @precondition(lambda self: any(one.former or one.coming for one in self.model.live))
    @rule(which=numbers)
    def revert(self, which: int) -> None:
        one = self._one([one for one in self.model.live if one.former or one.coming], which)
        if one.former is None or self._job(one) is not None or self._is_filling(one):
            self._refused(Conflict, lambda: revert_field(self._row(one), actor=SYSTEM))
        else:
            self._revert(one, one.former)

    def _revert(self, one: ModelField, former: Form) -> None:
        if self._do("revert", lambda: revert_field(self._row(one), actor=SYSTEM))[0]:
            one.take_over(former)

    @precondition(lambda self: any(one.former for one in self.model.live))
    @rule(which=numbers)
    def forget(self, which: int) -> None:
        one = self._one([one for one in self.model.live if one.former], which)
        self._do("forget", lambda: forget_former_form(self._row(one), actor=SYSTEM))

    # Records

    @precondition(lambda self: len(self.model.records) < MOST_RECORDS)
    @rule(chance=numbers)
    def create(self, chance: int) -> None:
        values = self._values(chance)
        given = {"title": "A", **values}
        done, row = self._do("create", lambda: create_record(self.process.pk, values=given, actor=SYSTEM))
        if done:
            self.model.records[row.pk] = False
            self._write(row.pk, values)

    @precondition(lambda self: self._records(in_bin=False))
    @rule(which=numbers, chance=numbers)
    def update(self, which: int, chance: int) -> None:
        record, values = self._one(self._records(in_bin=False), which), self._values(chance)
        if self._do("update", lambda: update_record(self.process.pk, record, values=values, actor=SYSTEM))[0]:
            self._write(record, values)

    @precondition(lambda self: self.model.records)
    @rule(which=numbers)
    def bin(self, which: int) -> None:
        record = self._one(sorted(self.model.records), which)
        change = restore_record if self.model.records[record] else delete_record
        if self._do(change.__name__, lambda: change(self.process.pk, record, actor=SYSTEM))[0]:
            self.model.records[record] = not self.model.records[record]

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
