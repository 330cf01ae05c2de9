"""The matrix of rights: what is shown, and what comes back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from core.errors import Invalid, Stale, Text
from core.text import id_from
from processes.access_warnings import Rights
from processes.definition_types import Definition, Differing, FieldDef, PipelineDef, StageDef
from processes.models import FieldLevel, Operation, Scope
from processes.models.access import OF_PIPELINES, PROCESS_WIDE
from processes.reach import Scopes

Choices = tuple[tuple[int, Text], ...]
Levels = dict[int, dict[int, dict[int | None, int]]]
"""Role id → field id → stage id (None: elsewhere) → level."""
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


SCOPES: Choices = tuple((scope.value, scope.label if scope else "—") for scope in Scope)
GIVEN: Choices = ((Scope.NONE, "—"), (Scope.ALL, gettext_lazy("Yes")))
LEVELS: Choices = (
    (FieldLevel.EDIT, gettext_lazy("As the record")),
    (FieldLevel.READ, gettext_lazy("Read only")),
    (FieldLevel.HIDDEN, gettext_lazy("Hidden")),
)
ELSEWHERE: Choices = ((AS_ELSEWHERE, gettext_lazy("as elsewhere")),)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do on one line."""

    role: Role
    name: str
    """Of the control: `grant-<role>-<operation>`, `field-<role>-<field>`; with the place behind where it differs."""
    scope: int
    """The chosen value: a scope, or a level."""
    choices: Choices
    usual: int
    """The value that holds without a word."""
    present: int
    """The value that is saved; another than the chosen one where somebody was faster than the person who chose."""

    @property
    def is_changed(self) -> bool:
        """Whether the chosen value is not the saved one."""
        return self.scope != self.present


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
        """Whether something is said, or chosen, of some place for some role."""
        return any(cell.scope != cell.usual or cell.is_changed for line in self.places for cell in line.cells)


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

    @property
    def cells(self) -> Iterator[Cell]:
        """All cells, those of places too."""
        for line in self.lines:
            yield from line.cells
            for place in line.places:
                yield from place.cells

    @property
    def lines(self) -> Iterator[Line]:
        """All lines."""
        return (line for _label, lines in self.groups for line in lines)

    def choosing(self, data: QueryDict) -> "Matrix":
        """The matrix as somebody left it who chose what `data` says; what is no choice in it is passed over."""

        def cells(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(replace(cell, scope=_chosen(cell, data, is_strict=False)) for cell in row)

        def line(it: Line) -> Line:
            places = tuple(replace(place, cells=cells(place.cells)) for place in it.places)
            return replace(it, cells=cells(it.cells), places=places)

        return replace(self, groups=tuple((label, tuple(map(line, lines))) for label, lines in self.groups))


def matrix_of(
    roles: Sequence[Role], grants: Mapping[int, Mapping[str, int]], definition: Definition | None = None
) -> Matrix:
    """The matrix of these roles as the grants fill it; in a process with lines for its pipelines and stages."""
    groups = ((label, tuple(_line(op, roles, grants, definition) for op in group)) for label, group in GROUPS)
    return Matrix(roles, tuple(groups), PRESETS)


def field_matrix_of(roles: Sequence[Role], definition: Definition) -> Matrix:
    """What each role may do with each field, section by section, with lines for stages where there are some."""
    pipelines = definition.pipelines if definition.has_stages else ()

    def cells(field: FieldDef, stage: StageDef | None) -> tuple[Cell, ...]:
        place = stage.id if stage else None
        levels = ((role.pk, definition.field_grants.get(role.pk, {}).get(field.id, {})) for role in roles)
        said = {role_id: places[place] for role_id, places in levels if place in places}
        if stage is None:
            return _cells(roles, f"field-%d-{field.id}", said, LEVELS, FieldLevel.EDIT)
        return _cells(roles, f"field-%d-{field.id}-{stage.id}", said, ELSEWHERE + LEVELS, AS_ELSEWHERE)

    def line(field: FieldDef) -> Line:
        stages = ((pipeline, stage) for pipeline in pipelines for stage in pipeline.stages)
        places = tuple(PlaceLine(pipeline, stage, cells(field, stage)) for pipeline, stage in stages)
        return Line(str(field.id), field.label, cells(field, None), places)

    sections = definition.by_section(definition.fields, lambda field: field.section_id)
    groups = [(section.label if section else _("Fields"), tuple(map(line, its))) for section, its in sections]
    return Matrix(roles, tuple(groups))


def rights_of(matrix: Matrix) -> Rights:
    """What a matrix says of rights to records, of all its roles."""
    general: dict[int, dict[str, int]] = {role.pk: {} for role in matrix.roles}
    by_pipeline: Scopes = {}
    by_stage: Scopes = {}
    for line in matrix.lines:
        for cell in line.cells:
            general[cell.role.pk][line.key] = cell.scope
        for place in line.places:
            said = by_pipeline if place.stage is None else by_stage
            place_id = place.pipeline.id if place.stage is None else place.stage.id
            for cell in place.cells:
                if cell.scope != cell.usual:
                    said.setdefault(cell.role.pk, {}).setdefault(line.key, {})[place_id] = cell.scope
    return Rights(general, by_pipeline, by_stage)


def levels_of(matrix: Matrix) -> Levels:
    """What a matrix says of fields, of all its roles."""
    found: Levels = {role.pk: {} for role in matrix.roles}
    for line in matrix.lines:
        places = [(None, line.cells), *((place.stage.id, place.cells) for place in line.places if place.stage)]
        for stage_id, cells in places:
            for cell in cells:
                if cell.scope != cell.usual:
                    found[cell.role.pk].setdefault(int(line.key), {})[stage_id] = cell.scope
    return found


def submitted(matrix: Matrix, data: QueryDict, *, version: int) -> Matrix:
    """A matrix of this version of the process, changed as a form says; what the form does not name stays as it is.

    Raises Stale where the form was drawn of another version, Invalid where it says none, or names what is no cell or no
    choice.
    """
    drawn = id_from(data.get("version", ""))
    if drawn is None:
        raise Invalid(_("The form came in parts. Open the page again."))
    if drawn != version:
        raise Stale(_("Somebody has changed the process meanwhile."), version=version)
    cells = {cell.name: cell for cell in matrix.cells}
    for name in data:
        if name.startswith(("grant-", "field-")) and name not in cells:
            raise Invalid(_("There is no such right."), {name: [_("There is no such right.")]})
    for cell in cells.values():
        _chosen(cell, data, is_strict=True)
    return matrix.choosing(data)


def _chosen(cell: Cell, data: QueryDict, *, is_strict: bool) -> int:
    """The value that a form says of a cell; the saved one where it says none. Raises Invalid for what is no choice."""
    raw = data.get(cell.name)
    if raw is None:
        return cell.scope
    chosen = next((value for value, _word in cell.choices if raw == str(int(value))), None)
    if chosen is None and is_strict:
        raise Invalid(_("There is no such right."), {cell.name: [_("There is no such right.")]})
    return cell.scope if chosen is None else chosen


def _line(
    operation: Operation,
    roles: Sequence[Role],
    grants: Mapping[int, Mapping[str, int]],
    definition: Definition | None,
) -> Line:
    said = {role_id: scopes.get(operation, Scope.NONE) for role_id, scopes in grants.items()}
    cells = _cells(roles, f"grant-%d-{operation}", said, _choices(operation), Scope.NONE)
    places = _place_lines(operation, roles, definition) if definition is not None and definition.has_stages else ()
    return Line(operation, operation.label, cells, tuple(places))


def _choices(operation: Operation) -> Choices:
    return GIVEN if operation in PROCESS_WIDE else SCOPES


def _place_lines(operation: Operation, roles: Sequence[Role], definition: Definition) -> Iterator[PlaceLine]:
    """Where there are several pipelines, or a closed one, a line for each, with its stages below; what is process-wide
    has no stages."""
    choices = _choices(operation)

    def cells(end: str, where: Differing, place_id: int, *, is_open: bool = True) -> Iterator[Cell]:
        for role in roles:
            follows = is_open or role.pk in definition.built_in_roles
            usual = AS_ELSEWHERE if follows else int(Scope.NONE)
            value = where.get(role.pk, {}).get(operation, {}).get(place_id, usual)
            name = f"grant-{role.pk}-{operation}-{end}"
            yield Cell(role, name, value, ELSEWHERE + choices if follows else choices, usual, value)

    has_lines = len(definition.pipelines) > 1 or not all(pipeline.is_open for pipeline in definition.pipelines)
    for pipeline in definition.pipelines:
        if has_lines and operation in OF_PIPELINES:
            its = cells(f"p{pipeline.id}", definition.said_of_pipelines, pipeline.id, is_open=pipeline.is_open)
            yield PlaceLine(pipeline, None, tuple(its))
        for stage in pipeline.stages if operation not in PROCESS_WIDE else ():
            its = cells(str(stage.id), definition.said_of_stages, stage.id)
            yield PlaceLine(pipeline, stage, tuple(its))


def _cells(roles: Sequence[Role], name: str, said: Mapping[int, int], choices: Choices, usual: int) -> tuple[Cell, ...]:
    """One line over all roles. `name` has a place for the role's id; `said`: role id → value."""
    values = ((role, said.get(role.pk, usual)) for role in roles)
    return tuple(Cell(role, name % role.pk, value, choices, usual, value) for role, value in values)
