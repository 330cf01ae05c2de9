"""What an actor may do in a process: the one compiler of rights that every door asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from django.utils.translation import gettext as _

from core.actor import Actor, ActorKind
from core.errors import NotAllowed, NotFound
from processes.definition import definition_of, definitions
from processes.definition_types import Definition, FieldDef, GateDef
from processes.models import Operation, Process, Scope
from processes.reach import EVERYWHERE, NO_LIMITS, NOWHERE, FieldLimits, Reach, limits_of, reach_of

READ_OPERATIONS = frozenset({Operation.VIEW, Operation.HISTORY, Operation.EXPORT})
ADMIN_OPERATIONS = frozenset({Operation.DESIGN, Operation.AUTOMATE, Operation.MANAGE_ACCESS})

T = TypeVar("T")

OF_PERSONS = frozenset({ActorKind.PERSON, ActorKind.TOKEN, ActorKind.IMPORT})
"""Kinds of actors that have the rights of the person behind them."""
EVERYTHING: Mapping[str, Reach] = dict.fromkeys(Operation.values, EVERYWHERE)


class Owned(Protocol):
    """What deciding about one record needs: whose it is and where it stands."""

    @property
    def assignee_id(self) -> int | None:
        """Who is responsible."""

    @property
    def author_id(self) -> int | None:
        """Who made it."""

    @property
    def department_id(self) -> int | None:
        """The department of whoever it was assigned to."""

    @property
    def stage_id(self) -> int:
        """Where it stands."""

    @property
    def observer_ids(self) -> Sequence[int] | None:
        """Who watches it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose a record is and where it stands (or would stand), for deciding about it without the record."""

    assignee_id: int | None
    author_id: int | None
    department_id: int | None
    stage_id: int
    observer_ids: Sequence[int] | None = None

    @classmethod
    def of(cls, record: "Owned", stage_id: int) -> "Place":
        """A record as if it stood in a stage."""
        return cls(record.assignee_id, record.author_id, record.department_id, stage_id, record.observer_ids)


@dataclass(frozen=True, slots=True)
class Access:
    """What one actor may do in one process, as of the definition's version."""

    actor: Actor
    definition: Definition
    reaches: Mapping[str, Reach]
    """Operation → on whose records, in the stages that do not differ."""
    by_stage: Mapping[str, Mapping[int, Reach]] = field(default_factory=dict)
    """Operation → stage id → on whose records, where a stage differs."""
    limits: FieldLimits = NO_LIMITS

    def reach(self, operation: str, stage_id: int | None = None) -> Reach:
        """On whose records in a stage the actor may do it; without a stage, in those that do not differ. Nowhere in a
        stage that the process does not have (or did not yet, when this access was made)."""
        general = self.reaches.get(operation, NOWHERE)
        if stage_id is None:
            return general
        if stage_id not in self.definition.stage_by_id:
            return NOWHERE
        return self.by_stage.get(operation, {}).get(stage_id, general)

    def stages_by_reach(self, operation: str) -> dict[Reach, list[int]]:
        """On whose records → ids of the stages where it holds for the operation; every stage is in one of them."""
        return _by_reach({stage_id: self.reach(operation, stage_id) for stage_id in self.definition.stage_by_id})

    def can(self, operation: str) -> bool:
        """Whether the actor may do it at all, in some stage."""
        return bool(self.reach(operation)) or any(self.by_stage.get(operation, {}).values())

    def covers(self, operation: str, record: Owned) -> bool:
        """Whether the actor may do it with this record."""
        return self.holds(self.reach(operation, record.stage_id), record)

    def reads(self, field: FieldDef, record: Owned) -> bool:
        """Whether a record that the actor sees shows its answer to the field."""
        places = self.limits.readings.get(field.id)
        return places is None or self.holds(places[record.stage_id], record)

    def edits(self, field: FieldDef, record: Owned) -> bool:
        """Whether the actor may change this record's answer to the field."""
        places = self.limits.editings.get(field.id)
        may = self.covers(Operation.UPDATE, record) and self.reads(field, record)
        may = may and not self.is_locked(field, record.stage_id)
        return may and (places is None or self.holds(places[record.stage_id], record))

    def is_locked(self, field: FieldDef, stage_id: int) -> bool:
        """Whether a stage keeps people, administrators too, from changing the field; automation goes on writing it."""
        return self.actor.kind in OF_PERSONS and field.key in self.definition.stage_by_id[stage_id].locked_fields

    def why_not_edited(self, field: FieldDef, stage_id: int | None) -> str:
        """What to say to whoever may not change an answer, of a record in a stage or of a new one (None)."""
        if stage_id is not None and self.is_locked(field, stage_id):
            return _("Nobody changes this field in the stage “%(stage)s”.") % {
                "stage": self.definition.stage_by_id[stage_id].name
            }
        return _("You have no right to change this field.")

    def fills(self, field: FieldDef, stage_id: int) -> bool:
        """Whether a new record of the actor's may have an answer to the field, when it begins in a stage."""
        places = self.limits.fillings.get(field.id)
        return bool(self.reach(Operation.CREATE, stage_id)) and (places is None or stage_id in places)

    def limits_reading(self, field: FieldDef) -> bool:
        """Whether some of the records that the actor sees do not show the field."""
        return any(reach != self.reach(Operation.VIEW, stage) for stage, reach in self._readings(field).items())

    def reads_everywhere(self, field_id: int) -> bool:
        """Whether the actor sees records, and all of those show the field."""
        places = self.limits.readings.get(field_id, {})
        return self.can(Operation.VIEW) and all(
            reach == self.reach(Operation.VIEW, stage) for stage, reach in places.items()
        )

    @property
    def readable_fields(self) -> tuple[FieldDef, ...]:
        """The fields that some of the records which the actor sees show."""
        if not self.limits.readings:
            return self.definition.fields
        return tuple(field for field in self.definition.fields if self._is_read(field))

    @property
    def known_fields(self) -> tuple[FieldDef, ...]:
        """The fields that the actor may know of: whoever sets the process up knows them all, without their answers."""
        if any(self.can(operation) for operation in ADMIN_OPERATIONS):
            return self.definition.fields
        return tuple(field for field in self.definition.fields if self._is_read(field) or self._fills(field))

    @property
    def partial_fields(self) -> tuple[FieldDef, ...]:
        """Those of the readable fields that some of the records which the actor sees do not show."""
        return tuple(field for field in self.readable_fields if self.limits_reading(field))

    @property
    def writable_fields(self) -> tuple[FieldDef, ...]:
        """The fields that the actor may write somewhere: of present records, or of new ones."""
        if not self.limits.editings:
            return self.definition.fields
        return tuple(field for field in self.definition.fields if self._is_written(field))

    def why_not_written(self, key: str) -> str:
        """What is said of a key that is none of the writable fields': a hidden field answers like an absent one."""
        is_known = any(field.key == key for field in self.readable_fields)
        return _("You have no right to change this field.") if is_known else _("There is no such field.")

    def fields_of(self, record: Owned) -> tuple[FieldDef, ...]:
        """The fields that this record shows."""
        if not self.limits.readings:
            return self.definition.fields
        return tuple(field for field in self.definition.fields if self.reads(field, record))

    def stages_by_reading(self, field: FieldDef) -> dict[Reach, list[int]]:
        """On whose records → ids of the stages whose records show the field; for a limited field."""
        return _by_reach(self._readings(field))

    def owns(self, record: Owned) -> bool:
        """A record is one's own when one is responsible for it or made it."""
        return self.actor.user_id is not None and self.actor.user_id in (record.assignee_id, record.author_id)

    def observes(self, record: Owned) -> bool:
        """Whether the actor is one of those who watch a record."""
        return self.actor.user_id is not None and self.actor.user_id in (record.observer_ids or ())

    def nearness(self, record: Owned) -> int:
        """The narrowest scope that holds a record, as seen by the actor."""
        return next(scope for scope in range(Scope.OWN, Scope.ALL + 1) if self.holds(Reach(scope), record))

    def departments(self, scope: int) -> frozenset[int]:
        """The departments whose records a scope adds to one's own."""
        if scope == Scope.BELOW:
            return self.actor.departments_below
        own = self.actor.department_id
        return frozenset({own}) if scope == Scope.DEPARTMENT and own is not None else frozenset()

    def holds(self, reach: Reach, record: Owned) -> bool:
        """Whether a record is among those of a reach, as seen by the actor."""
        if reach.scope == Scope.ALL or (reach.with_unassigned and record.assignee_id is None):
            return True
        if reach.scope == Scope.NONE:
            return False
        if self.owns(record) or record.department_id in self.departments(reach.scope):
            return True
        return reach.scope >= Scope.OBSERVED and self.observes(record)

    def _readings(self, field: FieldDef) -> Mapping[int, Reach]:
        return self.limits.readings.get(field.id, {})

    def _is_read(self, field: FieldDef) -> bool:
        return field.id not in self.limits.readings or any(self._readings(field).values())

    def _is_written(self, field: FieldDef) -> bool:
        if field.id not in self.limits.editings:
            return True
        return any(self.limits.editings[field.id].values()) or self._fills(field)

    def _fills(self, field: FieldDef) -> bool:
        """Whether new records may have an answer to a limited field, in some stage."""
        return bool(self.limits.fillings.get(field.id))

    def may_pass(self, gate: GateDef) -> bool:
        """Whether the gate is open to the actor's roles, whatever else it asks for."""
        return not gate.role_ids or bool(gate.role_ids & self.actor.role_ids) or _is_master(self.actor, self.definition)

    def require(self, operation: str, record: Owned | None = None) -> None:
        """Raise NotAllowed unless the actor may do it (with this record); NotFound where they may not even see."""
        if not self.can(Operation.VIEW) and not (operation == Operation.CREATE and self.can(operation)):
            raise NotFound(_("There is no such process."))
        if record is not None and not self.covers(Operation.VIEW, record):
            raise NotFound(_("There is no such record."))
        allowed = self.can(operation) if record is None else self.covers(operation, record)
        if not allowed:
            raise NotAllowed(
                _("You have no right to do this: %(operation)s.") % {"operation": Operation(operation).label.lower()},
                operation=operation,
            )


def access_for(actor: Actor, process: Definition | Process | int | str) -> Access:
    """The actor's access to a process. One query at most (the version), none when given a definition.

    Administrators and the process's author may do everything; everybody else what the grants of their roles add up to.
    A token is narrowed to its scopes.
    """
    actor.role_ids  # noqa: B018 - compiled before the process is looked for: an absent one takes as long as a closed one
    definition = process if isinstance(process, Definition) else definition_of(process)
    if _is_master(actor, definition):
        return Access(actor, definition, _narrowed(EVERYTHING, actor))
    return Access(
        actor,
        definition,
        _narrowed(_union(definition, actor), actor),
        _narrowed(_stages(definition, actor), actor),
        limits_of(definition, actor.role_ids) if definition.field_grants else NO_LIMITS,
    )


def _by_reach(places: Mapping[int, Reach]) -> dict[Reach, list[int]]:
    """Stage id → reach, turned round."""
    found: dict[Reach, list[int]] = {}
    for stage_id, reach in places.items():
        found.setdefault(reach, []).append(stage_id)
    return found


def _is_master(actor: Actor, definition: Definition) -> bool:
    """Whether everything is allowed to the actor, whatever the roles are."""
    is_author = actor.user_id is not None and actor.user_id == definition.author_id
    return actor.is_admin or (is_author and actor.kind in OF_PERSONS)


def visible_access(actor: Actor, process: Definition | Process | int | str) -> Access:
    """The access when the actor may see the process at all; NotFound otherwise, the same as for an absent one."""
    access = access_for(actor, process)
    if not access.can(Operation.VIEW) and not access.can(Operation.CREATE):
        raise NotFound(_("There is no such process."))
    return access


def accesses_for(actor: Actor) -> list[Access]:
    """The accesses to every process that the actor may see; one query when definitions are cached."""
    found = [access_for(actor, definition) for definition in definitions()]
    return [access for access in found if access.can(Operation.VIEW) or access.can(Operation.CREATE)]


def _union(definition: Definition, actor: Actor) -> dict[str, Reach]:
    asked = {operation for role_id in actor.role_ids for operation in definition.grants.get(role_id, {})}
    return {operation: reach_of(definition, actor.role_ids, operation) for operation in asked}


def _stages(definition: Definition, actor: Actor) -> dict[str, dict[int, Reach]]:
    """Where stages differ: what a role says of a stage, or else of the process, added up over the roles."""
    differing: dict[str, set[int]] = {}
    for role_id in actor.role_ids:
        for operation, places in definition.stage_grants.get(role_id, {}).items():
            differing.setdefault(operation, set()).update(places)
    return {
        operation: {stage_id: reach_of(definition, actor.role_ids, operation, stage_id) for stage_id in stages}
        for operation, stages in differing.items()
    }


def _narrowed(scopes: Mapping[str, T], actor: Actor) -> Mapping[str, T]:
    if actor.scopes is None:
        return scopes
    allowed: set[str] = set()
    if "read" in actor.scopes or "write" in actor.scopes:
        allowed |= READ_OPERATIONS
    if "write" in actor.scopes:
        allowed |= set(Operation.values) - ADMIN_OPERATIONS
    if "admin" in actor.scopes:
        allowed |= ADMIN_OPERATIONS | {Operation.VIEW}
    return {operation: scope for operation, scope in scopes.items() if operation in allowed}
