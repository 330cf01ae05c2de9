"""JSON Schema of what a form takes, from the form's own fields: one declaration for the dialog and the documentation.

A field class of our own says its schema by a method `json_schema`; those of Django are known here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from django import forms

Schema = dict[str, Any]


@runtime_checkable
class SaysItsSchema(Protocol):
    """A field of a form whose value is of a shape of its own."""

    def json_schema(self) -> Schema:
        """The shape of a value."""


def schema_of(field: forms.Field) -> Schema:
    """The shape of a field's value with its title, help and default; what need not be given may be null."""
    shape = field.json_schema() if isinstance(field, SaysItsSchema) else _shape(field)
    if not field.required:
        shape = _nullable(shape)
    default = field.initial() if callable(field.initial) else field.initial
    notes = {"title": str(field.label or ""), "description": str(field.help_text), "default": default}
    return {**{key: note for key, note in notes.items() if note not in (None, "")}, **shape}


def _shape(field: forms.Field) -> Schema:
    return next(shape(field) for kind, shape in _SHAPES.items() if isinstance(field, kind))


def _text(field: Any) -> Schema:
    return {"type": "string", **_given(maxLength=field.max_length, minLength=field.min_length)}


def _whole(field: Any) -> Schema:
    return {"type": "integer", **_given(minimum=field.min_value, maximum=field.max_value)}


def _number(field: Any) -> Schema:
    return {"type": "number", **_given(minimum=field.min_value, maximum=field.max_value)}


def _choice(field: Any) -> Schema:
    """One of the choices; where they depend on what the settings are for, only its type is known beforehand."""
    values = [value for value, _label in field.choices if value != ""]
    if not values:
        return {"type": "integer" if getattr(field, "coerce", None) is int else "string"}
    return {"enum": values if field.required else [*values, ""]}


def _choices(field: Any) -> Schema:
    return {"type": "array", "items": _choice(field), "uniqueItems": True}


_SHAPES: Mapping[type[forms.Field], Callable[[Any], Schema]] = {
    forms.ModelMultipleChoiceField: lambda field: {"type": "array", "items": {"type": "integer"}},
    forms.ModelChoiceField: lambda field: {"type": "integer"},
    forms.MultipleChoiceField: _choices,
    forms.ChoiceField: _choice,
    forms.BooleanField: lambda field: {"type": "boolean"},
    forms.DecimalField: _number,
    forms.FloatField: _number,
    forms.IntegerField: _whole,
    forms.JSONField: lambda field: {},
    forms.CharField: _text,
    forms.Field: lambda field: {},
}
"""Field of a form → the shape of its value; the first that fits."""


def _given(**limits: Any) -> Schema:
    return {key: limit for key, limit in limits.items() if limit is not None}


def _nullable(shape: Schema) -> Schema:
    if "enum" in shape:
        return {**shape, "enum": [*shape["enum"], None]}
    if isinstance(shape.get("type"), str):
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]} if shape else shape
