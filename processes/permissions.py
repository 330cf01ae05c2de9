"""What an actor may do in a process: the one compiler of rights that every door asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from django.utils.translation import gettext as _

from core.actor import Actor, ActorKind
from core.errors import NotAllowed, NotFound
from processes.definition import definition_of, definitions
from processes.definition_types import Definition, GateDef
from processes.models import Operation, Process, Scope

READ_OPERATIONS = frozenset({Operation.VIEW, Operation.HISTORY, Operation.EXPORT})
ADMIN_OPERATIONS = frozenset({Operation.DESIGN, Operation.AUTOMATE, Operation.MANAGE_ACCESS})

T = TypeVar("T")

OF_PERSONS = frozenset({ActorKind.PERSON, ActorKind.TOKEN, ActorKind.IMPORT})
"""Kinds of actors that have the rights of the person behind them."""
EVERYTHING: Mapping[str, int] = dict.fromkeys(Operation.values, Scope.ALL)


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


@dataclass(frozen=True, slots=True)
class Access:
    """What one actor may do in one process, as of the definition's version."""

    actor: Actor
    definition: Definition
    scopes: Mapping[str, int]
    by_stage: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Operation → stage id → scope, where a stage differs from `scopes`."""

    def scope(self, operation: str, stage_id: int | None = None) -> int:
        """On whose records in a stage the actor may do it (a `Scope`); without a stage, in those that do not differ."""
        general = self.scopes.get(operation, Scope.NONE)
        return general if stage_id is None else self.by_stage.get(operation, {}).get(stage_id, general)

    def stages_by_scope(self, operation: str) -> dict[int, list[int]]:
        """Scope → ids of the stages where it holds for the operation; every stage is in one of them."""
        found: dict[int, list[int]] = {}
        for stage_id in self.definition.stage_by_id:
            found.setdefault(self.scope(operation, stage_id), []).append(stage_id)
        return found

    def can(self, operation: str) -> bool:
        """Whether the actor may do it at all, in some stage."""
        return self.scope(operation) > Scope.NONE or any(self.by_stage.get(operation, {}).values())

    def covers(self, operation: str, record: Owned) -> bool:
        """Whether the actor may do it with this record."""
        scope = self.scope(operation, record.stage_id)
        if scope in (Scope.NONE, Scope.ALL):
            return scope == Scope.ALL
        return self.owns(record) or record.department_id in self.departments(scope)

    def owns(self, record: Owned) -> bool:
        """A record is one's own when one is responsible for it or made it."""
        return self.actor.user_id is not None and self.actor.user_id in (record.assignee_id, record.author_id)

    def departments(self, scope: int) -> frozenset[int]:
        """The departments whose records a scope adds to one's own."""
        if scope == Scope.BELOW:
            return self.actor.departments_below
        own = self.actor.department_id
        return frozenset({own}) if scope == Scope.DEPARTMENT and own is not None else frozenset()

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
                _("You have no right to do this: %(operation)s.") % {"operation": Operation(operation).label},
                operation=operation,
            )


def access_for(actor: Actor, process: Definition | Process | int | str) -> Access:
    """The actor's access to a process. One query at most (the version), none when given a definition.

    Administrators and the process's author may do everything; everybody else what the grants of their roles add up to.
    A token is narrowed to its scopes.
    """
    definition = process if isinstance(process, Definition) else definition_of(process)
    if _is_master(actor, definition):
        return Access(actor, definition, _narrowed(EVERYTHING, actor))
    return Access(
        actor, definition, _narrowed(_union(definition, actor), actor), _narrowed(_stages(definition, actor), actor)
    )


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


def _union(definition: Definition, actor: Actor) -> dict[str, int]:
    scopes: dict[str, int] = {}
    for role_id in actor.role_ids:
        for operation, scope in definition.grants.get(role_id, {}).items():
            scopes[operation] = max(scope, scopes.get(operation, Scope.NONE))
    return scopes


def _stages(definition: Definition, actor: Actor) -> dict[str, dict[int, int]]:
    """Where stages differ: what a role says of a stage, or else of the process, added up over the roles."""
    differing: dict[str, set[int]] = {}
    for role_id in actor.role_ids:
        for operation, places in definition.stage_grants.get(role_id, {}).items():
            differing.setdefault(operation, set()).update(places)
    return {
        operation: {stage_id: _highest(definition, actor, operation, stage_id) for stage_id in stages}
        for operation, stages in differing.items()
    }


def _highest(definition: Definition, actor: Actor, operation: str, stage_id: int) -> int:
    """The widest scope of the actor's roles in a stage."""
    said = (
        definition.stage_grants.get(role_id, {})
        .get(operation, {})
        .get(stage_id, definition.grants.get(role_id, {}).get(operation, Scope.NONE))
        for role_id in actor.role_ids
    )
    return max(said, default=Scope.NONE)


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
