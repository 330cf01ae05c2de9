"""Values that are computed when a record is written."""

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from processes.computed_type import ComputedType
from processes.definition_types import Definition, FieldDef
from processes.formulas import formulas_of
from records.asking import scope_of
from records.typed import TypedRecord


def begin_computed(definition: Definition, row: TypedRecord) -> None:
    """Put on a new row what fields show of linked records when there are none yet."""
    for field, value in _beginnings(definition):
        for name, part in field.stored(value).items():
            setattr(row, name, part)


@lru_cache(maxsize=512)
def _beginnings(definition: Definition) -> tuple[tuple[FieldDef, Any], ...]:
    computed = ((field, field.type) for field in definition.fields if isinstance(field.type, ComputedType))
    return tuple((field, kind.of_nothing(field)) for field, kind in computed if kind.of_nothing(field) is not None)


def compute(definition: Definition, row: TypedRecord) -> list[str]:
    """Evaluate the formulas on a row, unsaved, each after those it reads; the attributes that changed.

    Nothing to do, and nothing done, for a process without formulas.
    """
    formulas = formulas_of(definition)
    if not formulas:
        return []
    scope = scope_of(definition, row, me=None)
    values: dict[str, object] = dict(scope.values)
    changed: list[str] = []
    for field, formula in formulas:
        value = _fitted(field, formula.evaluate(replace(scope, values=values)))
        values[field.key] = value
        if value != row.value(field):
            for name, part in field.stored(value).items():
                setattr(row, name, part)
                changed.append(name)
    return changed


def _fitted(field: FieldDef, value: Any) -> Any:
    """The result as the column holds it; empty where it does not fit."""
    assert isinstance(field.type, ComputedType)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal):
        value = round(value, field.settings["decimals"])
    return field.type.fitted(value, field)
