"""The typed tables and the reporting views: the only module that issues DDL.

Physical names are made of ids; user text reaches SQL only through `psycopg.sql.Identifier`. DDL never waits long
behind a reader: a short lock timeout, then another try.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.db import connection, models
from psycopg import sql

from core.actor import Actor
from processes.definition import field_def, fresh_definition
from processes.definition_types import Definition, FieldDef
from processes.models import Field, Process
from processes.operations.changing import TRIES, in_short_lock
from processes.storage import register_storage
from records.models import Record, StageVisit
from records.operations.rehousing import rehouse
from records.typed import build_model, sequence_name, table_name


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
        """Add the columns, empty everywhere; no default, so nothing is rewritten. One try. Raises Busy.

        A foreign key is made NOT VALID, which looks at no row: all of them are empty.
        """
        added = field_def(field)
        model = build_model(fresh_definition(process.pk), extra=(added,))
        columns = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in added.type.columns(added)]

        def add() -> None:
            with connection.schema_editor() as editor:
                for column in columns:
                    vars(column)["db_index"] = False  # built afterwards, blocking nobody
                    editor.add_field(model, column)
            _create_sequence(process.pk, added)

        _short(add, tries=1)

    def has_records(self, process: Process) -> bool:
        """Whether there are records, the bin included."""
        return Record.objects.filter(process=process).exists()

    def wants_index(self, field: Field) -> bool:
        """Whether an index belongs to the field's column."""
        definition = field_def(field)
        return field.is_unique or any(_is_indexed(column) for column in definition.type.columns(definition).values())

    def drop_field(self, process: Process, field: Field) -> None:
        """Drop the columns with all that hangs on them. One try. Raises Busy."""
        gone = field_def(field)
        names = [sql.Identifier(name) for name in gone.attributes]
        statement = sql.SQL("ALTER TABLE {} {}").format(
            sql.Identifier(table_name(process.pk)),
            sql.SQL(", ").join(sql.SQL("DROP COLUMN IF EXISTS {}").format(name) for name in names),
        )

        def drop() -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        _short(drop, tries=1)

    def drop_uniqueness(self, process: Process, field: Field) -> None:
        """Drop the index that keeps values apart, where there is one. One try. Raises Busy."""
        name = unique_index(process.pk, field.pk)
        if not _is_there(name):
            return
        statement = sql.SQL("DROP INDEX {}").format(sql.Identifier(name))

        def drop() -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        _short(drop, tries=1)

    def refresh(self, process: Process, *, patient: bool = True) -> None:
        """Make the view anew. Raises Busy."""
        replace_view(fresh_definition(process.pk), tries=TRIES if patient else 1)

    def is_reason_used(self, process: Process, reason_id: int) -> bool:
        """Whether a stay in a stage names the reason."""
        return StageVisit.objects.filter(process_id=process.pk, reason_id=reason_id).exists()

    def count_in_stage(self, process: Process, stage_id: int) -> int:
        """Records in a stage, the bin included."""
        return build_model(fresh_definition(process.pk)).objects.filter(stage_id=stage_id).count()

    def move_all(self, process: Process, places: Mapping[int, int], *, actor: Actor) -> int:
        """Every record of the stages goes to the stages that follow them."""
        return rehouse(fresh_definition(process.pk), places, actor=actor)


def build_field_indexes(definition: Definition, field: FieldDef) -> None:
    """The indexes that belong to a field's columns, outside a transaction, blocking nobody."""
    for name, column in field.type.columns(field).items():
        if not _is_indexed(column):
            continue
        called = f"p{definition.id}_{name}_index"
        if _is_valid(called):
            continue
        index = sql.Identifier(called)
        attribute = field.attname if name == field.column else name
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(index))
            cursor.execute(
                sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} ({})").format(
                    index, sql.Identifier(table_name(definition.id)), sql.Identifier(attribute)
                )
            )


def _is_indexed(column: "models.Field[Any, Any]") -> bool:
    return bool(vars(column)["db_index"])


def _is_there(index: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_class WHERE relname = %s", [index])
        return cursor.fetchone() is not None


def _is_valid(index: str) -> bool:
    """Whether an index is there and was built to its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s AND i.indisvalid",
            [index],
        )
        return cursor.fetchone() is not None


def unique_index(process_id: int, field_id: int) -> str:
    """The index that keeps the values of a field apart."""
    return f"p{process_id}_f{field_id}_unique"


def build_unique_index(definition: Definition, field: FieldDef) -> None:
    """Keep the values of records that are not in the bin apart, from now on; outside a transaction, blocking nobody.

    What a broken attempt left is dropped first. Raises IntegrityError while two records have the same value.
    """
    if _is_valid(unique_index(definition.id, field.id)):
        return
    drop_unique_index(definition.id, field.id)
    model = build_model(definition)
    index = models.UniqueConstraint(
        field.type.compared(field), condition=models.Q(deleted_at=None), name=unique_index(definition.id, field.id)
    )
    with connection.schema_editor(atomic=False) as editor:
        statement = str(index.create_sql(model, editor))
        editor.execute(statement.replace("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX CONCURRENTLY", 1))


def drop_unique_index(process_id: int, field_id: int) -> None:
    """Let values repeat again; outside a transaction, blocking nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(unique_index(process_id, field_id)))
        )


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


def replace_view(definition: Definition, *, tries: int = TRIES) -> None:
    """Drop and create the view in one transaction and give the same people the same rights to it.

    PostgreSQL can neither rename nor drop a view's columns in place.
    """
    grants = _view_grants(definition.key)

    def replace() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP VIEW IF EXISTS reporting.{}").format(sql.Identifier(definition.key)))
        create_view(definition)

    _short(replace, tries=tries)
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


def _short(change: Callable[[], None], *, tries: int = TRIES) -> None:
    """Run DDL under a short lock timeout, and again when a reader was in the way. Raises Busy in the end."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # DDL refuses a table with checks still due
        change()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    in_short_lock(run, tries=tries)
