"""A parsed condition and what can be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Q

from expressions.conditions.describe import (
    Names,
    describe_comparison,
    describe_node,
    describe_value,
    no_names,
)
from expressions.conditions.evaluate import Check, compile_node
from expressions.conditions.nodes import (
    FieldValue,
    Group,
    Me,
    Node,
    Now,
    Operand,
    comparisons,
)
from expressions.conditions.parse import Parser
from expressions.conditions.primitives import Items, Period, reduced
from expressions.conditions.sql import Columns, write_q
from expressions.moments import Distance
from expressions.operators import HISTORY_OPERATORS, OPERATORS, Arity
from expressions.schema import FieldSpec, Moment, Schema, Scope
from expressions.values import Kind, Money


@dataclass(frozen=True)
class Condition:
    """A question about one record that is answered yes or no. Immutable, safe to cache and share."""

    root: Node
    fields: Mapping[str, FieldSpec] = field(compare=False, repr=False)

    @cached_property
    def check(self) -> Check:
        """The compiled condition."""
        return compile_node(self.root)

    @property
    def is_always(self) -> bool:
        """Whether it asks for nothing."""
        return self.root == _NOTHING_ASKED

    @cached_property
    def needs_history(self) -> bool:
        """Whether it asks what was, became or changed, which only an event can answer."""
        return any(item.op in HISTORY_OPERATORS for item in comparisons(self.root))

    @cached_property
    def depends_on_asking(self) -> bool:
        """Whether the answer about the same record may differ by when, or by whom, it is asked."""
        return self.needs_history or any(
            isinstance(operand, Now | Period | Me)
            for item in comparisons(self.root)
            for primitive in reduced(item)[1]
            for operand in (primitive.operand.items if isinstance(primitive.operand, Items) else (primitive.operand,))
        )

    def fields_used(self) -> frozenset[str]:
        """The keys of every field it speaks of."""
        return frozenset(self.fields)

    def denied(self) -> "Condition":
        """The condition that holds exactly where this one does not."""
        return Condition(Group("none", (self.root,)), self.fields)

    def to_json(self) -> dict[str, Any]:
        """The JSON from which it can be parsed again."""
        return _node_json(self.root)

    def describe(self, names: Names = no_names) -> str:
        """The condition as a sentence; `names` tells the names of people and linked rows."""
        return describe_node(self.root, self.fields, names)


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison of a condition as it turned out for a record."""

    sentence: str
    value: str
    holds: bool


_NOTHING_ASKED = Group("all", ())
ALWAYS = Condition(_NOTHING_ASKED, {})


def parse_condition(data: object, schema: Schema) -> Condition:
    """The condition written in JSON; nothing at all (None, {}) is always true. Raises InvalidExpression."""
    if data is None or data == {}:
        return ALWAYS
    parser = Parser(schema)
    return Condition(parser.node(data), parser.fields)


def evaluate(condition: Condition, scope: Scope) -> bool:
    """Whether the condition holds for plain values."""
    return condition.check(scope)


def to_q(condition: Condition, columns: Columns, moment: Moment) -> Q:
    """The same as a filter. Raises NotFilterable for questions about history and fields without a column."""
    return write_q(condition.root, columns, moment)


def explain(condition: Condition, scope: Scope, names: Names = no_names) -> list[Finding]:
    """Every comparison with what the record holds and whether it came true, for test runs and logs."""
    return [
        Finding(
            describe_comparison(item, condition.fields, names),
            _present(scope.values.get(item.field), condition.fields[item.field], names),
            compile_node(item)(scope),
        )
        for item in comparisons(condition.root)
    ]


def _present(value: object, spec: FieldSpec, names: Names) -> str:
    if spec.kind.plain(value) is None:
        return ""
    items = value if isinstance(value, list | tuple) and not isinstance(value, Money) else [value]
    return ", ".join(describe_value(item, spec, names) for item in items)


def _node_json(node: Node) -> dict[str, Any]:
    if isinstance(node, Group):
        return {node.mode: [_node_json(item) for item in node.items]}
    written: dict[str, Any] = {"field": node.field, "op": node.op}
    values = [_operand_json(operand, node.kind) for operand in node.operands]
    arity = OPERATORS[node.op].arity_for(node.kind)
    if arity is Arity.NONE:
        return written
    alone = arity in (Arity.ONE, Arity.DISTANCE) or (arity is Arity.LIST and isinstance(node.operands[0], FieldValue))
    return written | {"value": values[0] if alone else values}


def _operand_json(operand: Operand, kind: Kind) -> Any:
    if isinstance(operand, FieldValue):
        return {"field": operand.key}
    if isinstance(operand, Me):
        return {"me": True}
    if isinstance(operand, Now):
        return {"now": str(operand.distance)}
    if isinstance(operand.value, Distance):
        return f"{operand.value.amount}{operand.value.unit}"
    return kind.to_json(operand.value)
