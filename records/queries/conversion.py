"""What would become of a field's values were it of another type, and which have not become anything."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.text import fold
from processes.conversion import can_become
from processes.definition import definition_of, field_def
from processes.definition_types import Definition, FieldDef
from processes.field_types.choice import MOST_OPTIONS
from processes.fieldtype import DisplayContext, WrongValue, field_types
from processes.models import Field, Operation
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
SEEN_BY = ("stage_id", "assignee_id", "author_id", "department_id")
"""What decides who sees a record."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one record has, and what it would have; or why it would have nothing."""

    record_id: int
    before: str
    after: str = ""
    why: str = ""


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
    failing: tuple[tuple[str, int], ...]
    """The values that do not convert, with the number of records, the most frequent first."""
    breaks: tuple[Use, ...]
    """What uses the field and could not be read any more."""
    uses: tuple[Use, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every record was looked at."""
        return self.looked_at == self.records


@dataclass(slots=True)
class _Count:
    """What has been seen so far; its size does not depend on the number of records."""

    looked_at: int = 0
    filled: int = 0
    fails: int = 0
    good: list[tuple[int, Any, Any]] = field(default_factory=list)
    bad: list[tuple[int, Any]] = field(default_factory=list)
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
        failing=tuple(count.failing.most_common()),
        breaks=_breaks(access.definition, row, source, target),
        uses=tuple(use for kind_of_use in field_use_kinds for use in kind_of_use.uses(row)),
    )


def unconverted(access: Access, row: Field, *, after: int = 0, limit: int = 50) -> list[Sample]:
    """Records whose value did not become one of the present type and that nobody has given another since, by number.

    While the type changes: those that have not become anything yet. Only records that the actor sees. Raises
    NotAllowed.
    """
    access.require(Operation.DESIGN)
    present = access.definition.field_by_id.get(row.pk)
    if present is None or present.shadow is None:
        return []
    shadow = present.shadow
    is_done = Field.objects.filter(pk=shadow.id, state=Field.State.READY).exists()
    source, target = (shadow, present) if is_done else (present, shadow)
    filled = {f"{source.attributes[0]}__isnull": False, f"{target.attributes[0]}__isnull": True}
    seen = model_for(access.definition).objects.visible_to(access).filter(pk__gt=after, **filled)
    return list(_shown_bad(access, source, target, [(r.pk, r.value(source)) for r in seen.order_by("pk")[:limit]]))


def unconverted_count(definition: Definition, row: Field) -> int:
    """How many records had a value that did not become one of the present type, the bin included."""
    present = definition.field_by_id[row.pk]
    if present.shadow is None:
        return 0
    filled = {f"{present.shadow.attributes[0]}__isnull": False, f"{present.attributes[0]}__isnull": True}
    return model_for(definition).objects.filter(**filled).count()


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
    rows = model_for(definition).objects.order_by("pk").only(*SEEN_BY, *source.attributes)
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
        if access.covers(Operation.VIEW, row):
            _note_failure(count, row.pk, value, conversion)
        return
    if len(count.good) < SAMPLES and access.covers(Operation.VIEW, row):
        count.good.append((row.pk, value, after))


def _note_failure(count: _Count, record_id: int, value: Any, conversion: Conversion) -> None:
    if len(count.bad) < SAMPLES:
        count.bad.append((record_id, value))
    for text in words_of([value], conversion.source):
        text = text[:LONGEST_SHOWN]
        if text in count.failing or len(count.failing) < FAILING:
            count.failing[text] += 1


def _shown_good(
    access: Access, source: FieldDef, target: FieldDef, found: Sequence[tuple[int, Any, Any]]
) -> tuple[Sample, ...]:
    befores = [(source, before) for _id, before, _after in found]
    names = _names(access, [*befores, *((target, after) for _id, _before, after in found)])
    return tuple(
        Sample(record_id, _shown(source, before, names), after=_shown(target, after, names))
        for record_id, before, after in found
    )


def _shown_bad(
    access: Access, source: FieldDef, target: FieldDef, found: Sequence[tuple[int, Any]]
) -> tuple[Sample, ...]:
    names, conversion = _names(access, [(source, value) for _id, value in found]), Conversion(source, target)
    return tuple(
        Sample(record_id, _shown(source, value, names), why=_why(conversion, value)) for record_id, value in found
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
    changed = replace(definition, fields=tuple(target if f.id == source.id else f for f in definition.fields))
    return tuple(use for kind in field_use_kinds for use in kind.breaks(row, changed))
