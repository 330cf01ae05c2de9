"""Why somebody may do something with a record, or why not: role by role, and what would have to change."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from accounts.models import Role, Token, User
from accounts.queries import actor_for, service_actor
from core.errors import Invalid
from processes.definition_types import FieldDef
from processes.models import FieldLevel, Operation, Process, Scope
from processes.models.access import PROCESS_WIDE
from processes.permissions import ADMIN_OPERATIONS, Access, access_for
from processes.reach import NOWHERE, Reach, level_of, reach_of
from records.queries.card import row_for
from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class RoleSays:
    """What one role of a person says, and whether that is enough."""

    role: str
    says: str
    is_enough: bool
    why: str
    """Why it is not; empty where it is."""


@dataclass(frozen=True, slots=True)
class Why:
    """A verdict about a person, an operation and a record (or none), with what led to it."""

    is_allowed: bool
    summary: str
    roles: tuple[RoleSays, ...]
    remedy: str
    """What would have to change; empty where nothing has to."""


def why_for(
    access: Access, who: User | Token, operation: str, *, record_id: int | None = None, field_key: str = ""
) -> Why:
    """Whether a person or a service token may do an operation, with a record and with one field of it if so asked;
    for whoever manages the access. Four queries. Raises NotAllowed, NotFound, Invalid (no such operation or field).
    """
    access.require(Operation.MANAGE_ACCESS)
    definition = access.definition
    if operation not in Operation.values:
        raise _wrong(_("There is no such right."), "operation")
    field = definition.field_by_key.get(field_key) if field_key else None
    if field_key and field is None:
        raise _wrong(_("There is no such field."), "field")
    if field is not None and operation not in (Operation.VIEW, Operation.UPDATE):
        raise _wrong(_("A field is seen or edited."), "operation")
    row = None if record_id is None else row_for(access, record_id)
    if isinstance(who, Token):
        theirs = access_for(service_actor(who, (role.pk for role in who.roles or ())), definition)
        return _TokenCase(theirs, operation, row, field, who).verdict()
    gone = Why(False, _("This person is deactivated."), (), _("Activate the person."))
    return _Case(access_for(actor_for(who), definition), operation, row, field).verdict() if who.is_active else gone


@dataclass(frozen=True, slots=True)
class _Case:
    """One question."""

    access: Access
    operation: str
    row: TypedRecord | None
    field: FieldDef | None

    def verdict(self) -> Why:
        actor = self.access.actor
        if actor.is_admin or (actor.user_id is not None and actor.user_id == self.access.definition.author_id):
            words = _("Administrators may do everything.") if actor.is_admin else ""
            return Why(True, words or _("Who made the process may do everything in it."), (), "")
        roles = self._roles()
        if self._is_allowed():
            return Why(True, self._by(roles), roles, self._locked())
        if self._is_blind():
            summary = _("They do not see this record, and what is not seen cannot be worked with.")
            return Why(False, summary, roles, self._remedy(Operation.VIEW))
        if not actor.role_ids:
            return Why(False, self._without_roles(), (), self._remedy(self.operation))
        return Why(False, _("None of their roles is enough."), roles, self._remedy(self.operation))

    def _without_roles(self) -> str:
        return _("This person has no role.")

    def _is_allowed(self) -> bool:
        if self.row is None:
            return self.access.can(self.operation)
        if self.field is not None:
            test = self.access.reads if self.operation == Operation.VIEW else self.access.edits
            return self.access.covers(Operation.VIEW, self.row) and test(self.field, self.row)
        return self.access.covers(Operation.VIEW, self.row) and self._covers(self.operation)

    def _covers(self, operation: str) -> bool:
        if operation in PROCESS_WIDE or self.row is None:
            return self.access.can(operation)
        return self.access.covers(operation, self.row)

    def _is_blind(self) -> bool:
        sees = self.access.can(Operation.VIEW) if self.row is None else self.access.covers(Operation.VIEW, self.row)
        return not sees and self.operation not in (Operation.VIEW, Operation.CREATE)

    def _roles(self) -> tuple[RoleSays, ...]:
        held = Role.objects.filter(pk__in=self.access.actor.role_ids).order_by("position", "name")
        return tuple(self._says(role) for role in held)

    def _says(self, role: Role) -> RoleSays:
        stage_id = self.row.stage_id if self.row is not None else None
        reach = reach_of(self.access.definition, [role.pk], self.operation, stage_id)
        says = _words(reach, is_wide=self.operation in PROCESS_WIDE)
        why = self._why_not_enough(reach)
        if self.field is not None:
            level = level_of(self.access.definition, role.pk, self.field.id, stage_id)
            least = FieldLevel.READ if self.operation == Operation.VIEW else FieldLevel.EDIT
            says = f"{says} · {self.field.label}: {FieldLevel(level).label}"
            if not why and level < least:
                why = _("The role has less than this on the field.")
        return RoleSays(role.name, says, not why, why)

    def _why_not_enough(self, reach: Reach) -> str:
        if reach == NOWHERE:
            return _("The role does not give this right here.")
        if self.row is None or self.operation in PROCESS_WIDE or self.access.holds(reach, self.row):
            return ""
        return {
            Scope.NONE: _("Somebody is responsible for the record."),
            Scope.OWN: _("They are not responsible for the record and did not make it."),
            Scope.OBSERVED: _("The record is not theirs and they do not watch it."),
            Scope.DEPARTMENT: _("The record belongs to another department."),
            Scope.BELOW: _("The record belongs to a department that is not theirs or below."),
        }[Scope(reach.scope)]

    def _by(self, roles: tuple[RoleSays, ...]) -> str:
        names = ", ".join(f"“{one.role}”" for one in roles if one.is_enough)
        return _("Allowed by %(roles)s.") % {"roles": names} if names else _("Allowed.")

    def _locked(self) -> str:
        if self.access.definition.status != Process.Status.PUBLISHED and self.operation != Operation.VIEW:
            return _("The process is not in use, so nobody changes its records just now.")
        return ""

    def _remedy(self, operation: str) -> str:
        """The least that would help."""
        label = Operation(operation).label
        if self.row is None or operation in PROCESS_WIDE:
            return _("Give one of their roles the right “%s”, or give them a role that has it.") % label
        if self.field is not None and self._covers(operation):
            return _("Let one of the roles that reach this record have more on the field “%s”.") % self.field.label
        scope = Scope(self.access.nearness(self.row)).label
        return _("Give one of their roles “%(right)s” in this stage with at least the scope “%(scope)s”.") % {
            "right": label,
            "scope": scope,
        }


@dataclass(frozen=True, slots=True)
class _TokenCase(_Case):
    """One question about a service token."""

    token: Token

    def verdict(self) -> Why:
        if self.token.revoked_at is not None:
            return Why(False, _("This token was revoked."), (), _("Make a new token."))
        if self.operation in ADMIN_OPERATIONS:
            summary = _("Processes, rights and automation are set up by people; a service token never does.")
            return Why(False, summary, (), _("Use a token of an administrator."))
        found = _Case.verdict(self)
        if not found.is_allowed and any(one.is_enough for one in found.roles) and "write" not in self.token.scopes:
            return replace(found, summary=_("This token may only read."), remedy=_("Make a new token."))
        return found

    def _without_roles(self) -> str:
        return _("This token has no role.")

    def _why_not_enough(self, reach: Reach) -> str:
        why = _Case._why_not_enough(self, reach)
        if why and Scope.NONE < reach.scope < Scope.ALL:
            return _("A service token is nobody: no record is its own or of its department.")
        return why


def _words(reach: Reach, *, is_wide: bool) -> str:
    if is_wide:
        return _("Yes") if reach else _("No")
    scope = str(Scope(reach.scope).label)
    return _("%(scope)s, and unassigned ones") % {"scope": scope} if reach.with_unassigned else scope


def _wrong(message: str, place: str) -> Invalid:
    return Invalid(message, {place: [message]})
