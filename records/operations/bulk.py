"""Many changes in one call: each through the operation of its own, all in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid, SmartCRMError
from records.operations.records import create_record, delete_record, update_record
from records.operations.writing import ProcessRef, begin
from records.typed import TypedRecord

MOST = 1_000


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change to be: a record to create (`record_id` is None), to update or to delete."""

    record_id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    stage: int | None = None
    version: int | None = None
    delete: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change: the record as it is now (None for a deleted one), or why it was refused."""

    row: TypedRecord | None = None
    error: SmartCRMError | None = None


@transaction.atomic
def change_records(
    process: ProcessRef, changes: Sequence[RecordChange | SmartCRMError], *, actor: Actor
) -> list[Outcome]:
    """Do what can be done and tell of each change what became of it, in order.

    A refused change leaves no trace and stops no other; an error in the place of a change is its outcome. Writes the
    events of the single operations. Raises NotFound, Conflict about the process, Invalid for too many changes.
    """
    if len(changes) > MOST:
        raise Invalid(_("At most %d changes in one call.") % MOST)
    writing = begin(process, actor=actor)
    _lock_in_order(writing.model, changes)
    return [_outcome(writing.definition.id, change, actor) for change in changes]


def _lock_in_order(model: Any, changes: Sequence[RecordChange | SmartCRMError]) -> None:
    """Lock all rows by id, so that two calls over the same rows wait for each other instead of dead-locking."""
    ids = {change.record_id for change in changes if isinstance(change, RecordChange)} - {None}
    if ids:
        list(model.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))


def _outcome(process_id: int, change: RecordChange | SmartCRMError, actor: Actor) -> Outcome:
    if isinstance(change, SmartCRMError):
        return Outcome(error=change)
    try:
        return Outcome(row=_done(process_id, change, actor))
    except SmartCRMError as error:
        return Outcome(error=error)


def _done(process_id: int, change: RecordChange, actor: Actor) -> TypedRecord | None:
    if change.record_id is None:
        return create_record(process_id, values=change.values, stage=change.stage, actor=actor)
    if change.delete:
        delete_record(process_id, change.record_id, version=change.version, actor=actor)
        return None
    return update_record(process_id, change.record_id, values=change.values, version=change.version, actor=actor)
