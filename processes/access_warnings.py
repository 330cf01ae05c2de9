"""What looks like an oversight in the rights of a process, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Role
from processes.definition_types import Definition, Differing, FieldDef
from processes.formulas import formulas_of
from processes.models import Field, FieldLevel, Operation, Scope
from processes.models.access import PROCESS_WIDE
from processes.reach import Reach, level_of, stage_grants_of

Standing = Mapping[str, Sequence[int]]
"""Operation → the scope that a role has in each of the stages, in their order."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What is said of roles: in the process, in whole pipelines, in single stages."""

    general: Mapping[int, Mapping[str, int]]
    by_pipeline: Differing
    by_stage: Differing

    @classmethod
    def of(cls, definition: Definition) -> "Rights":
        """Those that a process has now."""
        return cls(definition.grants, definition.said_of_pipelines, definition.said_of_stages)


def warnings_about(rights: Rights, definition: Definition, roles: Sequence[Role]) -> list[str]:
    """What looks like an oversight in these rights, stages and pipelines included, in words."""
    standing = {role.pk: _standing(role.pk, rights, definition) for role in roles}
    found = [warning for role in roles for warning in _warnings_about_role(role.name, standing[role.pk])]
    people = [standing[role.pk] for role in roles if role.pk not in definition.built_in_roles]
    if roles and not any(any(of_role[Operation.VIEW]) for of_role in people):
        found.append(_("Nobody but administrators and the author sees this process."))
    elif not any(any(of_role[Operation.CREATE]) for of_role in people):
        found.append(_("Nobody but administrators and the author can create records."))
    return found


def field_warnings(definition: Definition, roles: Sequence[Role]) -> list[str]:
    """What looks like an oversight in the rights to fields, in words."""
    found: list[str] = []
    for role in roles:
        for field in definition.fields:
            level = level_of(definition, role.pk, field.id, None)
            words = {"role": role.name, "field": field.label}
            creates = definition.grants.get(role.pk, {}).get(Operation.CREATE)
            is_stuck = field.required == Field.Required.ALWAYS and field.default is None and level < FieldLevel.EDIT
            if creates and is_stuck:
                found.append(_("“%(role)s” creates records but may not fill in “%(field)s”, a required field.") % words)
            if level == FieldLevel.HIDDEN and _is_read_through(definition, field):
                found.append(_("“%(field)s” is hidden from “%(role)s”, but a formula tells of it.") % words)
    return found


def _is_read_through(definition: Definition, field: FieldDef) -> bool:
    return any(field.key in formula.fields_used for _formula, formula in formulas_of(definition))


def _standing(role_id: int, rights: Rights, definition: Definition) -> Standing:
    stages = definition.stage_by_id
    by_stage = stage_grants_of(
        {role_id: rights.general.get(role_id, {})},
        {role_id: rights.by_pipeline.get(role_id, {})},
        {role_id: rights.by_stage.get(role_id, {})},
        definition.pipelines,
        everywhere=definition.built_in_roles,
    ).get(role_id, {})
    general = rights.general.get(role_id, {})
    return {
        operation: [by_stage.get(operation, {}).get(stage, general.get(operation, Scope.NONE)) for stage in stages]
        for operation in Operation.values
    }


def _warnings_about_role(name: str, standing: Standing) -> list[str]:
    see = standing[Operation.VIEW]
    if not any(see):
        blind = [op for op, scopes in standing.items() if any(scopes) and op not in (Operation.CREATE, Operation.VIEW)]
        if blind:
            words = {"role": name, "operations": _words(blind)}
            return [_("“%(role)s” sees nothing, so these rights have no effect: %(operations)s.") % words]
        if any(standing[Operation.CREATE]):
            return [_("“%(role)s” can create records but will not see them.") % {"role": name}]
        return []
    wider = [op for op, scopes in standing.items() if op not in PROCESS_WIDE and _is_wider(scopes, see)]
    if wider:
        words = {"role": name, "operations": _words(wider)}
        sees_less = _("“%(role)s” sees fewer records than it may work with; there, this has no effect: %(operations)s.")
        return [sees_less % words]
    return []


def _is_wider(scopes: Sequence[int], see: Sequence[int]) -> bool:
    """Whether they reach, in some stage where something is seen, records that are not seen there."""
    pairs = ((Reach.of(scope), Reach.of(seen)) for scope, seen in zip(scopes, see, strict=True) if seen)
    return any(reach.joined(seen) != seen for reach, seen in pairs)


def _words(operations: Sequence[str]) -> str:
    return ", ".join(str(Operation(operation).label).lower() for operation in operations)
