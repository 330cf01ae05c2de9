"""Who fills existing records in: one object for each sort of value that is not typed by people."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.db import connection
from psycopg import sql

from processes.definition_types import Definition, FieldDef
from processes.relations import LINKED, Reading, readings_of
from records.operations.computed import compute
from records.operations.numbering import number_records
from records.operations.searching import write_words
from records.recalculation.values import linked_values
from records.typed import TypedRecord


def save_columns(rows: Sequence[TypedRecord], attributes: Sequence[str]) -> None:
    """Write some columns of many rows in one statement; Django's `bulk_update` costs many times that.

    The values travel as one JSON text, which holds lists as well; numbers and moments are written as texts in it.
    """
    model = type(rows[0])
    columns: list[Any] = [model._meta.get_field(name) for name in attributes]
    names = [sql.Identifier(str(column.column)) for column in columns]
    types = [sql.SQL(str(column.db_type(connection))) for column in columns]
    statement = sql.SQL(
        "UPDATE {table} t SET {changes} FROM json_to_recordset(%s::json) v(id bigint, {typed}) WHERE t.id = v.id"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        changes=sql.SQL(", ").join(sql.SQL("{0} = v.{0}").format(name) for name in names),
        typed=sql.SQL(", ").join(sql.SQL("{} {}").format(*pair) for pair in zip(names, types, strict=True)),
    )
    attnames = [(str(column.column), column.attname) for column in columns]
    values = [{"id": row.pk, **{name: getattr(row, attname) for name, attname in attnames}} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(values, default=str)])


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
            save_columns([row for row, _names in changed], sorted({name for _row, found in changed for name in found}))


def put_linked(readings: Iterable[Reading], rows: Sequence[TypedRecord]) -> set[str]:
    """Put what fields show of linked records on rows, unsaved; the attributes that changed somewhere."""
    changed: set[str] = set()
    for reading in readings:
        values = linked_values(reading, rows)
        for row in rows:
            if values[row.pk] != row.value(reading.field):
                for name, part in reading.field.stored(values[row.pk]).items():
                    setattr(row, name, part)
                    changed.add(name)
    return changed


class LinkedValues:
    """What a field shows of linked records, and the formulas over it."""

    def wants(self, field: FieldDef) -> bool:
        """Every lookup and roll-up."""
        return field.type.key in LINKED

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """A few statements for the batch; a field that cannot be computed keeps its values."""
        changed = put_linked([reading for reading in readings_of(definition) if reading.field.id == field.id], rows)
        for row in rows:
            changed.update(compute(definition, row))
        if rows and changed:
            save_columns(rows, sorted(changed))


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
            save_columns(without, [field.attname])


class SearchedWords:
    """The words by which the search finds a record."""

    def wants(self, field: FieldDef) -> bool:
        """Whatever the field says now: it may have been searched before, as another type too, whose form is forgotten
        by now. A field that people fill in is filled for nothing else."""
        return field.type.can_be_searched or not (field.type.is_computed or field.type.is_numbered)

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """One statement for the batch."""
        write_words(definition, rows)


def formulas_of_field(field: FieldDef) -> list[tuple[FieldDef, object]]:
    """The field itself when it is a formula."""
    return [(field, None)] if field.type.key == "formula" else []


FILLERS: tuple[Filler, ...] = (LinkedValues(), Formulas(), Numbers(), SearchedWords())
OF_REMOVED: tuple[Filler, ...] = (SearchedWords(),)
"""What is left to do for a field that is not there any more: the search must not find its values."""
