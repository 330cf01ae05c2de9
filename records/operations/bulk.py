"""Many changes in one call, all in one transaction: new records in shared statements, others each by its operation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid, SmartCRMError
from processes.models import Operation, Stage
from records.gates import NOTHING, Passing
from records.operations.drafts import RecordDraft, draft_record, write_drafts
from records.operations.moves import move_record
from records.operations.passing import GatePending
from records.operations.places import hold_places
from records.operations.records import Filed, delete_record, restore_record, update_record
from records.operations.references import know_all
from records.operations.writing import ProcessRef, Writing, begin, refusing_taken
from records.typed import TypedRecord

MOST = 1_000


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change to be: a record to create (`record_id` is None), to update, to move, to delete or to restore."""

    record_id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    filed: Filed | None = None
    """Where a record to update goes back to, as its assignee does."""
    stage: int | None = None
    places: Mapping[int, int] = field(default_factory=dict)
    """Where a record to move goes, by the stage where it stands."""
    version: int | None = None
    delete: bool = False
    restore: bool = False
    to: int | str | None = None
    """The stage to move to."""
    passing: Passing = NOTHING
    """What comes along for gates, of a move or a new record."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change: the record as it is now (None for a deleted one), or why it was refused."""

    row: TypedRecord | None = None
    error: SmartCRMError | None = None
    version: int | None = None
    """The record's version, where this has changed it."""

    @property
    def reason(self) -> str:
        """Why it was refused, in one sentence: what is said of the fields, or else of the whole."""
        if isinstance(self.error, GatePending) or not isinstance(self.error, Invalid):
            return str(self.error.message) if self.error is not None else ""
        said = [str(text) for texts in self.error.fields.values() for text in texts]
        return " ".join(dict.fromkeys(said)) or str(self.error.message)


@refusing_taken()
@transaction.atomic
def change_records(
    process: ProcessRef, changes: Sequence[RecordChange | SmartCRMError], *, actor: Actor
) -> list[Outcome]:
    """Do what can be done and tell of each change what became of it, in order.

    A refused change leaves no trace and stops no other; an error in the place of a change is its outcome. Each needs
    the right that it needs alone, all together the right to change many. Writes the events of the single operations.
    Raises NotFound, NotAllowed, Conflict about the process, Invalid for too many changes.
    """
    if len(changes) > MOST:
        raise Invalid(_("At most %d changes in one call.") % MOST)
    writing = begin(process, actor=actor)
    writing.access.require(Operation.BULK)
    versions = _lock_in_order(writing.model, changes)
    hold_places(writing, {stage for change in changes for stage in _entered(writing, change)})
    singly = partial(_done_singly, versions=versions)
    outcomes: list[Outcome] = []
    know_all(writing, (change.values for change in changes if isinstance(change, RecordChange)))
    for is_new, group in groupby(changes, key=_is_new):
        outcomes += (_created if is_new else singly)(writing, group)
    return outcomes


def _lock_in_order(model: Any, changes: Sequence[RecordChange | SmartCRMError]) -> dict[int, int]:
    """Lock all rows by id, so that two calls over the same rows wait for each other instead of dead-locking; their
    versions."""
    ids = {change.record_id for change in changes if isinstance(change, RecordChange)} - {None}
    if not ids:
        return {}
    return dict(model.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", "version"))


def _entered(writing: Writing, change: RecordChange | SmartCRMError) -> Iterable[int]:
    """Ids of the stages into which a change may bring a record; of a key alone, in every pipeline that has it."""
    definition = writing.definition
    if isinstance(change, SmartCRMError):
        return ()
    if change.record_id is None:
        return (definition.default_pipeline.first_stage.id if change.stage is None else change.stage,)
    if change.to is None:
        return change.places.values()
    key = str(change.to).rpartition(".")[2]
    return [stage.id for stage in definition.stage_by_id.values() if key in (stage.key, str(stage.id))]


def _is_new(change: RecordChange | SmartCRMError) -> bool:
    return isinstance(change, RecordChange) and change.record_id is None


def _created(writing: Writing, changes: Iterable[Any]) -> list[Outcome]:
    """New records that follow each other: checked one by one, written together."""
    outcomes: list[Outcome] = []
    drafts: list[RecordDraft] = []
    for change in changes:
        try:
            drafts.append(draft_record(writing, values=change.values, stage=change.stage, passing=change.passing))
        except SmartCRMError as error:
            outcomes.append(Outcome(error=error))
        else:
            outcomes.append(Outcome(row=drafts[-1].row, version=1))
    if drafts:
        write_drafts(writing, drafts)
    return outcomes


def _done_singly(
    writing: Writing, changes: Iterable[RecordChange | SmartCRMError], versions: dict[int, int]
) -> list[Outcome]:
    return [_outcome(writing, change, versions) for change in changes]


def _outcome(writing: Writing, change: RecordChange | SmartCRMError, versions: dict[int, int]) -> Outcome:
    """What became of a change to a present record; `versions` goes along."""
    if isinstance(change, SmartCRMError):
        return Outcome(error=change)
    assert change.record_id is not None
    try:
        row = _done(writing, change)
    except SmartCRMError as error:
        return Outcome(error=error)
    before = versions.get(change.record_id)
    versions[change.record_id] = (before or 0) + 1 if row is None else row.version
    return Outcome(row, version=None if versions[change.record_id] == before else versions[change.record_id])


def _done(writing: Writing, change: RecordChange) -> TypedRecord | None:
    assert change.record_id is not None
    process, actor = writing.definition.id, writing.actor
    if change.to is not None:
        passing = change.passing
        return move_record(
            process, change.record_id, to=change.to, passing=passing, version=change.version, actor=actor
        )
    if change.places:
        return _moved_by_places(writing, change, change.record_id)
    if change.delete:
        delete_record(process, change.record_id, version=change.version, actor=actor)
        return None
    if change.restore:
        return restore_record(process, change.record_id, version=change.version, actor=actor)
    values, version = change.values, change.version
    return update_record(process, change.record_id, values=values, version=version, filed=change.filed, actor=actor)


def _moved_by_places(writing: Writing, change: RecordChange, record_id: int) -> TypedRecord:
    """A record that stands where it is to go stays as it is; a reason goes along to failures alone."""
    row = writing.row(record_id)
    if row.stage_id not in change.places:
        message = _("Nothing is said of where records of “%s” go.") % row.stage.name
        raise Invalid(message, {"stages": [message]})
    to, passing = change.places[row.stage_id], change.passing
    if to == row.stage_id:
        return row
    stage = writing.definition.stage_by_id.get(to)
    if stage is not None and stage.kind != Stage.Kind.LOST:
        passing = replace(passing, reason=None)
    process, actor = writing.definition.id, writing.actor
    return move_record(process, record_id, to=to, passing=passing, version=change.version, actor=actor)
