"""The typed tables and the reporting views: the only module that issues DDL.

Physical names are made of ids; user text reaches SQL only through `psycopg.sql.Identifier`. DDL never waits long
behind a reader: a short lock timeout, then another try.
"""

import time
from collections.abc import Callable
from typing import Any, cast

from django.db import OperationalError, connection, models, transaction
from django.utils.translation import gettext as _
from psycopg import errors, sql

from core.errors import Conflict
from processes.definition import fresh_definition
from processes.definition_types import Definition, FieldDef
from processes.models import Field, Process
from processes.storage import register_storage
from records.typed import build_model, sequence_name, table_name

LOCK_TIMEOUT_MS = 100
TRIES = 20
PAUSE = 0.05
"""Seconds between two tries."""


@register_storage
class TypedStorage:
    """Keeps tables and views in step with definitions, in the transaction of the change."""

    def create(self, process: Process) -> None:
        """Make the table and the view."""
        definition = fresh_definition(process.pk)
        with connection.schema_editor() as editor:
            editor.create_model(build_model(definition))
        for field in definition.fields:
            _create_sequence(process.pk, field)
        create_view(definition)

    def add_field(self, process: Process, field: Field) -> None:
        """Add the column, empty everywhere; no default, so nothing is rewritten."""
        definition = fresh_definition(process.pk)
        added = definition.field_by_key[field.key]
        model = build_model(definition)
        names = added.type.columns(added)
        columns = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]

        def add() -> None:
            with connection.schema_editor() as editor:
                for column in columns:
                    editor.add_field(model, column)

        _with_short_lock(add)
        _create_sequence(process.pk, added)
        replace_view(definition)

    def refresh(self, process: Process) -> None:
        """Make the view anew."""
        replace_view(fresh_definition(process.pk))

    def count_in_stage(self, process: Process, stage_id: int) -> int:
        """Records in a stage, the bin included."""
        return build_model(fresh_definition(process.pk)).objects.filter(stage_id=stage_id).count()


def _create_sequence(process_id: int, field: FieldDef) -> None:
    """Where a field's numbers come from; it lives and dies with the column."""
    if not field.type.is_numbered:
        return
    statement = sql.SQL("CREATE SEQUENCE {name} MINVALUE 0 START {start} OWNED BY {table}.{column}").format(
        name=sql.Identifier(sequence_name(field.id)),
        start=sql.Literal(field.settings["start"]),
        table=sql.Identifier(table_name(process_id)),
        column=sql.Identifier(field.column),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)


def replace_view(definition: Definition) -> None:
    """Drop and create the view in one transaction and give the same people the same rights to it.

    PostgreSQL can neither rename nor drop a view's columns in place.
    """
    grants = _view_grants(definition.key)

    def replace() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP VIEW IF EXISTS reporting.{}").format(sql.Identifier(definition.key)))
        create_view(definition)

    _with_short_lock(replace)
    with connection.cursor() as cursor:
        for grantee in grants:
            cursor.execute(
                sql.SQL("GRANT SELECT ON reporting.{} TO {}").format(
                    sql.Identifier(definition.key), sql.Identifier(grantee)
                )
            )


def create_view(definition: Definition) -> None:
    """`reporting.<process key>`: one readable row per record that is not in the bin, columns by field key."""
    columns = [
        sql.SQL("r.id"),
        sql.SQL("r.title"),
        sql.SQL("l.key AS pipeline"),
        sql.SQL("s.key AS stage"),
        sql.SQL("s.name AS stage_name"),
        sql.SQL("s.kind AS stage_kind"),
        sql.SQL("a.name AS assignee"),
        sql.SQL("c.name AS author"),
        sql.SQL("r.created_at"),
        sql.SQL("r.updated_at"),
        sql.SQL("r.stage_changed_at"),
        sql.SQL("r.closed_at"),
        *(column for field in definition.fields for column in _view_columns(field)),
    ]
    statement = sql.SQL(
        "CREATE VIEW reporting.{view} AS SELECT {columns} FROM {table} r"
        " JOIN processes_stage s ON s.id = r.stage_id JOIN processes_pipeline l ON l.id = r.pipeline_id"
        " LEFT JOIN accounts_user a ON a.id = r.assignee_id LEFT JOIN accounts_user c ON c.id = r.author_id"
        " WHERE r.deleted_at IS NULL"
    ).format(
        view=sql.Identifier(definition.key),
        columns=sql.SQL(", ").join(columns),
        table=sql.Identifier(table_name(definition.id)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _view_columns(field: FieldDef) -> list[sql.Composable]:
    """The parts of a field's values by its key: `amount` and `amount_currency`."""
    return [
        sql.SQL("r.{} AS {}").format(
            sql.Identifier(name), sql.Identifier(field.key + (name.removeprefix(field.column) if place else ""))
        )
        for place, name in enumerate(field.attributes)
    ]


def _view_grants(view: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT g.rolname FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace,"
            " aclexplode(v.relacl) a JOIN pg_roles g ON g.oid = a.grantee"
            " WHERE n.nspname = 'reporting' AND v.relname = %s AND a.privilege_type = 'SELECT'"
            " AND a.grantee <> v.relowner",
            [view],
        )
        return [row[0] for row in cursor.fetchall()]


def _with_short_lock(change: Callable[[], None]) -> None:
    """Run DDL under a short lock timeout, and again when a reader was in the way. Raises Conflict in the end."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # DDL refuses a table with checks still due
                change()
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                    cursor.execute("SET LOCAL lock_timeout = 0")
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable):
                raise
            if attempt == TRIES:
                raise Conflict(_("The table is busy; try again in a moment.")) from error
            time.sleep(PAUSE)
