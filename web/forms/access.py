"""The matrix of rights: what is shown, what comes back, what looks like an oversight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from core.errors import Text
from processes.definition_types import StageDef
from processes.models import Operation, Scope
from processes.models.access import PROCESS_WIDE

Grants = Mapping[int, Mapping[str, int]]
Differing = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Role id → operation → stage id → scope."""
AS_ELSEWHERE = -1

GROUPS: tuple[tuple[Text, tuple[Operation, ...]], ...] = (
    (
        gettext_lazy("Records"),
        (
            Operation.VIEW,
            Operation.CREATE,
            Operation.UPDATE,
            Operation.MOVE,
            Operation.ASSIGN,
            Operation.COMMENT,
            Operation.DELETE,
            Operation.RESTORE,
            Operation.HISTORY,
        ),
    ),
    (gettext_lazy("Many at once"), (Operation.EXPORT, Operation.IMPORT)),
    (gettext_lazy("The process itself"), (Operation.DESIGN, Operation.AUTOMATE, Operation.MANAGE_ACCESS)),
)

_WORK: tuple[str, ...] = (Operation.UPDATE, Operation.MOVE, Operation.ASSIGN, Operation.COMMENT)
_SEE: dict[str, int] = {Operation.VIEW: Scope.ALL, Operation.HISTORY: Scope.ALL}
PRESETS: tuple[tuple[str, Text, Mapping[str, int]], ...] = (
    ("none", gettext_lazy("No access"), {}),
    ("reader", gettext_lazy("Sees all"), _SEE),
    (
        "own",
        gettext_lazy("Works with own"),
        {
            Operation.VIEW: Scope.OWN,
            Operation.HISTORY: Scope.OWN,
            Operation.CREATE: Scope.ALL,
            **dict.fromkeys(_WORK, Scope.OWN),
        },
    ),
    (
        "worker",
        gettext_lazy("Sees all, works with own"),
        {**_SEE, Operation.CREATE: Scope.ALL, **dict.fromkeys(_WORK, Scope.OWN), Operation.COMMENT: Scope.ALL},
    ),
    (
        "head",
        gettext_lazy("Works with all"),
        {
            **_SEE,
            Operation.CREATE: Scope.ALL,
            **dict.fromkeys((*_WORK, Operation.DELETE, Operation.RESTORE, Operation.EXPORT), Scope.ALL),
        },
    ),
    ("all", gettext_lazy("Everything"), dict.fromkeys(Operation.values, Scope.ALL)),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One role's scope for one operation."""

    role: Role
    name: str
    """Of the control: `grant-<role>-<operation>`."""
    scope: int
    choices: tuple[tuple[int, Text], ...]


@dataclass(frozen=True, slots=True)
class StageLine:
    """One operation in one stage, over all roles; an empty cell is what holds elsewhere."""

    stage: StageDef
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One operation over all roles, and how stages differ."""

    operation: Operation
    cells: tuple[Cell, ...]
    stages: tuple[StageLine, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether some stage differs for some role."""
        return any(cell.scope != AS_ELSEWHERE for line in self.stages for cell in line.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table of rights of one process."""

    roles: Sequence[Role]
    groups: tuple[tuple[Text, tuple[Line, ...]], ...]
    presets: tuple[tuple[str, Text, Mapping[str, int]], ...] = PRESETS

    @property
    def width(self) -> int:
        """Columns, the names of the rights included."""
        return len(self.roles) + 1

    @property
    def presets_json(self) -> dict[str, dict[str, int]]:
        """What each ready set grants, for the script."""
        return {key: {str(op): int(scope) for op, scope in scopes.items()} for key, _label, scopes in self.presets}


def matrix_of(
    roles: Sequence[Role], grants: Grants, stages: Sequence[StageDef] = (), differing: Differing | None = None
) -> Matrix:
    """The matrix of these roles as the grants fill it; with lines for stages where there are some."""
    return Matrix(
        roles,
        tuple(
            (label, tuple(_line(operation, roles, grants, stages, differing or {}) for operation in group))
            for label, group in GROUPS
        ),
    )


def differing_from(data: QueryDict, roles: Sequence[Role], stages: Sequence[StageDef]) -> dict[int, Any]:
    """Where stages differ in a submitted matrix: role id → operation → stage id → scope."""
    found: dict[int, dict[str, dict[int, int]]] = {}
    for role in roles:
        for operation in Operation.values:
            for stage in stages:
                raw = data.get(f"grant-{role.pk}-{operation}-{stage.id}", "")
                if raw not in ("", str(AS_ELSEWHERE)):
                    found.setdefault(role.pk, {}).setdefault(operation, {})[stage.id] = _scope(raw)
    return found


def grants_from(data: QueryDict, roles: Sequence[Role]) -> dict[int, dict[str, int]]:
    """The grants of a submitted matrix, for all roles it showed."""
    return {
        role.pk: {operation: _scope(data.get(f"grant-{role.pk}-{operation}", "")) for operation in Operation.values}
        for role in roles
    }


def warnings_about(grants: Grants, roles: Sequence[Role]) -> list[str]:
    """What looks like an oversight, in words."""
    found: list[str] = []
    names = {role.pk: role.name for role in roles}
    for role_id, scopes in grants.items():
        found += _warnings_about_role(names.get(role_id, ""), scopes)
    people = [scopes for role_id, scopes in grants.items() if not _is_built_in(role_id, roles)]
    if roles and not any(scopes.get(Operation.VIEW) for scopes in people):
        found.append(_("Nobody but administrators and the author sees this process."))
    elif not any(scopes.get(Operation.CREATE) for scopes in people):
        found.append(_("Nobody but administrators and the author can create records."))
    return found


def _warnings_about_role(name: str, scopes: Mapping[str, int]) -> list[str]:
    see = scopes.get(Operation.VIEW, Scope.NONE)
    blind = [
        str(Operation(operation).label).lower()
        for operation, scope in scopes.items()
        if scope and not see and operation not in (Operation.CREATE, Operation.VIEW)
    ]
    if blind:
        words = {"role": name, "operations": ", ".join(blind)}
        return [_("“%(role)s” sees nothing, so these rights have no effect: %(operations)s.") % words]
    wider = [
        str(Operation(operation).label).lower()
        for operation, scope in scopes.items()
        if scope > see and operation not in PROCESS_WIDE
    ]
    if see and wider:
        words = {"role": name, "operations": ", ".join(wider)}
        sees_less = _("“%(role)s” sees fewer records than it may work with; there, this has no effect: %(operations)s.")
        return [sees_less % words]
    if scopes.get(Operation.CREATE) and not see:
        return [_("“%(role)s” can create records but will not see them.") % {"role": name}]
    return []


def _is_built_in(role_id: int, roles: Sequence[Role]) -> bool:
    return any(role.pk == role_id and role.is_built_in for role in roles)


SCOPES: tuple[tuple[int, Text], ...] = (
    (Scope.NONE, "—"),
    (Scope.OWN, gettext_lazy("Own")),
    (Scope.DEPARTMENT, gettext_lazy("Department")),
    (Scope.BELOW, gettext_lazy("Department and below")),
    (Scope.ALL, gettext_lazy("All")),
)


def _line(
    operation: Operation, roles: Sequence[Role], grants: Grants, stages: Sequence[StageDef], differing: Differing
) -> Line:
    is_wide = operation in PROCESS_WIDE
    choices = ((Scope.NONE, "—"), (Scope.ALL, _("Yes"))) if is_wide else SCOPES
    cells = tuple(
        Cell(role, f"grant-{role.pk}-{operation}", grants.get(role.pk, {}).get(operation, 0), choices) for role in roles
    )
    if is_wide:
        return Line(operation, cells)
    own = tuple(
        StageLine(stage, tuple(_stage_cell(operation, role, stage, differing) for role in roles)) for stage in stages
    )
    return Line(operation, cells, own)


def _stage_cell(operation: Operation, role: Role, stage: StageDef, differing: Differing) -> Cell:
    scope = differing.get(role.pk, {}).get(operation, {}).get(stage.id, AS_ELSEWHERE)
    choices = ((AS_ELSEWHERE, _("as elsewhere")), *SCOPES)
    return Cell(role, f"grant-{role.pk}-{operation}-{stage.id}", scope, choices)


def _scope(raw: Any) -> int:
    """The number as submitted; what does not exist the operation refuses."""
    return int(raw) if str(raw).isascii() and str(raw).isdigit() and len(str(raw)) < 4 else 0
