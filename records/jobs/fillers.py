"""Who fills existing records in: one object for each sort of value that is not typed by people."""

from collections.abc import Sequence
from typing import Protocol

from processes.definition_types import Definition, FieldDef
from records.operations.computed import compute
from records.operations.numbering import number_records
from records.operations.searching import write_words
from records.typed import TypedRecord


class Filler(Protocol):
    """Fills a batch of records in. Nobody is told: a definition changed, not a record."""

    def wants(self, field: FieldDef) -> bool:
        """Whether records need something for this field."""

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """Save what the locked rows lack."""


class Formulas:
    """The formula, and those that read it."""

    def wants(self, field: FieldDef) -> bool:
        """Every formula."""
        return any(field.id == computed.id for computed, _formula in formulas_of_field(field))

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """One statement for the batch."""
        changed = [(row, names) for row in rows if (names := compute(definition, row))]
        if changed:
            names = sorted({name for _row, found in changed for name in found})
            type(rows[0]).objects.bulk_update([row for row, _names in changed], names)


class Numbers:
    """Numbers for records that were there before the field."""

    def wants(self, field: FieldDef) -> bool:
        """Every field that numbers records."""
        return field.type.is_numbered

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """In the order of creation, only those that have none."""
        without = [row for row in rows if row.value(field) is None]
        number_records(definition, without, only=field)
        if without:
            type(rows[0]).objects.bulk_update(without, [field.attname])


class SearchedWords:
    """The words by which the search finds a record."""

    def wants(self, field: FieldDef) -> bool:
        """Whatever the field says now: it may have been searched before."""
        return field.type.can_be_searched

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """One statement for the batch."""
        write_words(definition, rows)


def formulas_of_field(field: FieldDef) -> list[tuple[FieldDef, object]]:
    """The field itself when it is a formula."""
    return [(field, None)] if field.type.key == "formula" else []


FILLERS: tuple[Filler, ...] = (Formulas(), Numbers(), SearchedWords())
