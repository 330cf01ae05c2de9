"""What every write of a record begins with: the process's lock, its definition, the rights, the row."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from core.actor import Actor
from core.errors import Conflict, NotFound, Stale
from core.rows import one_row
from events.models import Event
from events.publish import Changes, publish
from processes.definition import definition_at
from processes.definition_types import Definition, StageDef
from processes.models import Operation, Process
from processes.operations.changing import lock_for_writing
from processes.permissions import Access, visible_access
from records.models import Record
from records.typed import TypedRecord, model_for


@dataclass(frozen=True, slots=True)
class Writing:
    """One write in progress: rights and model as of a version that cannot change before the transaction ends.

    An operation that is handed one in place of a process works within it: no savepoint, no second look at the process.
    """

    definition: Definition
    access: Access
    model: type[TypedRecord]
    now: datetime
    """The database's clock at the beginning of the transaction."""
    held: TypedRecord | None = None
    """A record that is locked already; operations within this write take it as it is."""
    known: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """Ids of rows that values may name, as far as this write has asked: see `records.operations.references`."""
    asked: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    drafted: set[tuple[int, Any]] = field(default_factory=set)
    """Values of unique fields that new records of this write will have: field id and value as compared."""
    promised: dict[int, int] = field(default_factory=dict)
    """Stage id → records that are checked and will be written there."""
    departments: dict[int, int | None] = field(default_factory=dict)
    """Person → department, of people whom this write has looked up."""

    def holding(self, row: TypedRecord) -> "Writing":
        """The same write, which has locked this record."""
        return replace(self, held=row)

    @property
    def actor(self) -> Actor:
        """Who writes."""
        return self.access.actor

    def row(self, record_id: int, *, version: int | None = None, in_bin: bool = False) -> TypedRecord:
        """The record, locked until the transaction ends.

        Raises NotFound where the actor may not see it, Stale when `version` is given and is not the present one.
        """
        is_held = self.held is not None and self.held.pk == record_id
        row = self.held if is_held else one_row(self.model, record_id, lock=True)
        if row is None or not self._may_have(row, in_bin=in_bin):
            raise NotFound(_("There is no such record."), record=record_id)
        if version is not None and row.version != version:
            raise Stale(
                _("Somebody changed this meanwhile. Look at the present state and try again."),
                version=row.version,
                stage=row.stage_id,
            )
        return row

    def _may_have(self, row: TypedRecord, *, in_bin: bool) -> bool:
        """Whether the row is where it is looked for and the actor may see it there: as the querysets filter."""
        if (row.deleted_at is not None) != in_bin or not self.access.covers(Operation.VIEW, row):
            return False
        return not in_bin or self.access.covers(Operation.RESTORE, row)

    def publish(
        self,
        kind: str,
        row: TypedRecord,
        *,
        changes: Changes | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Event:
        """Write the event of a change to the row, with the snapshot that automations read."""
        return publish_of(row, kind, process_id=self.definition.id, actor=self.actor, changes=changes, data=data)


_UNIQUE = re.compile(r"p\d+_f\d+_unique")
"""Names of the indexes that keep values of fields apart: see `records.tables.unique_index`."""

ProcessRef = int | str | Definition | Process | Writing
P = ParamSpec("P")
R = TypeVar("R")


def one_change(operation: Callable[Concatenate[ProcessRef, P], R]) -> Callable[Concatenate[ProcessRef, P], R]:
    """Decorator of operations: one transaction each, a savepoint inside another.

    Handed a `Writing` it is a part of that write, and its failure is the failure of the whole.
    """

    @wraps(operation)
    def run(process: ProcessRef, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if isinstance(process, Writing):
            return operation(process, *args, **kwargs)
        with refusing_taken(), transaction.atomic():
            return operation(process, *args, **kwargs)

    return run


@contextmanager
def refusing_taken() -> Iterator[None]:
    """Around a transaction: somebody was faster with a value that no two records may share. Raises Conflict."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
        if not _UNIQUE.fullmatch(name):
            raise
        raise Conflict(_("Another record has this value.")) from error


def begin(process: ProcessRef, *, actor: Actor) -> Writing:
    """Lock the process for writing and compile the actor's rights; inside a transaction. Raises NotFound, Conflict."""
    if isinstance(process, Writing):
        if process.actor is not actor:
            raise ValueError("A write in progress is its own actor's.")
        return process
    process_id = _id_of(process, actor)
    version, now = lock_for_writing(process_id)
    if version is None:
        raise NotFound(_("There is no such process."))
    definition = definition_at(process_id, version)
    access = visible_access(actor, definition)
    if definition.status != Process.Status.PUBLISHED:
        access.require(Operation.VIEW)
        raise Conflict(_("This process is not in use; its records cannot be changed."))
    return Writing(definition, access, model_for(definition), now)


def publish_of(
    row: TypedRecord,
    kind: str,
    *,
    process_id: int,
    actor: Actor,
    changes: Changes | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write an event that concerns a record, with its snapshot and whose it is: by these live pages know who hears."""
    return publish(
        kind,
        actor=actor,
        process_id=process_id,
        record_id=row.pk,
        record_version=row.version,
        changes=changes,
        data={"snapshot": snapshot(row), "department": row.department_id, **(data or {})},
    )


def snapshot(row: TypedRecord) -> dict[str, Any]:
    """The record as plain JSON values: base keys and field keys together. Conditions and placeholders read it."""
    return {
        "title": row.title,
        "pipeline": row.pipeline_id,
        "stage": row.stage_id,
        "assignee": row.assignee_id,
        "author": row.author_id,
        "observers": row.observer_ids or None,
        **row.values(),
    }


def sync_catalogue(row: TypedRecord, **columns: Any) -> None:
    """Write the columns that stand in both tables to the catalogue."""
    Record.objects.filter(pk=row.pk).update(**columns)


def first_rank_in(writing: Writing, stage: StageDef) -> str | None:
    """The smallest rank in a stage, None when it is empty."""
    statement = sql.SQL("SELECT min(position) FROM {} WHERE stage_id = %s AND deleted_at IS NULL").format(
        sql.Identifier(writing.model._meta.db_table)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [stage.id])
        rank: str | None = cursor.fetchone()[0]
    return rank


def _id_of(process: int | str | Definition | Process, actor: Actor) -> int:
    """The id; for a key only of a process that the actor may see, so that nobody waits for the lock of another."""
    if isinstance(process, int):
        return process
    if isinstance(process, str):
        return visible_access(actor, process).definition.id
    return process.pk if isinstance(process, Process) else process.id
