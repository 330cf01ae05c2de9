"""A machine that changes a process and its records in any order, with failures half-way.

Jobs are worked off step by step between the other rules, two records a batch.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from core.actor import SYSTEM
from core.errors import Conflict, Invalid
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Section
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
from records.operations import (
    convert_field,
    create_record,
    delete_record,
    forget_former_form,
    restore_record,
    revert_field,
    update_record,
)
from tests.processes.designer_ground import Ground, accidents
from tests.processes.designer_model import BECOMES, OPTIONS, SETTINGS, VALUES, Form, ModelField

KEYS = ("alpha", "beta", "gamma", "delta")
MOST_RECORDS, MOST_FIELDS = 6, 9
numbers = st.integers(0, 50)
types = st.sampled_from(sorted(VALUES))


class DesignerMachine(Ground):
    """What a designer, and whoever works meanwhile, may do next."""

    @initialize(then=st.sampled_from(["", "leave", "finish", "return"]))
    def begin(self, then: str) -> None:
        """Three fields and three records; often the first field changes its type already, or has changed it."""
        for key, kind in zip(KEYS, ("text", "number", "choice")):  # noqa: B905 - one key stays free
            self._add(key, kind)
        for number in range(3):
            self.create(number)
        if then:
            self.convert(which=0, to=1, confirmed=False, then=then)

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
