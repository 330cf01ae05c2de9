"""The formulas of a process: parsed once per version, in an order in which each comes after those it reads."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from expressions.errors import InvalidExpression
from expressions.formulas import Formula, evaluation_order, parse_formula
from expressions.schema import Schema
from processes.definition_types import Definition, FieldDef
from processes.permissions import Access
from processes.publishing import publishable
from processes.schema import schema_of

AGES = gettext_lazy("A stored value cannot depend on today or now: it would be wrong tomorrow.")
FORMULA = "formula"
UNSTABLE = frozenset({"updated_at"})
"""What changes with every write would make every write a change."""


def formula_schema(definition: Definition) -> Schema:
    """What a formula may speak of."""
    return {key: spec for key, spec in schema_of(definition).items() if key not in UNSTABLE}


@lru_cache(maxsize=512)
def formulas_of(definition: Definition) -> tuple[tuple[FieldDef, Formula], ...]:
    """The formulas that can be computed, in their order; one that reads what is gone keeps its last values."""
    found: dict[str, Formula] = {}
    for field in definition.fields:
        if FORMULA in field.settings and field.type.key == FORMULA:
            try:
                found[field.key] = parse_formula(field.settings[FORMULA], formula_schema(definition))
            except InvalidExpression:
                continue
    return tuple((definition.field_by_key[key], found[key]) for key in evaluation_order(found))


def broken_formulas(definition: Definition) -> dict[str, str]:
    """Field key → what is wrong, for formulas that cannot be computed (any more)."""
    computed = {field.key for field, _formula in formulas_of(definition)}
    found: dict[str, str] = {}
    for field in definition.fields:
        if field.type.key == FORMULA and field.key not in computed:
            try:
                parse_formula(field.settings[FORMULA], formula_schema(definition))
            except InvalidExpression as error:
                found[field.key] = str(error.message)
    return found


@dataclass(frozen=True)
class FormulaCheck:
    """What a formula gives and reads; or what is wrong with it, and where (lines and columns count from 1)."""

    kind: str | None = None
    fields: tuple[str, ...] = ()
    error: str = ""
    line: int | None = None
    column: int | None = None


def formula_check(access: Access, source: str, *, key: str = "") -> FormulaCheck:
    """Whether the actor could save a formula now; `key` is the field whose formula it is, where there is one."""
    definition = access.definition
    field = definition.field_by_key.get(key)
    is_there = field is not None and field.settings.get(FORMULA) == source
    try:
        formula = parse_formula(source, formula_schema(definition if is_there else publishable(access)))
        others = {field.key: other for field, other in formulas_of(definition)}
        evaluation_order(others | ({key: formula} if key else {}))
    except InvalidExpression as error:
        place = error.details
        return FormulaCheck(error=str(error.message), line=place.get("line"), column=place.get("column"))
    if formula.uses_time:
        return FormulaCheck(error=str(AGES))
    return FormulaCheck(kind=formula.kind.key, fields=tuple(sorted(formula.fields_used)))


def check_circles(definition: Definition) -> None:
    """Raise Invalid when formulas read each other in a circle."""
    try:
        formulas_of(definition)
    except InvalidExpression as error:
        raise Invalid(error.message, {FORMULA: [error.message]}) from error


def check_same_kind(before: str, after: str) -> None:
    """Raise Invalid when a formula would give another kind of value than its column holds."""
    if before != after:
        message = _("This would give another kind of value. Add a new field for it.")
        raise Invalid(message, {FORMULA: [message]})
