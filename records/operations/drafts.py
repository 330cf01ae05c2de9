"""New records: first checked, then written, one or many in the same statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from fractional_indexing import generate_n_keys_between

from core.errors import Invalid, NotAllowed, NotFound
from events.models import Event
from events.publish import event_by, publish_many
from processes.definition_types import Definition, StageDef
from processes.models import Operation
from processes.queries import creating_pipelines
from records.gates import NOTHING, Passing
from records.models import Record, StageVisit
from records.operations.computed import begin_computed, compute
from records.operations.holding import hold
from records.operations.numbering import number_records
from records.operations.passing import Passed, require_open
from records.operations.places import promise, require_room
from records.operations.references import department_of
from records.operations.searching import write_words
from records.operations.timeline import add_comment
from records.operations.uniqueness import require_unique
from records.operations.values import Cleaned, clean_values, defaults_for
from records.operations.writing import (
    Writing,
    first_rank_in,
    snapshot,
    sync_catalogue,
)
from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A record that may be written: rights, values and required fields are checked."""

    row: TypedRecord
    stage: StageDef
    passed: Passed = field(default_factory=Passed)


def draft_record(
    writing: Writing, *, values: Mapping[str, Any], stage: int | str | None = None, passing: Passing = NOTHING
) -> RecordDraft:
    """Check a record to be; the gates from anywhere into its stage hold for it.

    Raises NotFound, NotAllowed, Invalid (messages per field), GatePending.
    """
    writing.access.require(Operation.CREATE)
    definition = writing.definition
    target = _beginning(writing) if stage is None else _stage(definition, stage)
    _require_create_in(writing, target)
    cleaned = clean_values(writing, values, begins=target).over(clean_values(writing, defaults_for(writing, values)))
    row = _new_row(writing, target, cleaned)
    if "assignee" in values and row.assignee_id != writing.actor.user_id:
        _require_assign(writing, row)
    passed = require_open(writing, row, target, passing, is_new=True)
    require_unique(writing, row)
    require_room(writing, target)
    promise(writing, target)
    return RecordDraft(row, target, passed)


def write_drafts(writing: Writing, drafts: Sequence[RecordDraft]) -> list[TypedRecord]:
    """Write records, each at the top of its stage, as if one came after another; their rows. Writes `record.created`.

    The number of statements does not depend on the number of records, but for those that have no title.
    """
    rows = [draft.row for draft in drafts]
    for draft in drafts:
        promise(writing, draft.stage, -1)
    _rank(writing, drafts)
    number_records(writing.definition, rows)
    _insert(writing, drafts)
    hold(writing, rows)
    visits = [
        StageVisit(
            record_id=draft.row.pk,
            process_id=writing.definition.id,
            stage_id=draft.stage.id,
            entered_at=writing.now,
            reason_id=draft.passed.reason_id,
        )
        for draft in drafts
    ]
    StageVisit.objects.bulk_create(visits)
    publish_many([_created(writing, draft, visit) for draft, visit in zip(drafts, visits, strict=True)])
    for draft in drafts:
        if draft.passed.comment:
            add_comment(writing.holding(draft.row), draft.row.pk, text=draft.passed.comment, actor=writing.actor)
    return rows


def _stage(definition: Definition, stage: int | str) -> StageDef:
    try:
        return definition.stage(stage)
    except NotFound as error:
        raise Invalid(error.message, {"stage": [error.message]}) from error


def _beginning(writing: Writing) -> StageDef:
    """Where a new record begins unless somebody says otherwise: the first pipeline that is open to its maker."""
    pipelines = creating_pipelines(writing.access) or writing.definition.pipelines
    return pipelines[0].first_stage


def _require_create_in(writing: Writing, stage: StageDef) -> None:
    """A pipeline may be closed to whoever makes records elsewhere; if they see nothing there, it is as if absent."""
    if writing.access.reach(Operation.CREATE, stage.id):
        return
    if not writing.access.reach(Operation.VIEW, stage.id):
        message = _("There is no such stage.")
        raise Invalid(message, {"stage": [message]})
    raise NotAllowed(_("You have no right to create records here."), operation=Operation.CREATE)


def _require_assign(writing: Writing, row: TypedRecord) -> None:
    """Who makes a record is responsible for it, unless they may say who is. Whether they will see it does not count."""
    if not writing.access.covers(Operation.ASSIGN, row):
        raise NotAllowed(_("You have no right to assign this record."), operation=Operation.ASSIGN)


def _new_row(writing: Writing, stage: StageDef, cleaned: Cleaned) -> TypedRecord:
    row = writing.model(
        assignee_id=writing.actor.user_id,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        author_id=writing.actor.user_id,
        editor_id=writing.actor.user_id,
        created_at=writing.now,
        updated_at=writing.now,
        stage_changed_at=writing.now,
        closed_at=None if stage.is_open else writing.now,
    )
    cleaned.put_on(row)
    row.department_id = writing.actor.department_id
    if row.assignee_id is not None:
        row.department_id = department_of(writing, row.assignee_id)
    return row


def _rank(writing: Writing, drafts: Sequence[RecordDraft]) -> None:
    """The last of a stage comes to its top."""
    by_stage: dict[int, list[RecordDraft]] = {}
    for draft in drafts:
        by_stage.setdefault(draft.stage.id, []).append(draft)
    for group in by_stage.values():
        first = first_rank_in(writing, group[0].stage)
        for draft, rank in zip(reversed(group), generate_n_keys_between(None, first, len(group)), strict=True):
            draft.row.position = rank


def _insert(writing: Writing, drafts: Sequence[RecordDraft]) -> None:
    """Catalogue and typed rows under the same ids; a record without a title is called by its noun and number."""
    entries = Record.objects.bulk_create([_entry(writing, draft) for draft in drafts])
    noun = writing.definition.noun
    for draft, entry in zip(drafts, entries, strict=True):
        draft.row.record_id = entry.pk
        if not draft.row.title:
            draft.row.title = f"{noun[:1].upper()}{noun[1:]} {entry.pk}"
            sync_catalogue(draft.row, title=draft.row.title)
        begin_computed(writing.definition, draft.row)
        compute(writing.definition, draft.row)
    _write_words(writing, drafts)
    writing.model.objects.bulk_create([draft.row for draft in drafts])


def _write_words(writing: Writing, drafts: Sequence[RecordDraft]) -> None:
    """The words of fields that are computed or numbered are known only now; nothing to do where none is searched."""
    if any(field.is_searchable for field in writing.definition.fields):
        write_words(writing.definition, [draft.row for draft in drafts])


def _entry(writing: Writing, draft: RecordDraft) -> Record:
    return Record(
        process_id=writing.definition.id,
        pipeline_id=draft.stage.pipeline_id,
        stage_id=draft.stage.id,
        title=draft.row.title,
        assignee_id=draft.row.assignee_id,
        author_id=draft.row.author_id,
        department_id=draft.row.department_id,
        observer_ids=draft.row.observer_ids,
        is_open=draft.stage.is_open,
        created_at=writing.now,
    )


def _created(writing: Writing, draft: RecordDraft, visit: StageVisit) -> Event:
    row = draft.row
    shot = snapshot(row)
    return event_by(
        writing.actor,
        "record.created",
        process_id=writing.definition.id,
        record_id=row.pk,
        record_version=row.version,
        changes={key: (None, value) for key, value in shot.items() if value is not None},
        data={
            "snapshot": shot,
            "department": row.department_id,
            "stage": visit.stage_id,
            "visit": visit.pk,
            **draft.passed.data,
        },
    )
