"""What would become of values were a field of another type."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db.models import F, Value
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from core.errors import Invalid
from processes.conversion import can_become
from processes.definition import field_def
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import WrongValue, field_types
from processes.models import Field, Operation
from processes.permissions import Access
from processes.uses import Use, field_use_kinds
from records.conversion import Conversion, settled, words_of
from records.models import Record
from records.queries.conversion import former_form
from records.queries.conversion_rules import completed_settings, lost_rules
from records.queries.conversion_samples import LONGEST_SHOWN, Sample, shown_bad, shown_good
from records.typed import TypedRecord, model_for

LOOKED_AT = 50_000
"""Records that a preview looks at; of more it takes every second, third … one."""
SECONDS = 10.0
"""When a preview stops and tells how far it came."""
CHUNK = 1_000
SAMPLES = 20
FAILING = 200
"""Different values that do not convert which are counted one by one."""
SEEN_BY = ("stage_id", "assignee_id", "author_id", "department_id", "observer_ids")
"""What decides who sees a record."""


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

    One pass over at most `LOOKED_AT` records and for at most `SECONDS`; those that do not show the field to the actor
    are not looked at. Values are shown of records that the actor sees. Raises NotAllowed, Invalid (the type, messages
    per setting).
    """
    access.require(Operation.DESIGN)
    source = field_def(row)
    if type not in field_types or not can_become(source, field_types[type]):
        message = _("This field cannot become a field of this type.")
        raise Invalid(message, {"type": [message]})
    kind = field_types[type]
    cleaned = kind.clean_settings(completed_settings(access, row, type, settings), context=access)
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
        good=shown_good(access, source, target, count.good),
        bad=shown_bad(access, source, target, count.bad),
        failing=tuple(Failing(*found) for found in count.failing.most_common()),
        breaks=_breaks(access.definition, row, source, target),
        uses=tuple(use for kind_of_use in field_use_kinds for use in kind_of_use.uses(row)),
        lost=tuple(lost_rules(row, Field(process=row.process, key=row.key, type=type, settings=cleaned))),
        has_way_back=former_form(row) is not None,
    )


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
    if not (access.covers(Operation.VIEW, row) and access.reads(conversion.source, row)):
        return
    count.looked_at += 1
    value = row.value(conversion.source)
    if value is None:
        return
    count.filled += 1
    try:
        after = conversion.convert(value)
    except WrongValue:
        count.fails += 1
        _note_failure(count, row, value, conversion)
        return
    if len(count.good) < SAMPLES:
        count.good.append((row, after))


def _note_failure(count: _Count, row: TypedRecord, value: Any, conversion: Conversion) -> None:
    if len(count.bad) < SAMPLES:
        count.bad.append(row)
    for text in words_of([value], conversion.source):
        text = text[:LONGEST_SHOWN]
        if text in count.failing or len(count.failing) < FAILING:
            count.failing[text] += 1


def _breaks(definition: Definition, row: Field, source: FieldDef, target: FieldDef) -> tuple[Use, ...]:
    new = replace(target, id=0)  # It will be another row: what speaks of this one by its id misses it.
    changed = replace(definition, fields=tuple(new if f.id == source.id else f for f in definition.fields))
    return tuple(use for kind in field_use_kinds for use in kind.breaks(row, changed))
