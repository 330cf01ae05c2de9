"""Whether what stands in two places says the same: catalogue and typed tables, ids of values and their rows."""

from collections.abc import Iterator, Sequence

from django.db import connection
from psycopg import sql

from processes.definition_types import Definition, FieldDef
from processes.fieldtype import FILE, RECORD
from records.typed import table_name

SHARED = ("pipeline_id", "stage_id", "title", "assignee_id", "author_id", "department_id", "observer_ids", "deleted_at")
"""Columns of both tables."""

_TABLES = (
    "SELECT count(*) FROM (SELECT * FROM records_record WHERE process_id = %s) r FULL JOIN {table} t ON t.id = r.id"
    " WHERE r.id IS NULL OR t.id IS NULL OR {differs} OR r.is_open <> (t.closed_at IS NULL)"
)
_LINKS = (
    "SELECT count(DISTINCT coalesce(v.id, l.source_id)) FROM"
    " (SELECT t.id, unnest(t.{column}) AS target FROM {table} t) v"
    " FULL JOIN (SELECT * FROM records_link WHERE field_id = %s) l ON l.source_id = v.id AND l.target_id = v.target"
    " WHERE v.id IS NULL OR l.id IS NULL"
)
# A file that its value does not name any more stays with its record: the history speaks of it.
_FILES = (
    "SELECT count(DISTINCT v.id) FROM (SELECT t.id, unnest(t.{column}) AS file FROM {table} t) v"
    " LEFT JOIN records_attachment a ON a.id = v.file AND a.record_id = v.id AND a.field_id = %s WHERE a.id IS NULL"
)


def disagreements(definition: Definition) -> Iterator[tuple[str, int]]:
    """What disagrees in a process, and in how many records; nothing where all is well. For maintenance: no rights."""
    differs = sql.SQL(" OR ").join(
        sql.SQL("r.{0} IS DISTINCT FROM t.{0}").format(sql.Identifier(column)) for column in SHARED
    )
    if count := _counted(_TABLES, definition, definition.id, differs=differs):
        yield "catalogue", count
    for family, statement in ((RECORD, _LINKS), (FILE, _FILES)):
        for field in _lists(definition, family):
            if count := _counted(statement, definition, field.id, column=sql.Identifier(field.attname)):
                yield field.key, count


def _lists(definition: Definition, family: str) -> Sequence[FieldDef]:
    """Fields whose values are ids that stand in rows as well."""
    return [
        field
        for field in definition.fields
        if field.type.refers == family and field.type.kind in ("references", "files") and not field.type.is_computed
    ]


def _counted(statement: str, definition: Definition, parameter: int, **parts: sql.Composable) -> int:
    composed = sql.SQL(statement).format(table=sql.Identifier(table_name(definition.id)), **parts)
    with connection.cursor() as cursor:
        cursor.execute(composed, [parameter])
        found: int = cursor.fetchone()[0]
    return found
