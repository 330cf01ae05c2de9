"""Gates: what must hold before a record moves into a stage, and what of it does not hold yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from expressions.conditions import Condition, evaluate, parse_condition
from expressions.errors import InvalidExpression
from processes.definition_types import CheckItem, Definition, FieldDef, GateDef, PipelineDef, ReasonDef, StageDef
from processes.models import Operation, Stage
from processes.permissions import OF_PERSONS, Access
from processes.schema import keys_in, schema_of
from records.asking import asking, scope_of

if TYPE_CHECKING:
    from records.models import Record
    from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class Passing:
    """What comes along with a move, for the gates on its way."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """JSON values by field key, written before the gates are looked at."""
    comment: str = ""
    checked: frozenset[str] = frozenset()
    """Keys of the lines of checklists that are confirmed."""
    reason: int | None = None
    """Id of the reason for a failure."""
    override: str = ""
    """Why the gates are to be passed although something is missing; needs a right of its own."""

    def __bool__(self) -> bool:
        return bool(self.values or self.comment or self.checked or self.reason is not None or self.override)


NOTHING = Passing()
FIXED = frozenset({"id", "pipeline", "stage", "author", "created_at"})
"""What conditions may ask about and nothing that comes along changes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What stands between a record and a stage; false when the way is open."""

    fields: tuple[FieldDef, ...] = ()
    """What must be filled in and is empty."""
    conditions: tuple[GateDef, ...] = ()
    """The gates whose condition does not hold."""
    checklist: tuple[CheckItem, ...] = ()
    needs_comment: bool = False
    reasons: tuple[ReasonDef, ...] = ()
    """One of them must be given."""
    closed: tuple[GateDef, ...] = ()
    """The gates that only others may pass."""

    def __bool__(self) -> bool:
        return bool(
            self.fields or self.conditions or self.checklist or self.needs_comment or self.reasons or self.closed
        )

    @property
    def role_ids(self) -> frozenset[int]:
        """The roles that may pass where the actor may not."""
        return frozenset(role_id for gate in self.closed for role_id in gate.role_ids)

    @property
    def refusals(self) -> tuple[str, ...]:
        """What is said of the conditions that do not hold."""
        return tuple(refusal_of(gate.refusal) for gate in self.conditions)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What of the terms of a move is not the actor's to give; false where they may give all of it."""

    fields: tuple[FieldDef, ...] = ()
    """What is empty, or what a condition asks about, and they may not fill in."""
    comment: bool = False
    """Whether a comment is asked for that they may not write."""
    is_final: bool = False
    """Whether the way stays closed to them whatever they bring along."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.comment or self.is_final)


@dataclass(frozen=True, slots=True)
class Passage:
    """An attempt to pass gates: whose, and what comes along."""

    access: Access
    passing: Passing = NOTHING

    @property
    def is_forced(self) -> bool:
        """Whether the gates are overridden."""
        return bool(self.passing.override.strip())

    def terms(self, record: "TypedRecord", target: StageDef) -> Terms:
        """What keeps a record from the stage."""
        return unmet(self.access, record, target, self.passing)


def unmet(
    access: Access, row: "TypedRecord", target: StageDef, passing: Passing = NOTHING, *, is_new: bool = False
) -> Terms:
    """What of the terms of a move does not hold, for the access's actor; all of it, not the first.

    Conditions of gates see the record as it stands now, questions are asked as they will be asked in the target.
    """
    definition = access.definition
    pipeline = definition.pipeline_by_id[target.pipeline_id]
    gates = pipeline.gates_between(None if is_new else row.stage_id, target.id)
    return replace(
        terms_along(pipeline, target, gates, passing),
        fields=_empty(access, row, target, gates),
        conditions=_unheld(access, row, gates),
        closed=tuple(gate for gate in gates if not access.may_pass(gate)),
    )


def terms_along(pipeline: PipelineDef, target: StageDef, gates: Sequence[GateDef], passing: Passing = NOTHING) -> Terms:
    """What gates into a stage ask for beside the record itself, and does not come along."""
    return Terms(
        checklist=tuple(item for gate in gates for item in gate.checklist if item.key not in passing.checked),
        needs_comment=not passing.comment.strip() and any(gate.is_comment_required for gate in gates),
        reasons=reasons_for(pipeline, target) if pipeline.is_reason_required and passing.reason is None else (),
    )


def refusal_of(words: str) -> str:
    """What is said of a condition that does not hold: a gate's own words, or those for all that have none."""
    return words or _("The condition of this move does not hold.")


def obstacles_to(access: Access, row: "TypedRecord | Record", terms: Terms) -> Obstacles:
    """What of the terms of a record's move (or of a new record) the actor may not give.

    What comes along is written where the record stands, so that stage's rights count. A question that an answer of the
    actor's could spare, or a condition that one could change, leaves the way open.
    """
    if access.actor.kind not in OF_PERSONS:
        return Obstacles(is_final=bool(terms.closed))
    empty = [field for field in terms.fields if why_not_filled(access, field, row)]
    kept = [field for field in empty if not _may_sway(access, row, field.visible_if)]
    unheld = [gate for gate in terms.conditions if not _may_sway(access, row, gate.condition)]
    asked = {key for gate in unheld for key in keys_in(gate.condition)}
    about = [field for field in access.definition.fields if field.key in asked and field not in empty]
    comment = terms.needs_comment and not access.covers(Operation.COMMENT, row)
    is_final = bool(terms.closed or kept or unheld or comment)
    return Obstacles((*empty, *about), comment, is_final)


def why_not_filled(access: Access, field: FieldDef, row: "TypedRecord | Record") -> str:
    """Why the actor may not give a record, or one that is to be made, an answer to a field; empty where they may."""
    if row.pk is None:
        return "" if access.fills(field, row.stage_id) else _("You have no right to change this field.")
    if not access.covers(Operation.UPDATE, row):
        return _("You have no right to change this record.")
    return "" if access.edits(field, row) else access.why_not_edited(field, row.stage_id)


def _may_sway(access: Access, row: "TypedRecord | Record", condition: Any) -> bool:
    """Whether something that a condition asks about is the actor's to change, at least indirectly."""
    fields = access.definition.field_by_key
    return any(
        key not in FIXED
        if key not in fields
        else fields[key].type.is_computed or not why_not_filled(access, fields[key], row)
        for key in keys_in(condition)
    )


def reasons_for(pipeline: PipelineDef, target: StageDef) -> tuple[ReasonDef, ...]:
    """The reasons that may be given for ending in a stage."""
    if target.kind != Stage.Kind.LOST:
        return ()
    return tuple(reason for reason in pipeline.reasons if not reason.is_retired)


def _empty(access: Access, row: "TypedRecord", target: StageDef, gates: Iterable[GateDef]) -> tuple[FieldDef, ...]:
    """The fields that the stage or a gate requires, that are asked, and that have no answer."""
    definition = access.definition
    wanted = {field_id for gate in gates for field_id in gate.field_ids}
    wanted.update(field.id for field in definition.required_in(target))
    empty = [f for f in definition.fields if f.id in wanted and not f.type.is_computed and row.value(f) is None]
    if not empty:
        return ()
    is_asked = asking(definition, row, me=access.actor.user_id, stage_id=target.id)
    return tuple(field for field in empty if is_asked(field))


def _unheld(access: Access, row: "TypedRecord", gates: Iterable[GateDef]) -> tuple[GateDef, ...]:
    conditional = [gate for gate in gates if gate.condition]
    if not conditional:
        return ()
    conditions = _conditions(access.definition)
    scope = scope_of(access.definition, row, me=access.actor.user_id)
    return tuple(gate for gate in conditional if not _holds(conditions[gate.id], scope))


def _holds(condition: Condition | None, scope: Any) -> bool:
    return condition is not None and evaluate(condition, scope)


@lru_cache(maxsize=512)
def _conditions(definition: Definition) -> dict[int, Condition | None]:
    """Gate id → its condition; None for one that cannot be read any more, and so never holds."""
    gates = [gate for pipeline in definition.pipelines for gate in pipeline.gates if gate.condition]
    return {gate.id: _parsed(gate, definition) for gate in gates}


def _parsed(gate: GateDef, definition: Definition) -> Condition | None:
    try:
        return parse_condition(gate.condition, schema_of(definition))
    except InvalidExpression:
        return None
