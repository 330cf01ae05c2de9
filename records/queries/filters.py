"""What a condition over the records of a process may speak of, and the ways to write one from outside.

One schema serves pages, REST, saved views and automation: base columns and fields by key. A field that the
actor may not read is not in it, nor is a pipeline that is closed to them or a stage of one, and so each of these
answers exactly like what does not exist.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound
from expressions.conditions import Condition, parse_condition
from expressions.conditions.nodes import Group, Node
from expressions.operators import OPERATORS, Arity
from expressions.schema import FieldSpec, Schema
from expressions.values import BOOLEAN, TEXT, Kind
from processes.permissions import Access
from processes.queries import visible_pipelines
from processes.schema import place_specs, schema_of

MOST_FILTERS = 50
"""Simple filters in one address."""

Pairs = Iterable[tuple[str, str]]
"""Names and values as they stand in an address: `("filter[amount][ge]", "100")`."""


def schema_for(access: Access) -> Schema:
    """The part of the schema that the access may read."""
    definition, schema = access.definition, schema_of(access.definition)
    pipelines = visible_pipelines(access)
    if len(pipelines) < len(definition.shown_pipelines):
        schema = {**schema, **place_specs(pipelines)}
    readable = access.readable_fields
    if len(readable) == len(definition.fields):
        return schema
    gone = definition.field_by_key.keys() - {field.key for field in readable}
    return {key: spec for key, spec in schema.items() if key not in gone}


def condition_from(access: Access, data: object) -> Condition:
    """The condition written as a JSON tree, over what the access may read. Raises InvalidExpression."""
    return parse_condition(data, schema_for(access))


def condition_from_pairs(access: Access, pairs: Pairs) -> Condition:
    """All simple filters of an address together: `filter[source]=site`, `filter[amount][ge]=100`.

    Without an operator a field is (or has) the value; a name given twice means any of the values. Lists and
    ranges are written with commas. Names that are no filters are not looked at. Raises Invalid with the name
    of the wrong filter in `fields`.
    """
    schema = schema_for(access)
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        if name.startswith("filter["):
            grouped.setdefault(name, []).append(value)
    if len(grouped) > MOST_FILTERS:
        raise Invalid(_("There are more than %d filters.") % MOST_FILTERS, {"filter": [_("Too many filters.")]})
    found = [_simple(name, values, schema) for name, values in grouped.items()]
    return all_of(found)


def all_of(conditions: Iterable[Condition]) -> Condition:
    """The condition that holds where all of these do."""
    nodes: list[Node] = []
    fields: dict[str, FieldSpec] = {}
    for condition in conditions:
        if not condition.is_always:
            nodes.append(condition.root)
            fields |= condition.fields
    return Condition(Group("all", tuple(nodes)), fields)


def _simple(name: str, values: list[str], schema: Schema) -> Condition:
    try:
        key, op = _parts(name)
        kind = schema[key].kind if key in schema else TEXT
        op = op or _default_operator(kind, values)
        return parse_condition({"field": key, "op": op, **_operand(kind, op, values)}, schema)
    except (Invalid, NotFound) as error:
        raise Invalid(error.message, {name: [error.message]}) from error


def _parts(name: str) -> tuple[str, str]:
    """`filter[amount][ge]` → ("amount", "ge"); the operator may be missing."""
    parts = name.removeprefix("filter[").removesuffix("]").split("][")
    if not name.endswith("]") or len(parts) > 2 or not all(parts):
        raise Invalid(_("A filter is written like filter[amount][ge]=100."))
    return parts[0], parts[1] if len(parts) == 2 else ""


def _default_operator(kind: Kind, values: list[str]) -> str:
    return "in" if kind.equality == "is" and len(values) > 1 else kind.equality


def _operand(kind: Kind, op: str, values: list[str]) -> dict[str, Any]:
    arity = OPERATORS[op].arity_for(kind) if op in OPERATORS else Arity.ONE
    if arity is Arity.NONE:
        if values in ([""], ["true"], ["1"]):
            return {}
        raise Invalid(_("This operator takes no value."))
    if arity in (Arity.LIST, Arity.RANGE):
        texts = values[0].split(",") if len(values) == 1 else values
        return {"value": [_constant(kind, text) for text in texts]}
    if len(values) > 1:
        raise Invalid(_("This filter is given twice."))
    return {"value": values[0] if arity is Arity.DISTANCE else _constant(kind, values[0])}


def _constant(kind: Kind, text: str) -> Any:
    """A text from an address as the JSON value it stands for."""
    single = getattr(kind, "single", kind)
    if single.accepts_me and text == "me":
        return {"me": True}
    if single.by_id and text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    if single is BOOLEAN and text in ("true", "false"):
        return text == "true"
    return text
