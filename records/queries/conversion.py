"""What would become of values were a field of another type; which fields have two forms; what did not convert."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Mod
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid, NotFound
from core.text import fold
from processes.conversion import can_become
from processes.definition import definition_of, field_def
from processes.definition_types import Definition, FieldDef
from processes.field_types.choice import MOST_OPTIONS
from processes.fieldtype import DisplayContext, WrongValue, field_types
from processes.models import Field, FieldJob, Operation
from processes.operations.fields import KEPT_DAYS
from processes.permissions import Access
from processes.uses import Use, field_use_kinds
from records.conversion import BETWEEN, Conversion, settled, words_of
from records.models import Record
from records.queries.names import Wanted, names_for, want
from records.typed import TypedRecord, model_for

LOOKED_AT = 50_000
"""Records that a preview looks at; of more it takes every second, third … one."""
SECONDS = 10.0
"""When a preview stops and tells how far it came."""
CHUNK = 1_000
SAMPLES = 20
FAILING = 200
"""Different values that do not convert which are counted one by one."""
LONGEST_OPTION = 100
LONGEST_SHOWN = 300
MOST_DIFFERENT = 2_000
"""Different values among which options are looked for."""
OPTIONS = "options"
PAGE = 50
READY = Field.State.READY
SEEN_BY = ("stage_id", "assignee_id", "author_id", "department_id", "observer_ids")
"""What decides who sees a record."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one record has, and what it would have; or why it would have nothing."""

    record_id: int
    title: str
    before: str
    after: str = ""
    why: str = ""


class Failing(NamedTuple):
    """A value that does not convert, and how many records have it."""

    value: str
    records: int


@dataclass(frozen=True, slots=True)
class ConversionPreview:
    """What would become of the values. All numbers are of the records that were looked at."""

    type: str
    settings: Mapping[str, Any]
    """As they would be, options made from the values included."""
    records: int
    """Records of the process, the bin included."""
    looked_at: int
    filled: int
    converts: int
    fails: int
    good: tuple[Sample, ...]
    bad: tuple[Sample, ...]
    failing: tuple[Failing, ...]
    """The values that do not convert, the most frequent first."""
    breaks: tuple[Use, ...]
    """What uses the field and could not be read any more."""
    uses: tuple[Use, ...]
    lost: tuple[str, ...]
    """The rules that the new type cannot have, in words for people."""
    has_way_back: bool
    """Whether a way back from the last change of type would be lost."""

    @property
    def is_exact(self) -> bool:
        """Whether every record was looked at."""
        return self.looked_at == self.records


class ConversionState(models.TextChoices):
    """How far a change of type is."""

    CONVERTING = "converting", gettext_lazy("Changing")
    FAILED = "failed", gettext_lazy("Failed")
    CONVERTED = "converted", gettext_lazy("Changed")
    FORGETTING = "forgetting", gettext_lazy("Losing its former values")


@dataclass(frozen=True, slots=True)
class FieldConversion:
    """A field that has two forms: its type changes just now, or changed and can be changed back."""

    field: Field
    """As it is."""
    other: Field
    """What it is to become, or what it was."""
    state: ConversionState
    job: FieldJob | None
    """The work on it."""
    unconverted: int
    """Records whose value has not become one of the new type, the bin included; while it changes, so far."""

    @property
    def is_over(self) -> bool:
        """Whether the field has its new type."""
        return self.state in (ConversionState.CONVERTED, ConversionState.FORGETTING)

    @property
    def before(self) -> Field:
        """The form with the former type."""
        return self.other if self.is_over else self.field

    @property
    def after(self) -> Field:
        """The form with the new type."""
        return self.field if self.is_over else self.other

    @property
    def changed_at(self) -> datetime | None:
        """Since when the field has its new type."""
        return self.other.removed_at

    @property
    def kept_until(self) -> datetime | None:
        """Until when it can be changed back."""
        return None if self.changed_at is None else self.changed_at + timedelta(days=KEPT_DAYS)


@dataclass(frozen=True, slots=True)
class Unconverted:
    """A page of what did not convert."""

    items: tuple[Sample, ...]
    next: int | None
    """Where the following page begins; None at the end."""


@dataclass(slots=True)
class _Count:
    """What has been seen so far; its size does not depend on the number of records."""

    looked_at: int = 0
    filled: int = 0
    fails: int = 0
    good: list[tuple[TypedRecord, Any]] = field(default_factory=list)
    bad: list[TypedRecord] = field(default_factory=list)
    failing: Counter[str] = field(default_factory=Counter)


def preview_conversion(access: Access, row: Field, type: str, settings: Mapping[str, Any]) -> ConversionPreview:
    """What would become of a field's values, for somebody who may change the process.

    One pass over at most `LOOKED_AT` records and for at most `SECONDS`. Values are shown of records that the actor
    sees. Raises NotAllowed, Invalid (the type, messages per setting).
    """
    access.require(Operation.DESIGN)
    source = field_def(row)
    if type not in field_types or not can_become(source, field_types[type]):
        message = _("This field cannot become a field of this type.")
        raise Invalid(message, {"type": [message]})
    kind = field_types[type]
    cleaned = kind.clean_settings(completed_settings(row, type, settings), context=row.process)
    target = replace(source, type=kind.bound(cleaned), settings=cleaned, shadow=None, default=None)
    records = Record.objects.filter(process_id=access.definition.id).count()
    count = _counted(access, source, target, records)
    return ConversionPreview(
        type=type,
        settings=cleaned,
        records=records,
        looked_at=count.looked_at,
        filled=count.filled,
        converts=count.filled - count.fails,
        fails=count.fails,
        good=_shown_good(access, source, target, count.good),
        bad=_shown_bad(access, source, target, count.bad),
        failing=tuple(Failing(*found) for found in count.failing.most_common()),
        breaks=_breaks(access.definition, row, source, target),
        uses=tuple(use for kind_of_use in field_use_kinds for use in kind_of_use.uses(row)),
        lost=tuple(lost_rules(row, Field(process=row.process, key=row.key, type=type, settings=cleaned))),
        has_way_back=former_form(row) is not None,
    )


def former_form(field: Field) -> Field | None:
    """What a field was before its type changed, as long as there is a way back."""
    found = Field.objects.select_related("process").filter(shadow_of=field, state=Field.State.READY)
    return found.exclude(removed_at=None).first()


def lost_rules(before: Field, after: Field) -> list[str]:
    """The rules of a field that its new type cannot have, in words for people."""
    kind = field_types[after.type]
    lost = []
    if before.is_unique and not kind.can_be_unique:
        lost.append(_("Values will not be unique any more."))
    if before.is_searchable and not kind.can_be_searched:
        lost.append(_("The search will not find its values any more."))
    if before.default is not None and default_for(before, after) is None:
        lost.append(_("New records will begin without a value: the default does not fit."))
    return lost


def default_for(source: Field, target: Field) -> dict[str, Any] | None:
    """The default of one form as the other takes it; None where it cannot."""
    if source.default is None:
        return None
    old, new = field_def(source), field_def(target)
    if "constant" not in source.default:
        return dict(source.default) if set(source.default) <= new.type.defaults else None
    try:
        with settled():
            value = Conversion(old, new).convert(old.type.parse(source.default["constant"], old))
    except WrongValue:
        return None
    return None if value is None or "constant" not in new.type.defaults else {"constant": new.type.to_json(value)}


def conversions_of(access: Access) -> list[FieldConversion]:
    """The fields whose type changes just now, or changed and has a way back, in their order; for somebody who may
    change the process. Three queries and one pass over the records. Raises NotAllowed."""
    access.require(Operation.DESIGN)
    rows = Field.objects.filter(process_id=access.definition.id).exclude(shadow_of=None)
    others = [row for row in rows.select_related("shadow_of") if row.removed_at is None or row.state == READY]
    live = [row for row in others if row.shadow_of is not None and row.shadow_of.removed_at is None]
    jobs = _jobs_of(live)
    left = _left(access.definition, [row.shadow_of_id for row in live if row.removed_at is not None])
    found = [_conversion(row, jobs, left) for row in live]
    return sorted(found, key=lambda one: (one.field.position, one.field.pk))


def conversion_of(access: Access, key: str) -> FieldConversion:
    """The one of the field of this key. Raises NotAllowed, NotFound."""
    found = next((one for one in conversions_of(access) if one.field.key == key), None)
    if found is None:
        raise NotFound(_("The type of this field has not changed, or there is no way back any more."), field=key)
    return found


def _jobs_of(others: Sequence[Field]) -> dict[int, list[FieldJob]]:
    """By field: what is done or was done with either form, the latest first."""
    owners = {pk: row.shadow_of_id for row in others for pk in (row.pk, row.shadow_of_id)}
    kinds = (FieldJob.Kind.CONVERT, FieldJob.Kind.PURGE)
    found: dict[int, list[FieldJob]] = {}
    for job in FieldJob.objects.select_related("field").filter(field__in=owners, kind__in=kinds).order_by("-pk"):
        found.setdefault(owners[job.field_id] or 0, []).append(job)
    return found


def _conversion(other: Field, jobs: Mapping[int, Sequence[FieldJob]], left: Mapping[int, int]) -> FieldConversion:
    field = other.shadow_of
    assert field is not None
    own = jobs.get(field.pk, ())
    job = next((job for job in own if job.kind == FieldJob.Kind.CONVERT), None)
    if other.removed_at is None:
        is_failed = job is not None and job.state == FieldJob.State.FAILED
        state = ConversionState.FAILED if is_failed else ConversionState.CONVERTING
        return FieldConversion(field, other, state, job, job.problems if job else 0)
    is_going = any(j.kind == FieldJob.Kind.PURGE and j.field_id == other.pk and j.state in j.UNFINISHED for j in own)
    state = ConversionState.FORGETTING if is_going else ConversionState.CONVERTED
    return FieldConversion(field, other, state, job, left.get(field.pk, 0))


def unconverted(access: Access, row: Field, *, after: int = 0) -> Unconverted:
    """Records whose value did not become one of the present type and that nobody has given another since, by number.

    While the type changes: those that have not become anything yet. Only records that the actor sees. Raises
    NotAllowed.
    """
    access.require(Operation.DESIGN)
    present = access.definition.field_by_id.get(row.pk)
    if present is None or present.shadow is None:
        return Unconverted((), None)
    shadow = present.shadow
    is_done = Field.objects.filter(pk=shadow.id, state=READY).exclude(removed_at=None).exists()
    source, target = (shadow, present) if is_done else (present, shadow)
    seen = model_for(access.definition).objects.visible_to(access).showing(access, present)
    seen = seen.filter(_lacks(source, target), pk__gt=after)
    found = list(seen.order_by("pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Unconverted(_shown_bad(access, source, target, shown), shown[-1].pk if len(found) > PAGE else None)


def unconverted_count(definition: Definition, row: Field) -> int:
    """How many records had a value that did not become one of the present type, the bin included."""
    return _left(definition, [row.pk]).get(row.pk, 0)


def _left(definition: Definition, field_ids: Iterable[int | None]) -> dict[int, int]:
    """The same by field; one pass over the records for all of them."""
    fields = [definition.field_by_id[pk] for pk in field_ids if pk in definition.field_by_id]
    counts = {f"f{f.id}": Count("pk", filter=_lacks(f.shadow, f)) for f in fields if f.shadow is not None}
    if not counts:
        return {}
    found = model_for(definition).objects.order_by().aggregate(**counts)
    return {f.id: found[f"f{f.id}"] for f in fields if f"f{f.id}" in found}


def _lacks(source: FieldDef, target: FieldDef) -> Q:
    """Records that have a value of one form and none of the other."""
    return Q(**{f"{source.attributes[0]}__isnull": False, f"{target.attributes[0]}__isnull": True})


def completed_settings(row: Field, type: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a new type; options that are not given are those that the field has, or its different values.

    Raises Invalid where there are too many.
    """
    if OPTIONS not in field_types[type].Settings.base_fields or settings.get(OPTIONS):
        return dict(settings)
    if OPTIONS in row.settings:
        return {**settings, OPTIONS: row.settings[OPTIONS]}
    labels = _labels(row, several=type == "choices")
    if len(labels) > MOST_OPTIONS:
        message = _("There are more than %d different values. Say which options there are.") % MOST_OPTIONS
        raise Invalid(message, {OPTIONS: [message]})
    if not labels:
        message = _("There are no values yet from which options could be made. Say which options there are.")
        raise Invalid(message, {OPTIONS: [message]})
    return {**settings, OPTIONS: labels}


def _labels(row: Field, *, several: bool) -> list[str]:
    """The different values of a field in words; those that no option can be called are left out."""
    source = field_def(row)
    different = model_for(definition_of(row.process_id)).objects.order_by().exclude(**{source.attributes[0]: None})
    parts = different.values_list(*source.attributes).distinct()[:MOST_DIFFERENT]
    values = [source.value(dict(zip(source.attributes, found, strict=True)).__getitem__) for found in parts]
    words = words_of(values, source)
    if several:
        words = [part for text in words for part in BETWEEN.split(text)]
    named = {fold(text): " ".join(text.split()) for text in sorted(words, reverse=True)}
    return [text for text in reversed(named.values()) if 0 < len(text) <= LONGEST_OPTION and text.isprintable()]


def _counted(access: Access, source: FieldDef, target: FieldDef, records: int) -> _Count:
    """Look at records, or at every second, third … one, in the order of their numbers."""
    count, conversion = _Count(), Conversion(source, target)
    deadline = time.monotonic() + SECONDS
    for rows in _chunks(access.definition, source, every=-(-records // LOOKED_AT)):
        with settled():
            conversion.prepare(row.value(source) for row in rows)
            for row in rows:
                _count(count, access, row, conversion)
        if time.monotonic() > deadline:
            break
    return count


def _chunks(definition: Definition, source: FieldDef, *, every: int) -> Iterator[list[TypedRecord]]:
    rows = model_for(definition).objects.order_by("pk").only("title", *SEEN_BY, *source.attributes)
    if every > 1:
        rows = rows.alias(place=Mod(F("pk"), Value(every))).filter(place=0)
    last = 0
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def _count(count: _Count, access: Access, row: TypedRecord, conversion: Conversion) -> None:
    count.looked_at += 1
    value = row.value(conversion.source)
    if value is None:
        return
    count.filled += 1
    try:
        after = conversion.convert(value)
    except WrongValue:
        count.fails += 1
        if _may_show(access, row, conversion.source):
            _note_failure(count, row, value, conversion)
        return
    if len(count.good) < SAMPLES and _may_show(access, row, conversion.source):
        count.good.append((row, after))


def _may_show(access: Access, row: TypedRecord, source: FieldDef) -> bool:
    return access.covers(Operation.VIEW, row) and access.reads(source, row)


def _note_failure(count: _Count, row: TypedRecord, value: Any, conversion: Conversion) -> None:
    if len(count.bad) < SAMPLES:
        count.bad.append(row)
    for text in words_of([value], conversion.source):
        text = text[:LONGEST_SHOWN]
        if text in count.failing or len(count.failing) < FAILING:
            count.failing[text] += 1


def _shown_good(
    access: Access, source: FieldDef, target: FieldDef, found: Sequence[tuple[TypedRecord, Any]]
) -> tuple[Sample, ...]:
    befores = [(source, row.value(source)) for row, _after in found]
    names = _names(access, [*befores, *((target, after) for _row, after in found)])
    return tuple(
        Sample(row.pk, row.title, _shown(source, row.value(source), names), after=_shown(target, after, names))
        for row, after in found
    )


def _shown_bad(access: Access, source: FieldDef, target: FieldDef, found: Sequence[TypedRecord]) -> tuple[Sample, ...]:
    values = [(row, row.value(source)) for row in found]
    names, conversion = _names(access, [(source, value) for _row, value in values]), Conversion(source, target)
    return tuple(
        Sample(row.pk, row.title, _shown(source, value, names), why=_why(conversion, value)) for row, value in values
    )


def _why(conversion: Conversion, value: Any) -> str:
    """Why a value does not convert, in the language of the reader; empty where it would by now."""
    with settled():
        try:
            conversion.convert(value)
        except WrongValue as error:
            settled_words = str(error.message)
        else:
            return ""
    try:
        conversion.convert(value)
    except WrongValue as error:
        return str(error.message)
    return settled_words


def _names(access: Access, values: Sequence[tuple[FieldDef, Any]]) -> DisplayContext:
    wanted: Wanted = {}
    for its_field, value in values:
        want(wanted, its_field, value)
    return DisplayContext(names_for(access.actor, wanted))


def _shown(its_field: FieldDef, value: Any, names: DisplayContext) -> str:
    return its_field.type.display(value, its_field, names)[:LONGEST_SHOWN]


def _breaks(definition: Definition, row: Field, source: FieldDef, target: FieldDef) -> tuple[Use, ...]:
    new = replace(target, id=0)  # It will be another row: what speaks of this one by its id misses it.
    changed = replace(definition, fields=tuple(new if f.id == source.id else f for f in definition.fields))
    return tuple(use for kind in field_use_kinds for use in kind.breaks(row, changed))
