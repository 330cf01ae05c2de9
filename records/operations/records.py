"""Making, changing, binning and restoring records: the one way to do so."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from fractional_indexing import generate_key_between

from core.actor import Actor
from core.errors import Invalid, NotFound
from processes.definition_types import Definition, StageDef
from processes.models import Operation
from records.models import Record, StageVisit
from records.operations.writing import (
    ProcessRef,
    Writing,
    begin,
    clean_values,
    first_rank_in,
    require_filled,
    snapshot,
    sync_catalogue,
)
from records.typed import TypedRecord


@transaction.atomic
def create_record(
    process: ProcessRef, *, values: Mapping[str, Any], actor: Actor, stage: int | str | None = None
) -> TypedRecord:
    """Create a record at the top of a stage (the first one unless given) and return it.

    `values` holds JSON values by field key, and `title` and `assignee` (an id; the actor when absent).
    Writes `record.created`. Raises NotFound, NotAllowed, Invalid (messages per field).
    """
    writing = begin(process, actor=actor)
    writing.access.require(Operation.CREATE)
    definition = writing.definition
    target = definition.default_pipeline.first_stage if stage is None else _stage(definition, stage)
    cleaned = {"assignee_id": actor.user_id, **clean_values(writing, values)}
    row = _new_row(writing, target, cleaned)
    require_filled(definition, row)
    _insert(writing, row, target)
    visit = StageVisit.objects.create(
        record_id=row.pk, process_id=definition.id, stage_id=target.id, entered_at=writing.now
    )
    changes = {key: (None, value) for key, value in snapshot(row).items() if value is not None}
    writing.publish("record.created", row, changes=changes, data={"stage": target.id, "visit": visit.pk})
    return row


@transaction.atomic
def update_record(
    process: ProcessRef,
    record_id: int,
    *,
    values: Mapping[str, Any],
    actor: Actor,
    version: int | None = None,
) -> TypedRecord:
    """Change values of a record and return it; `version` is the one the caller saw.

    A change that changes nothing writes nothing. Writes `record.updated` with before and after of each field.
    Raises NotFound, NotAllowed, Stale, Invalid.
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version)
    if set(values) == {"assignee"}:
        writing.access.require(Operation.ASSIGN, row)
    else:
        writing.access.require(Operation.UPDATE, row)
    cleaned = clean_values(writing, values)
    if cleaned.get("assignee_id", row.assignee_id) != row.assignee_id:
        writing.access.require(Operation.ASSIGN, row)
    before = snapshot(row)
    for name, value in cleaned.items():
        setattr(row, name, value)
    if "title" in cleaned and not row.title:
        raise Invalid(_("A record has a title."), {"title": [_("Fill this in.")]})
    changes = _changes(before, snapshot(row))
    if not changes:
        return row
    _require_kept(writing.definition, row, changes)
    _save(writing, row, list(cleaned))
    if {"title", "assignee"} & changes.keys():
        sync_catalogue(row, title=row.title, assignee_id=row.assignee_id)
    writing.publish("record.updated", row, changes=changes)
    return row


@transaction.atomic
def delete_record(process: ProcessRef, record_id: int, *, actor: Actor, version: int | None = None) -> None:
    """Put a record into the bin. Writes `record.deleted`. Raises NotFound, NotAllowed, Stale."""
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version)
    writing.access.require(Operation.DELETE, row)
    row.deleted_at = writing.now
    _save(writing, row, ["deleted_at"])
    sync_catalogue(row, deleted_at=row.deleted_at)
    writing.publish("record.deleted", row)


@transaction.atomic
def restore_record(process: ProcessRef, record_id: int, *, actor: Actor) -> TypedRecord:
    """Take a record out of the bin, where it was. Writes `record.restored`. Raises NotFound, NotAllowed."""
    writing = begin(process, actor=actor)
    row = writing.row(record_id, in_bin=True)
    row.deleted_at = None
    _save(writing, row, ["deleted_at"])
    sync_catalogue(row, deleted_at=None)
    writing.publish("record.restored", row)
    return row


def _stage(definition: Definition, stage: int | str) -> StageDef:
    try:
        return definition.stage(stage)
    except NotFound as error:
        raise Invalid(error.message, {"stage": [error.message]}) from error


def _new_row(writing: Writing, stage: StageDef, cleaned: dict[str, Any]) -> TypedRecord:
    rank = generate_key_between(None, first_rank_in(writing, stage))
    return writing.model(
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        position=rank,
        author_id=writing.actor.user_id,
        editor_id=writing.actor.user_id,
        created_at=writing.now,
        updated_at=writing.now,
        stage_changed_at=writing.now,
        closed_at=None if stage.is_open else writing.now,
        **cleaned,
    )


def _insert(writing: Writing, row: TypedRecord, stage: StageDef) -> None:
    """Catalogue and typed row under one id; a record without a title is called by its noun and number."""
    entry = Record.objects.create(
        process_id=writing.definition.id,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        title=row.title,
        assignee_id=row.assignee_id,
        author_id=row.author_id,
        is_open=stage.is_open,
        created_at=writing.now,
    )
    row.record_id = entry.pk
    if not row.title:
        noun = writing.definition.noun
        row.title = f"{noun[:1].upper()}{noun[1:]} {entry.pk}"
        sync_catalogue(row, title=row.title)
    row.save(force_insert=True)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (old, after[key]) for key, old in before.items() if old != after[key]}


def _require_kept(definition: Definition, row: TypedRecord, changes: Mapping[str, Any]) -> None:
    """A required field may not be emptied; one that was empty before the rule came may stay so for now."""
    emptied = [
        field for field in definition.fields if field.required and field.key in changes and row.value(field) is None
    ]
    if emptied:
        raise Invalid(_("Some required fields are empty."), {field.key: [_("Fill this in.")] for field in emptied})


def _save(writing: Writing, row: TypedRecord, attributes: list[str]) -> None:
    row.version += 1
    row.editor_id = writing.actor.user_id
    row.updated_at = writing.now
    row.save(update_fields=[*attributes, "version", "editor_id", "updated_at"])
