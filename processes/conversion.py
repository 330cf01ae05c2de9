"""Values between types: what a field can become, how a value becomes one of another type, and how old ones are read."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from processes.definition_types import FieldDef
from processes.fieldtype import ConversionContext, FieldType, WrongValue, field_types

_SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
"""Types of JSON Schema and of Python."""


def targets_for(field: FieldDef) -> list[FieldType]:
    """The types that a field can become. What is computed, and files, neither become anything nor are become."""
    return [kind for kind in field_types if can_become(field, kind)]


def can_become(field: FieldDef, kind: FieldType) -> bool:
    """Whether values of a field can become values of a type; not of its own."""
    return kind.key != field.type.key and not field.type.is_computed and field.type.kind in kind.readings


def is_fixed(kind: FieldType) -> bool:
    """Whether values of a type become nothing else."""
    return kind.is_computed or not any(kind.kind in o.readings for o in field_types if o.key != kind.key)


def converted(value: Any, source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """A value of one field as another holds it; None stays None. Raises WrongValue."""
    if value is None:
        return None
    reading = target.type.readings.get(source.type.kind)
    if reading is None:
        raise WrongValue(_("Values of the type “%s” cannot become this.") % source.type.label)
    return reading(value, source, target, context)


def read_past(field: FieldDef, raw: Any) -> Any:
    """The value of what an event once told. Raises WrongValue where the field was of another type then."""
    if raw is None:
        return None
    shape, item = _shape(field)
    items = raw if isinstance(raw, list) and item else ()
    if not _is_of(raw, shape) or not all(_is_of(one, item) for one in items):
        raise WrongValue(_("The field was of another type then."))
    try:
        return field.type.from_json(raw)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise WrongValue(_("The field was of another type then.")) from error


def past_text(raw: Any) -> str:
    """What an event told of a field that was of another type then, as plain text."""
    if isinstance(raw, bool):
        return _("Yes") if raw else _("No")
    if isinstance(raw, Mapping):
        return " ".join(map(past_text, raw.values()))
    if isinstance(raw, list):
        return ", ".join(map(past_text, raw))
    return "" if raw is None else str(raw)


@lru_cache(maxsize=4096)
def _shape(field: FieldDef) -> tuple[str, str]:
    """The JSON type of a field's values, and of their items where they are lists."""
    schema = field.type.json_schema(field)
    return schema["type"], schema.get("items", {}).get("type", "")


def _is_of(raw: Any, shape: str) -> bool:
    return isinstance(raw, _SHAPES[shape]) and (isinstance(raw, bool) == (shape == "boolean"))
