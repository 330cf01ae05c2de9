"""Who fills existing records in: one object for each sort of value that is not typed by people."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connection
from psycopg import sql

from processes.definition_types import Definition, FieldDef
from records.operations.computed import compute
from records.operations.numbering import number_records
from records.operations.searching import write_words
from records.typed import TypedRecord


def save_columns(rows: Sequence[TypedRecord], attributes: Sequence[str]) -> None:
    """Write some columns of many rows in one statement; Django's `bulk_update` costs many times that."""
    model = type(rows[0])
    columns: list[Any] = [model._meta.get_field(name) for name in attributes]
    names = [sql.Identifier(str(column.column)) for column in columns]
    arrays = [sql.SQL("%s::{}[]").format(sql.SQL(str(column.db_type(connection)))) for column in columns]
    statement = sql.SQL(
        "UPDATE {table} t SET {changes} FROM unnest(%s::bigint[], {arrays}) v(id, {names}) WHERE t.id = v.id"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        changes=sql.SQL(", ").join(sql.SQL("{0} = v.{0}").format(name) for name in names),
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join(names),
    )
    values = [[column.get_db_prep_save(getattr(row, column.attname), connection) for row in rows] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(statement, [[row.pk for row in rows], *values])


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
        """Whatever the field says now: it may have been searched before."""
        return field.type.can_be_searched

    def fill(self, definition: Definition, field: FieldDef, rows: Sequence[TypedRecord]) -> None:
        """One statement for the batch."""
        write_words(definition, rows)


def formulas_of_field(field: FieldDef) -> list[tuple[FieldDef, object]]:
    """The field itself when it is a formula."""
    return [(field, None)] if field.type.key == "formula" else []


FILLERS: tuple[Filler, ...] = (Formulas(), Numbers(), SearchedWords())
