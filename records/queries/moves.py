"""Where a record may go from where it stands, what that asks for, and why not elsewhere."""

from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from processes.definition_types import PipelineDef, ReasonDef, StageDef
from processes.models import Operation, Process
from processes.permissions import Access, Place
from records.gates import Passage, Terms, obstacles_to, reasons_for
from records.operations.passing import summary, told_terms
from records.operations.places import StageFull
from records.typed import TypedRecord, model_for

NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class PossibleMove:
    """A stage as a target: whether one may go there, and what is still missing for it."""

    stage: StageDef
    why_not: str
    """Empty where one may go, perhaps after giving what is missing."""
    asks: str
    """What is missing, in words."""
    terms: Terms = NO_TERMS
    reasons: tuple[ReasonDef, ...] = ()
    """The reasons that may be given for ending there."""
    can_override: bool = False


def why_locked(access: Access) -> str:
    """Why no record of the process can be changed just now; empty when they can."""
    if access.definition.status != Process.Status.PUBLISHED:
        return _("This process is not in use; its records cannot be changed.")
    return ""


def moves_of(access: Access, row: TypedRecord) -> tuple[PossibleMove, ...]:
    """Every other stage of the record's pipeline as a target. A query where a gate is closed to one's roles,
    and one where a stage has a hard limit.
    """
    at_once, full = row.open_stages(access), _full_stages(access, row)
    return tuple(
        _move(access, row, stage, is_open=stage.id in at_once, is_full=stage.id in full)
        for stage in access.definition.pipeline_by_id[row.pipeline_id].stages
        if stage.id != row.stage_id
    )


def moves_elsewhere(access: Access, row: TypedRecord) -> tuple[tuple[PipelineDef, tuple[PossibleMove, ...]], ...]:
    """The stages of other pipelines as targets, as far as one sees into them; pipelines without any are left out."""
    at_once, full = row.open_stages(access), _full_stages(access, row)
    found = (
        (
            pipeline,
            tuple(
                _move(access, row, stage, is_open=stage.id in at_once, is_full=stage.id in full)
                for stage in pipeline.stages
                if access.reach(Operation.VIEW, stage.id)
            ),
        )
        for pipeline in access.definition.pipelines
        if pipeline.id != row.pipeline_id
    )
    return tuple((pipeline, moves) for pipeline, moves in found if moves)


def move_to(access: Access, row: TypedRecord, stage_id: int) -> PossibleMove | None:
    """One stage as a target; None for the record's own stage and for stages that are absent to the actor."""
    others = [move for _pipeline, moves in moves_elsewhere(access, row) for move in moves]
    return next((move for move in (*moves_of(access, row), *others) if move.stage.id == stage_id), None)


def _full_stages(access: Access, row: TypedRecord) -> frozenset[int]:
    """Other stages that take no more records just now; the move itself counts anew, under its lock."""
    limited = {
        stage.id: stage.limit
        for stage in access.definition.stage_by_id.values()
        if stage.is_limit_hard and stage.limit is not None and stage.id != row.stage_id
    }
    if not limited:
        return frozenset()
    standing = model_for(access.definition).objects.filter(stage_id__in=limited, deleted_at=None).order_by()
    counted = standing.values_list("stage_id").annotate(Count("pk"))
    return frozenset(stage_id for stage_id, count in counted if count >= limited[stage_id])


def _move(access: Access, row: TypedRecord, stage: StageDef, *, is_open: bool, is_full: bool) -> PossibleMove:
    pipeline = access.definition.pipeline_by_id[stage.pipeline_id]
    if reason := why_locked(access) or _off_limits(access, row, stage):
        return PossibleMove(stage, reason, "")
    if is_full:
        return PossibleMove(stage, str(StageFull.of(stage).message), "")
    reasons = reasons_for(pipeline, stage)
    can_override = access.covers(Operation.OVERRIDE, row)
    if is_open:
        return PossibleMove(stage, "", "", reasons=reasons, can_override=can_override)
    terms = Passage(access).terms(row, stage)
    asks = summary(stage.name, told_terms(access, row, terms, can_override=can_override))
    is_closed = obstacles_to(access, row, terms).is_final and not can_override
    return PossibleMove(stage, asks if is_closed else "", asks, terms, reasons, can_override)


def _off_limits(access: Access, row: TypedRecord, stage: StageDef) -> str:
    """What neither terms nor an override can change."""
    if not access.covers(Operation.MOVE, row):
        return _("You have no right to move this record.")
    if stage.pipeline_id != row.pipeline_id:
        there = Place.of(row, stage.id)
        return "" if access.covers(Operation.MOVE, there) else _("You have no right to move records there.")
    if stage.id not in access.definition.pipeline_by_id[row.pipeline_id].targets[row.stage_id]:
        names = {"source": row.stage.name, "target": stage.name}
        return _("A record cannot go from “%(source)s” to “%(target)s”.") % names
    return ""
