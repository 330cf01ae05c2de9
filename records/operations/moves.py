"""Moving a record: to another stage through the stage machine, or to another place in its column."""

from typing import Any

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed
from processes.definition_types import StageDef
from processes.formulas import formulas_of
from processes.models import Operation
from processes.permissions import Place
from records.gates import NOTHING, Passage, Passing
from records.models import StageVisit
from records.operations.computed import compute
from records.operations.passing import Passed, require_open
from records.operations.places import require_room
from records.operations.ranks import rank_at
from records.operations.records import update_record
from records.operations.rehousing import moved_between
from records.operations.timeline import add_comment
from records.operations.writing import ProcessRef, Writing, begin, one_change, sync_catalogue
from records.typed import TypedRecord


class MoveRefused(NotAllowed):
    """The map of the pipeline has no such move."""

    code = "move_refused"


@one_change
def move_record(
    process: ProcessRef,
    record_id: int,
    *,
    to: int | str,
    actor: Actor,
    version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    passing: Passing = NOTHING,
) -> TypedRecord:
    """Move a record to the stage `to` (id or key, “pipeline.stage” for another pipeline) and return it.

    It is placed below the record `after`, else above the record `before`, else at the top. Within its own stage only
    the place changes, and the version stays. What comes along in `passing` is taken in first: values as an update of
    their own, a comment as a comment; then the gates are looked at, and what they refuse takes all of it back.
    Writes `record.moved` (or `record.reordered`), before it `record.updated` and `comment.added` of what came along;
    closes the stage visit and opens the next. Raises NotFound, NotAllowed, MoveRefused, Stale, GatePending (all that
    is missing), StageFull, Invalid (an unknown stage, wrong values), Conflict (terms for a stage where the record
    stands, no room between two records while others write them).
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id, version=version)
    source = row.stage
    target, passed = change_stage(writing, row, to, passing)
    row.position = rank_at(writing, row, target, after=after, before=before)
    if target.id == source.id:
        row.save(update_fields=["position"])
        writing.publish("record.reordered", row, data={"stage": target.id})
        return row
    computed = _save(writing, row, target)
    visit = _visit(writing, row, target, passed.reason_id)
    writing.publish(
        "record.moved",
        row,
        changes={**moved_between(source, target), **computed},
        data={"stage": target.id, "from": source.id, "visit": visit.pk, **passed.data},
    )
    return row


def change_stage(
    writing: Writing, row: TypedRecord, to: int | str, passing: Passing = NOTHING
) -> tuple[StageDef, Passed]:
    """Check a move and make it on the row, unsaved: the stage where it stands now, and what the history is to say.

    Into another pipeline one may move any record that one may move in both. Raises NotFound, NotAllowed, MoveRefused,
    GatePending, StageFull, Invalid (an unknown stage), Conflict (a process without stages).
    """
    writing.access.require(Operation.MOVE, row)
    if not writing.definition.has_stages:
        raise Conflict(_("This process has no stages."))
    target = _target(writing, row, to)
    if target.id == row.stage_id:
        if passing:
            raise Conflict(_("The record stands in this stage already; nothing was taken over."))
        return target, Passed()
    _require_on_map(row, target)
    row = _bring(writing, row, passing)
    passed = require_open(writing, row, target, passing)
    require_room(writing, target)
    row.move_to(target, Passage(writing.access, passing))
    return target, passed


def _bring(writing: Writing, row: TypedRecord, passing: Passing) -> TypedRecord:
    """Take in the values and the comment that come along, by the operations that everybody uses for them."""
    held = writing.holding(row)
    if passing.values:
        row = update_record(held, row.pk, values=passing.values, actor=writing.actor)
    if passing.comment.strip():
        add_comment(held, row.pk, text=passing.comment, actor=writing.actor)
    return row


def _target(writing: Writing, row: TypedRecord, to: int | str) -> StageDef:
    """The stage meant by id, by key within the record's pipeline, or by “pipeline.stage”."""
    definition = writing.definition
    own = definition.pipeline_by_id[row.pipeline_id]
    for stage in own.stages:
        if to in (stage.id, stage.key):
            return stage
    for pipeline in definition.pipelines:
        for stage in pipeline.stages:
            if to in (stage.id, f"{pipeline.key}.{stage.key}"):
                return _elsewhere(writing, row, stage)
    raise _no_such_stage()


def _elsewhere(writing: Writing, row: TypedRecord, stage: StageDef) -> StageDef:
    """A stage of another pipeline, where the actor must have the right to move as well."""
    there = Place.of(row, stage.id)
    if stage.pipeline_id != row.pipeline_id:
        if not writing.access.reach(Operation.VIEW, stage.id):
            raise _no_such_stage()
        writing.access.require(Operation.MOVE, there)
    return stage


def _no_such_stage() -> Invalid:
    message = _("There is no such stage in this pipeline.")
    return Invalid(message, {"stage": [message]})


def _require_on_map(row: TypedRecord, target: StageDef) -> None:
    source = row.stage
    if target.pipeline_id != row.pipeline_id:
        return
    if target.id not in row.definition.pipeline_by_id[row.pipeline_id].targets[source.id]:
        raise MoveRefused(
            _("A record cannot go from “%(source)s” to “%(target)s”.") % {"source": source.name, "target": target.name},
            source=source.key,
            target=target.key,
        )


def _save(writing: Writing, row: TypedRecord, target: StageDef) -> dict[str, tuple[Any, Any]]:
    """Save the move; what it changed in computed values, before and after."""
    before = row.values() if formulas_of(writing.definition) else {}
    row.version += 1
    row.editor_id = writing.actor.user_id
    row.updated_at = row.stage_changed_at = writing.now
    row.closed_at = None if target.is_open else writing.now
    computed = compute(writing.definition, row)
    row.save(
        update_fields=[
            "pipeline_id",
            "stage_id",
            "position",
            "version",
            "editor_id",
            "updated_at",
            "stage_changed_at",
            "closed_at",
            *computed,
        ]
    )
    sync_catalogue(row, pipeline_id=target.pipeline_id, stage_id=target.id, is_open=target.is_open)
    after = row.values() if before else {}
    return {key: (before[key], value) for key, value in after.items() if before[key] != value}


def _visit(writing: Writing, row: TypedRecord, target: StageDef, reason_id: int | None) -> StageVisit:
    StageVisit.objects.filter(record_id=row.pk, left_at=None).update(left_at=writing.now)
    return StageVisit.objects.create(
        record_id=row.pk,
        process_id=writing.definition.id,
        stage_id=target.id,
        entered_at=writing.now,
        reason_id=reason_id,
    )
