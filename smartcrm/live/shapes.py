"""When an open page must be drawn anew: its process has other stages now, or other rights in it."""

from typing import Any

from processes.definition_types import StageDef
from processes.models import Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from smartcrm.live.messages import Watcher


def changed_for(before: Watcher, now: Watcher) -> list[str]:
    """Keys of the processes that the watcher saw and does not see any more, or sees another picture of.

    What happens to what is hidden is no change.
    """
    pairs = ((access, now.accesses.get(process_id)) for process_id, access in before.accesses.items())
    return [old.definition.key for old, new in pairs if new is None or not _are_alike(old, new)]


def _are_alike(old: Access, new: Access) -> bool:
    is_untouched = old.definition.version == new.definition.version and _rights(old) == _rights(new)
    return is_untouched or _shape(old) == _shape(new)


def _rights(access: Access) -> tuple[Any, ...]:
    return access.reaches, access.by_stage, access.limits, _departments(access)


def _departments(access: Access) -> tuple[Any, ...]:
    return access.actor.department_id, access.actor.departments_below


def _shape(access: Access) -> tuple[Any, ...]:
    """The stages that the actor knows of, and on whose records they may do what there, with which answers."""
    definition, limits = access.definition, access.limits
    pipelines = visible_pipelines(access)
    stages = [stage.id for one in pipelines for stage in one.stages] or [*definition.stage_by_id]
    fields = access.readable_fields
    known = {field.key for field in fields}
    levels = limits.readings, limits.editings
    return (
        definition.status,
        definition.has_stages,
        [(one.id, one.name, one.targets, [_look(stage, known) for stage in one.stages]) for one in pipelines],
        {operation: [access.reach(operation, stage) for stage in stages] for operation in Operation.values},
        {field.id: [places.get(field.id, {}).get(stage) for places in levels for stage in stages] for field in fields},
        _departments(access),
    )


def _look(stage: StageDef, known: set[str]) -> tuple[Any, ...]:
    limits = stage.limit, stage.is_limit_hard, stage.time_limit
    return stage.id, stage.name, stage.kind, stage.color, stage.hint, *limits, known.intersection(stage.locked_fields)
