"""The Python evaluator: a condition becomes nested closures once and then answers in microseconds."""

from collections.abc import Callable
from typing import Any, cast

from expressions.conditions.nodes import Comparison, Constant, FieldValue, Me, Node, Now
from expressions.conditions.primitives import (
    Items,
    Period,
    Primitive,
    bounds,
    equality,
    listed,
    reduced,
    single,
)
from expressions.operators import HISTORY_OPERATORS, OPERATORS
from expressions.schema import Scope
from expressions.values import DATE, DATETIME, DateKind, Kind

Check = Callable[[Scope], bool]
Test = Callable[[object, Scope], bool]


def compile_node(node: Node) -> Check:
    """A function that tells whether the condition holds in a scope."""
    if isinstance(node, Comparison):
        return _history(node) if node.op in HISTORY_OPERATORS else _comparison(node)
    checks = tuple(compile_node(item) for item in node.items)
    return {"all": _all, "any": _any, "none": _none}[node.mode](checks)


def _all(checks: tuple[Check, ...]) -> Check:
    def check(scope: Scope) -> bool:
        # A loop costs half as much as all() over a generator.
        for item in checks:  # noqa: SIM110
            if not item(scope):
                return False
        return True

    return check


def _any(checks: tuple[Check, ...]) -> Check:
    def check(scope: Scope) -> bool:
        for item in checks:  # noqa: SIM110
            if item(scope):
                return True
        return False

    return check


def _none(checks: tuple[Check, ...]) -> Check:
    found = _any(checks)
    return lambda scope: not found(scope)


def _comparison(node: Comparison) -> Check:
    denied, primitives = reduced(node)
    test, key = _conjunction(node.kind, primitives), node.field
    if denied:
        return lambda scope: not test(scope.values.get(key), scope)
    return lambda scope: test(scope.values.get(key), scope)


def _history(node: Comparison) -> Check:
    key, plain = node.field, node.kind.plain
    if node.op == "changed":
        return lambda scope: key in scope.before and plain(scope.before[key]) != plain(scope.values.get(key))
    test = _conjunction(node.kind, equality(node))

    def previous(scope: Scope) -> object:
        return scope.before[key] if key in scope.before else scope.values.get(key)

    if node.op == "was":
        return lambda scope: test(previous(scope), scope)
    return lambda scope: test(scope.values.get(key), scope) and not test(previous(scope), scope)


def _conjunction(kind: Kind, primitives: tuple[Primitive, ...]) -> Test:
    tests = [_test(kind, primitive) for primitive in primitives]
    if len(tests) == 1:
        return tests[0]
    first, second = tests
    return lambda value, scope: first(value, scope) and second(value, scope)


def _test(kind: Kind, primitive: Primitive) -> Test:
    read, operand = kind.read, primitive.operand
    if operand is None:
        return lambda value, scope: read(value) is not None
    if isinstance(operand, FieldValue) and operand.kind is not kind and isinstance(kind, DateKind):
        return _same_day(kind, primitive.op, operand)
    if isinstance(kind, DateKind) and not isinstance(operand, FieldValue):
        return _temporal(kind, primitive.op, cast(Constant | Now | Period, operand))
    holds = cast(Callable[[Any, Any], bool], OPERATORS[primitive.op].holds)
    if isinstance(operand, Constant):
        return _against_constant(kind, holds, operand)
    right_of = _resolver(kind, primitive)

    def test(value: object, scope: Scope) -> bool:
        left = read(value)
        if left is None:
            return False
        right = right_of(scope)
        return right is not None and holds(left, right)

    return test


def _against_constant(kind: Kind, holds: Callable[[Any, Any], bool], operand: Constant) -> Test:
    read, right = kind.read, kind.read(operand.value)

    def test(value: object, scope: Scope) -> bool:
        left = read(value)
        return left is not None and holds(left, right)

    return test


def _resolver(kind: Kind, primitive: Primitive) -> Callable[[Scope], object | None]:
    """The right-hand side in the form that is compared."""
    operand = primitive.operand
    if isinstance(operand, FieldValue):
        key, read = operand.key, operand.kind.read
        return lambda scope: read(scope.values.get(key))
    if isinstance(operand, Items):
        if all(isinstance(item, Constant) for item in operand.items):
            fixed = frozenset(getattr(kind, "single", kind).read(cast(Constant, item).value) for item in operand.items)
            return lambda scope: fixed
        items = operand
        return lambda scope: listed(primitive.op, items, kind, scope)
    me = cast(Me, operand)
    return lambda scope: single(me, scope)


def _same_day(kind: DateKind, op: str, operand: FieldValue) -> Test:
    """A date beside a moment: the moment counts as its day in the scope's zone."""
    holds = cast(Callable[[Any, Any], bool], OPERATORS[op].holds)
    key = operand.key

    def test(value: object, scope: Scope) -> bool:
        left, right = _day(kind, value, scope), _day(operand.kind, scope.values.get(key), scope)
        return left is not None and right is not None and holds(left, right)

    return test


def _day(kind: Kind, value: object, scope: Scope) -> object | None:
    if value is None or kind is not DATETIME:
        return value
    return DATE.at(cast(Any, value), scope.zone)


def _temporal(kind: DateKind, op: str, operand: Constant | Now | Period) -> Test:
    within = _WITHIN[op]
    read = kind.read

    def test(value: object, scope: Scope) -> bool:
        left = read(value)
        return left is not None and within(left, *bounds(operand, kind, scope))

    return test


_WITHIN: dict[str, Callable[[Any, Any, Any], bool]] = {
    "is": lambda value, first, last: first <= value <= last,
    "lt": lambda value, first, last: value < first,
    "le": lambda value, first, last: value <= last,
    "gt": lambda value, first, last: value > last,
    "ge": lambda value, first, last: value >= first,
}
