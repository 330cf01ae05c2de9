"""Making, changing, binning and restoring records: the one way to do so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid
from processes.models import Operation
from records.gates import NOTHING, Passing
from records.operations.computed import compute
from records.operations.drafts import draft_record, write_drafts
from records.operations.holding import hold
from records.operations.places import require_room
from records.operations.references import department_of
from records.operations.searching import is_searched, write_words
from records.operations.uniqueness import require_unique
from records.operations.values import asked_of, clean_values
from records.operations.writing import ProcessRef, Writing, begin, one_change, snapshot, sync_catalogue
from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class Filed:
    """The department of a record, by id; None for none."""

    department_id: int | None


@one_change
def create_record(
    process: ProcessRef,
    *,
    values: Mapping[str, Any],
    actor: Actor,
    stage: int | str | None = None,
    passing: Passing = NOTHING,
) -> TypedRecord:
    """Create a record at the top of a stage (the first one unless given) and return it.

    The gates from anywhere into that stage hold for it too; `passing` is what comes along for them.
    `values` holds JSON values by field key, and `title`, `assignee` (an id; the actor when absent), `observers` (ids).
    Writes `record.created`. Raises NotFound, NotAllowed, Invalid (messages per field), GatePending.
    """
    writing = begin(process, actor=actor)
    return write_drafts(writing, [draft_record(writing, values=values, stage=stage, passing=passing)])[0]


@one_change
def update_record(
    process: ProcessRef,
    record_id: int,
    *,
    values: Mapping[str, Any],
    actor: Actor,
    version: int | None = None,
    filed: Filed | None = None,
) -> TypedRecord:
    """Change values of a record and return it; `version` is the one the caller saw.

    Its department follows a new assignee, unless `filed` says under which it goes back.
    A change that changes nothing writes nothing. Writes `record.updated` with before and after of each field.
    Raises NotFound, NotAllowed, Stale, Invalid.
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version)
    left = row.department_id
    changes, attributes = change_values(writing, row, values)
    if not changes:
        return row
    if filed is not None:
        row.department_id = filed.department_id
        attributes.append("department_id")
    _save(writing, row, attributes)
    hold(writing, [row], changes)
    if is_searched(writing.definition, changes):
        write_words(writing.definition, [row])
    if {"title", "assignee", "observers"} & changes.keys():
        owners = {"assignee_id": row.assignee_id, "department_id": row.department_id}
        sync_catalogue(row, title=row.title, observer_ids=row.observer_ids, **owners)
    moved = {"left_department": left} if row.department_id != left else {}
    writing.publish("record.updated", row, changes=changes, data=moved)
    return row


@one_change
def watch_record(process: ProcessRef, record_id: int, *, watches: bool, actor: Actor) -> TypedRecord:
    """Let the actor watch a record, or cease to; whoever sees it may. Writes `record.updated`. Raises NotFound."""
    writing = begin(process, actor=actor)
    row = writing.row(record_id)
    others = [person for person in row.observer_ids or () if person != actor.user_id]
    me = [actor.user_id] if watches and actor.user_id is not None else []
    return update_record(writing.holding(row), record_id, values={"observers": [*others, *me]}, actor=writing.actor)


@one_change
def delete_record(process: ProcessRef, record_id: int, *, actor: Actor, version: int | None = None) -> None:
    """Put a record into the bin. Writes `record.deleted`. Raises NotFound, NotAllowed, Stale."""
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version)
    writing.access.require(Operation.DELETE, row)
    row.deleted_at = writing.now
    _save(writing, row, ["deleted_at"])
    sync_catalogue(row, deleted_at=row.deleted_at)
    writing.publish("record.deleted", row)


@one_change
def restore_record(process: ProcessRef, record_id: int, *, actor: Actor, version: int | None = None) -> TypedRecord:
    """Take a record out of the bin, where it was. Writes `record.restored`.

    Raises NotFound, NotAllowed, Stale, StageFull, Invalid (another record has a value of it meanwhile that none may
    share).
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version, in_bin=True)
    require_unique(writing, row)
    require_room(writing, row.stage)
    row.deleted_at = None
    _save(writing, row, ["deleted_at"])
    sync_catalogue(row, deleted_at=None)
    writing.publish("record.restored", row)
    return row


def change_values(
    writing: Writing, row: TypedRecord, values: Mapping[str, Any]
) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Check a change and make it on the row, unsaved: before and after of what changed, and the attributes touched.

    Raises NotFound, NotAllowed, Invalid.
    """
    if set(values) == {"assignee"}:
        writing.access.require(Operation.ASSIGN, row)
    elif set(values) != {"observers"}:
        writing.access.require(Operation.UPDATE, row)
    cleaned = clean_values(writing, values, row)
    if set(values) == {"observers"} and not _concerns_only_oneself(writing, row, cleaned.base["observer_ids"]):
        writing.access.require(Operation.UPDATE, row)
    if cleaned.base.get("assignee_id", row.assignee_id) != row.assignee_id:
        writing.access.require(Operation.ASSIGN, row)
    before = snapshot(row)
    attributes = cleaned.put_on(row)
    if cleaned.base.get("assignee_id") is not None and before["assignee"] != row.assignee_id:
        row.department_id = department_of(writing, cleaned.base["assignee_id"])
        attributes.append("department_id")
    if "title" in cleaned.base and not row.title:
        raise Invalid(_("A record has a title."), {"title": [_("Fill this in.")]})
    attributes += compute(writing.definition, row)
    changes = _changes(before, snapshot(row))
    _require_kept(writing, row, changes)
    require_unique(writing, row, [field for field in writing.definition.fields if field.key in changes])
    return changes, attributes


def _concerns_only_oneself(writing: Writing, row: TypedRecord, observers: list[int] | None) -> bool:
    """Whether nobody but the actor begins or ceases to watch: whoever sees a record may watch it."""
    return set(observers or ()) ^ set(row.observer_ids or ()) <= {writing.actor.user_id}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (old, after[key]) for key, old in before.items() if old != after[key]}


def _require_kept(writing: Writing, row: TypedRecord, changes: Mapping[str, Any]) -> None:
    """A required field may not be emptied; one that was empty before the rule came may stay so for now."""
    required = [field for field in writing.definition.required_in(row.stage) if field.key in changes]
    is_asked = asked_of(writing, row)
    emptied = [field for field in required if row.value(field) is None and is_asked(field)]
    if emptied:
        raise Invalid(_("Some required fields are empty."), {field.key: [_("Fill this in.")] for field in emptied})


def _save(writing: Writing, row: TypedRecord, attributes: list[str]) -> None:
    row.version += 1
    row.editor_id = writing.actor.user_id
    row.updated_at = writing.now
    row.save(update_fields=[*attributes, "version", "editor_id", "updated_at"])
