"""How far rights reach: whose records a role may do something with, stage by stage, and which of their answers.

Rights add up by role: what one role shows of its records never mixes with the records that another role shows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import NamedTuple

from processes.definition_types import Definition, Differing, FieldDef, PipelineDef
from processes.models import FieldLevel, Operation, Scope
from processes.models.access import OF_PIPELINES

Scopes = dict[int, dict[str, dict[int, int]]]
"""Role id → operation → id of a place → scope."""


class Reach(NamedTuple):
    """Whose records; a wider one holds all that a narrower one does."""

    scope: int = Scope.NONE
    """A step of the ladder, from NONE to ALL."""
    with_unassigned: bool = False
    """Whether records that nobody is responsible for are among them."""

    def __bool__(self) -> bool:
        return self.scope > Scope.NONE or self.with_unassigned

    @classmethod
    def of(cls, scope: int) -> "Reach":
        """What a granted scope means."""
        return cls(scope % Scope.UNASSIGNED, scope >= Scope.UNASSIGNED)

    def joined(self, other: "Reach") -> "Reach":
        """Everything that either holds. All records are always said in the same way, so that reaches compare."""
        scope = max(self.scope, other.scope)
        return Reach(scope, scope < Scope.ALL and (self.with_unassigned or other.with_unassigned))


NOWHERE = Reach()
EVERYWHERE = Reach(Scope.ALL)


def stage_grants_of(
    general: Mapping[int, Mapping[str, int]],
    by_pipeline: Differing,
    by_stage: Differing,
    pipelines: Iterable[PipelineDef],
    *,
    everywhere: frozenset[int] = frozenset(),
) -> Scopes:
    """What holds in single stages instead of what holds in the process: what is said of the stage, or else of its
    pipeline; and in a closed pipeline nothing but what is said there, unless the role is one of those in `everywhere`.
    """
    found: Scopes = {}
    for pipeline in pipelines:
        stages = [stage.id for stage in pipeline.stages]
        for role_id, scopes in general.items() if not pipeline.is_open else ():
            for closed in scopes.keys() & OF_PIPELINES if role_id not in everywhere else ():
                _put(found, role_id, closed, dict.fromkeys(stages, Scope.NONE))
        for role_id, operations in by_pipeline.items():
            for operation, places in operations.items():
                if pipeline.id in places:
                    _put(found, role_id, operation, dict.fromkeys(stages, places[pipeline.id]))
    for role_id, operations in by_stage.items():
        for operation, places in operations.items():
            _put(found, role_id, operation, places)
    return found


def _put(found: Scopes, role_id: int, operation: str, places: Mapping[int, int]) -> None:
    found.setdefault(role_id, {}).setdefault(operation, {}).update(places)


def reach_of(definition: Definition, role_ids: Iterable[int], operation: str, stage_id: int | None = None) -> Reach:
    """What the roles add up to for an operation in a stage; without one, in stages that do not differ."""
    return reduce(Reach.joined, (_of_role(definition, role, operation, stage_id) for role in role_ids), NOWHERE)


def _of_role(definition: Definition, role_id: int, operation: str, stage_id: int | None) -> Reach:
    general = definition.grants.get(role_id, {}).get(operation, Scope.NONE)
    differing = definition.stage_grants.get(role_id, {}).get(operation, {})
    return Reach.of(differing.get(stage_id, general) if stage_id is not None else general)


@dataclass(frozen=True, slots=True)
class FieldLimits:
    """On whose records the roles of somebody show answers and let them be changed, of the fields that are limited.

    A field that stands nowhere here goes with the rights to the record.
    """

    readings: Mapping[int, Mapping[int, Reach]]
    """Field id → stage id → whose records' answers can be read."""
    editings: Mapping[int, Mapping[int, Reach]]
    fillings: Mapping[int, frozenset[int]]
    """Field id → ids of the stages where new records may have an answer from the beginning."""


NO_LIMITS = FieldLimits({}, {}, {})


@lru_cache(maxsize=1024)
def limits_of(definition: Definition, role_ids: frozenset[int]) -> FieldLimits:
    """What the field grants of these roles leave of the fields."""
    limited = {field_id for role in role_ids for field_id in definition.field_grants.get(role, {})}
    if not limited:
        return NO_LIMITS
    return FieldLimits(
        readings=_reaches(definition, role_ids, limited, Operation.VIEW, FieldLevel.READ),
        editings=_reaches(definition, role_ids, limited, Operation.UPDATE, FieldLevel.EDIT),
        fillings={
            field_id: frozenset(stage for stage, reach in places.items() if reach)
            for field_id, places in _reaches(definition, role_ids, limited, Operation.CREATE, FieldLevel.EDIT).items()
        },
    )


def is_for_all(definition: Definition, field: FieldDef) -> bool:
    """Whether whoever sees a record reads its answer to the field: no role has less."""
    return all(
        level >= FieldLevel.READ
        for fields in definition.field_grants.values()
        for level in fields.get(field.id, {}).values()
    )


def level_of(definition: Definition, role_id: int, field_id: int, stage_id: int | None) -> int:
    """What a role may do with a field in a stage (a `FieldLevel`)."""
    said = definition.field_grants.get(role_id, {}).get(field_id, {})
    return said.get(stage_id, said.get(None, FieldLevel.EDIT))


def _reaches(
    definition: Definition, role_ids: frozenset[int], field_ids: Iterable[int], operation: str, least: int
) -> dict[int, dict[int, Reach]]:
    """Field id → stage id → the reach of those of the roles that have at least this level there."""

    def heard(field_id: int, stage_id: int) -> Callable[[int], bool]:
        return lambda role: level_of(definition, role, field_id, stage_id) >= least

    return {
        field_id: {
            stage_id: reach_of(definition, filter(heard(field_id, stage_id), role_ids), operation, stage_id)
            for stage_id in definition.stage_by_id
        }
        for field_id in field_ids
    }
