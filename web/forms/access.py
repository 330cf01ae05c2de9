"""The matrix of rights: what is shown, what comes back, what looks like an oversight."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from core.errors import Text
from processes.definition_types import Definition, FieldDef, PipelineDef, StageDef
from processes.formulas import formulas_of
from processes.models import Field, FieldLevel, Operation, Scope
from processes.models.access import OF_PIPELINES, PROCESS_WIDE
from processes.reach import Reach, level_of

Grants = Mapping[int, Mapping[str, int]]
Differing = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Role id → operation → id of a pipeline or a stage → scope."""
Choices = tuple[tuple[int, Text], ...]
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
            Operation.OVERRIDE,
            Operation.RUN_BUTTON,
        ),
    ),
    (gettext_lazy("Many at once"), (Operation.BULK, Operation.EXPORT, Operation.IMPORT)),
    (gettext_lazy("The process itself"), (Operation.DESIGN, Operation.AUTOMATE, Operation.MANAGE_ACCESS)),
)

_WORK: tuple[str, ...] = (
    Operation.UPDATE,
    Operation.MOVE,
    Operation.ASSIGN,
    Operation.COMMENT,
    Operation.RUN_BUTTON,
)
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
            **dict.fromkeys((*_WORK, Operation.DELETE, Operation.RESTORE, Operation.BULK, Operation.EXPORT), Scope.ALL),
        },
    ),
    ("all", gettext_lazy("Everything"), dict.fromkeys(Operation.values, Scope.ALL)),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do on one line."""

    role: Role
    name: str
    """Of the control: `grant-<role>-<operation>`, `field-<role>-<field>`; with the place behind where it differs."""
    scope: int
    """The chosen value: a scope, or a level."""
    choices: Choices


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One line in one stage, or in a whole pipeline (no stage), over all roles; an empty cell is what holds
    elsewhere."""

    pipeline: PipelineDef
    stage: StageDef | None
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What the place is called."""
        return self.stage.name if self.stage else self.pipeline.name


@dataclass(frozen=True, slots=True)
class Line:
    """One operation, or one field, over all roles, and how pipelines and stages differ."""

    key: str
    label: Text
    cells: tuple[Cell, ...]
    places: tuple[PlaceLine, ...] = ()

    @property
    def has_pipelines(self) -> bool:
        """Whether whole pipelines are among the places."""
        return any(line.stage is None for line in self.places)

    @property
    def differs(self) -> bool:
        """Whether some place differs for some role."""
        return any(cell.scope != AS_ELSEWHERE for line in self.places for cell in line.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table of rights of one process: to its records, or to their fields."""

    roles: Sequence[Role]
    groups: tuple[tuple[Text, tuple[Line, ...]], ...]
    presets: tuple[tuple[str, Text, Mapping[str, int]], ...] = ()

    @property
    def width(self) -> int:
        """Columns, the names of the rights included."""
        return len(self.roles) + 1

    @property
    def presets_json(self) -> dict[str, dict[str, int]]:
        """What each ready set grants, for the script."""
        return {key: {str(op): int(scope) for op, scope in scopes.items()} for key, _label, scopes in self.presets}


def matrix_of(
    roles: Sequence[Role],
    grants: Grants,
    pipelines: Sequence[PipelineDef] = (),
    by_pipeline: Differing | None = None,
    by_stage: Differing | None = None,
) -> Matrix:
    """The matrix of these roles as the grants fill it; with lines for pipelines and stages where there are some."""
    places = Places(pipelines, by_pipeline or {}, by_stage or {})
    return Matrix(
        roles,
        tuple(
            (label, tuple(_line(operation, roles, grants, places) for operation in group)) for label, group in GROUPS
        ),
        PRESETS,
    )


def field_matrix_of(roles: Sequence[Role], definition: Definition) -> Matrix:
    """What each role may do with each field, section by section, with lines for stages where there are some."""
    pipelines = definition.pipelines if definition.has_stages else ()

    def cells(field: FieldDef, stage: StageDef | None) -> tuple[Cell, ...]:
        place = stage.id if stage else None
        levels = ((role.pk, definition.field_grants.get(role.pk, {}).get(field.id, {})) for role in roles)
        said = {role_id: places[place] for role_id, places in levels if place in places}
        return _cells(roles, ("field", str(field.id)), said, LEVELS, str(place or ""), usual=FieldLevel.EDIT)

    def line(field: FieldDef) -> Line:
        stages = ((pipeline, stage) for pipeline in pipelines for stage in pipeline.stages)
        places = tuple(PlaceLine(pipeline, stage, cells(field, stage)) for pipeline, stage in stages)
        return Line(str(field.id), field.label, cells(field, None), places)

    sections = definition.by_section(definition.fields, lambda field: field.section_id)
    groups = [(section.label if section else _("Fields"), tuple(map(line, its))) for section, its in sections]
    return Matrix(roles, tuple(groups))


def levels_from(
    data: QueryDict, roles: Sequence[Role], definition: Definition
) -> dict[int, dict[int, dict[int | None, int]]]:
    """What a submitted matrix says of fields: role id → field id → stage id (None: elsewhere) → level."""
    found: dict[int, dict[int, dict[int | None, int]]] = {role.pk: {} for role in roles}
    for role in roles:
        for field in definition.fields:
            places: dict[int | None, str] = {None: data.get(f"field-{role.pk}-{field.id}", "")}
            places |= {s: data.get(f"field-{role.pk}-{field.id}-{s}", "") for s in definition.stage_by_id}
            said = {place: _scope(raw) for place, raw in places.items() if raw not in ("", str(AS_ELSEWHERE))}
            if said and said != {None: FieldLevel.EDIT}:
                found[role.pk][field.id] = said
    return found


def differing_from(data: QueryDict, roles: Sequence[Role], stages: Sequence[StageDef]) -> dict[int, Any]:
    """Where stages differ in a submitted matrix: role id → operation → stage id → scope."""
    return _said_of(data, roles, {stage.id: str(stage.id) for stage in stages})


def pipelines_from(data: QueryDict, roles: Sequence[Role], pipelines: Sequence[PipelineDef]) -> dict[int, Any]:
    """Where pipelines differ in a submitted matrix: role id → operation → pipeline id → scope."""
    return _said_of(data, roles, {pipeline.id: f"p{pipeline.id}" for pipeline in pipelines})


def _said_of(data: QueryDict, roles: Sequence[Role], places: Mapping[int, str]) -> dict[int, Any]:
    """What is said of places; ids → the ends of the names of their controls."""
    found: dict[int, dict[str, dict[int, int]]] = {}
    for role in roles:
        for operation in Operation.values:
            for place_id, end in places.items():
                raw = data.get(f"grant-{role.pk}-{operation}-{end}", "")
                if raw not in ("", str(AS_ELSEWHERE)):
                    found.setdefault(role.pk, {}).setdefault(operation, {})[place_id] = _scope(raw)
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
        if Reach.of(scope).joined(Reach.of(see)) != Reach.of(see) and operation not in PROCESS_WIDE
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


SCOPES: Choices = tuple((scope.value, scope.label if scope else "—") for scope in Scope)
LEVELS: Choices = (
    (FieldLevel.EDIT, gettext_lazy("As the record")),
    (FieldLevel.READ, gettext_lazy("Read only")),
    (FieldLevel.HIDDEN, gettext_lazy("Hidden")),
)


@dataclass(frozen=True, slots=True)
class Places:
    """Pipelines with their stages, and what is said of them."""

    pipelines: Sequence[PipelineDef]
    by_pipeline: Differing
    by_stage: Differing


def _line(operation: Operation, roles: Sequence[Role], grants: Grants, places: Places) -> Line:
    choices = ((Scope.NONE, "—"), (Scope.ALL, _("Yes"))) if operation in PROCESS_WIDE else SCOPES
    said = {role_id: scopes.get(operation, Scope.NONE) for role_id, scopes in grants.items()}
    cells = _cells(roles, ("grant", operation), said, choices, usual=Scope.NONE)
    return Line(operation, operation.label, cells, tuple(_place_lines(operation, roles, choices, places)))


def _place_lines(operation: Operation, roles: Sequence[Role], choices: Choices, places: Places) -> Iterator[PlaceLine]:
    """Where there are several pipelines a line for each, with its stages below; what is process-wide has no stages."""

    def cells(place_id: int, end: str, differing: Differing) -> tuple[Cell, ...]:
        scopes = ((role_id, operations.get(operation, {})) for role_id, operations in differing.items())
        said = {role_id: of_places[place_id] for role_id, of_places in scopes if place_id in of_places}
        return _cells(roles, ("grant", operation), said, choices, end)

    several = len(places.pipelines) > 1
    for pipeline in places.pipelines:
        if several and operation in OF_PIPELINES:
            yield PlaceLine(pipeline, None, cells(pipeline.id, f"p{pipeline.id}", places.by_pipeline))
        for stage in pipeline.stages if operation not in PROCESS_WIDE else ():
            yield PlaceLine(pipeline, stage, cells(stage.id, str(stage.id), places.by_stage))


def _cells(
    roles: Sequence[Role],
    line: tuple[str, str],
    said: Mapping[int, int],
    choices: Choices,
    place: str = "",
    usual: int = AS_ELSEWHERE,
) -> tuple[Cell, ...]:
    """One line (what it is of, which one), in a place or everywhere, over all roles; `said`: role id → value."""
    kind, key = line
    if place:
        key, usual, choices = f"{key}-{place}", AS_ELSEWHERE, ((AS_ELSEWHERE, _("as elsewhere")), *choices)
    return tuple(Cell(role, f"{kind}-{role.pk}-{key}", said.get(role.pk, usual), choices) for role in roles)


def _scope(raw: Any) -> int:
    """The number as submitted; what does not exist the operation refuses."""
    return int(raw) if str(raw).isascii() and str(raw).isdigit() and len(str(raw)) < 4 else 0
