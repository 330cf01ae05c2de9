"""A condition in words."""

from collections.abc import Callable, Mapping

from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from core.errors import Text
from expressions.conditions.nodes import Comparison, FieldValue, Me, Node, Now, Operand
from expressions.display import human
from expressions.moments import Distance
from expressions.operators import OPERATORS
from expressions.schema import FieldSpec
from expressions.values import Kind

# The name of a person or a linked row, by kind and id.
Names = Callable[[Kind, int], Text]


def no_names(kind: Kind, number: int) -> Text:
    """Without anybody to ask, an id stays a number."""
    return f"#{number}"


def describe_node(node: Node, fields: Mapping[str, FieldSpec], names: Names, *, nested: bool = False) -> str:
    """The sentence of a tree; groups inside groups stand in brackets."""
    if isinstance(node, Comparison):
        return describe_comparison(node, fields, names)
    if not node.items:
        return _("always")
    parts = [describe_node(item, fields, names, nested=True) for item in node.items]
    if node.mode == "none":
        sentence = _("none of this holds: %(parts)s") % {"parts": "; ".join(parts)}
        return f"({sentence})" if nested else sentence
    template = _("%(first)s and %(second)s") if node.mode == "all" else _("%(first)s or %(second)s")
    sentence = parts[0]
    for part in parts[1:]:
        sentence = template % {"first": sentence, "second": part}
    return f"({sentence})" if nested and len(parts) > 1 else sentence


def describe_comparison(node: Comparison, fields: Mapping[str, FieldSpec], names: Names) -> str:
    """The sentence of one comparison."""
    values = [_operand(operand, node, fields, names) for operand in node.operands]
    return str(OPERATORS[node.op].sentence_for(node.kind)) % {
        "field": _label(node.field, fields),
        "value": ", ".join(values),
        "first": values[0] if values else "",
        "last": values[-1] if values else "",
    }


def _label(key: str, fields: Mapping[str, FieldSpec]) -> str:
    return _("“%(field)s”") % {"field": fields[key].label}


def _operand(operand: Operand, node: Comparison, fields: Mapping[str, FieldSpec], names: Names) -> str:
    if isinstance(operand, FieldValue):
        return _label(operand.key, fields)
    if isinstance(operand, Me):
        return _("me")
    if isinstance(operand, Now):
        return _now(operand.distance)
    return describe_value(operand.value, fields[node.field], names)


def _now(distance: Distance) -> str:
    if not distance.amount:
        return _("now")
    template = _("now and %(length)s more") if distance.amount > 0 else _("%(length)s ago")
    return template % {"length": distance.describe()}


def describe_value(value: object, spec: FieldSpec, names: Names = no_names) -> str:
    """A plain value as a person reads it."""
    if isinstance(value, Distance):
        return value.describe()
    if isinstance(value, int) and spec.kind.by_id and (spec.options is None or value not in spec.options):
        return str(names(spec.kind, value))
    text = human(value, get_current_timezone(), spec.options)
    return _("“%(value)s”") % {"value": text} if isinstance(value, str) or spec.options else text
