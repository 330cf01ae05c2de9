"""A value before and after a change of type, as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, WrongValue
from processes.permissions import Access
from records.conversion import Conversion, settled
from records.queries.names import Wanted, names_for, want
from records.typed import TypedRecord

LONGEST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """What one record has, and what it would have; or why it would have nothing."""

    record_id: int
    title: str
    before: str
    after: str = ""
    why: str = ""


def shown_good(
    access: Access, source: FieldDef, target: FieldDef, found: Sequence[tuple[TypedRecord, Any]]
) -> tuple[Sample, ...]:
    """What converts: records with what their values would be."""
    befores = [(source, row.value(source)) for row, _after in found]
    names = _names(access, [*befores, *((target, after) for _row, after in found)])
    return tuple(
        Sample(row.pk, row.title, _shown(source, row.value(source), names), after=_shown(target, after, names))
        for row, after in found
    )


def shown_bad(access: Access, source: FieldDef, target: FieldDef, found: Sequence[TypedRecord]) -> tuple[Sample, ...]:
    """What does not convert, with why."""
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
