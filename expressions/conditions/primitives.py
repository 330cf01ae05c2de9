"""What a comparison comes down to, for both evaluators: a conjunction of elementary tests, perhaps denied.

`between` is "at least and at most", `older_than` is "before now minus so much", a period is "within these
days", and every negative operator denies a positive one. So both evaluators know a dozen tests and one "not".
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from expressions.conditions.nodes import Comparison, Constant, FieldValue, Me, Now, Operand
from expressions.moments import NOWHERE, PERIODS, Distance
from expressions.operators import OPERATORS, Arity
from expressions.schema import Moment
from expressions.values import DateKind, Kind


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a period around today."""

    key: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of constants, with or without "me"."""

    items: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Primitive:
    """One elementary test, such as is, lt, in, contains, has_any, is_filled."""

    op: str
    operand: Operand | Period | Items | None = None


def reduced(comparison: Comparison) -> tuple[bool, tuple[Primitive, ...]]:
    """Whether the comparison is a denial, and the tests that must all hold (or, denied, not all hold)."""
    operator = OPERATORS[comparison.op]
    op, denied = (operator.denies, True) if operator.denies else (operator.key, False)
    return denied, _primitives(op, comparison.kind, comparison.operands)


def equality(comparison: Comparison) -> tuple[Primitive, ...]:
    """The test behind was and became."""
    return _primitives(comparison.kind.equality, comparison.kind, comparison.operands)


def _primitives(op: str, kind: Kind, operands: tuple[Operand, ...]) -> tuple[Primitive, ...]:
    if op in PERIODS:
        return (Primitive("is", Period(op)),)
    if op == "between":
        return Primitive("ge", operands[0]), Primitive("le", operands[1])
    if OPERATORS[op].arity is Arity.DISTANCE:
        return _relative(op, cast(Distance, cast(Constant, operands[0]).value))
    if OPERATORS[op].arity is Arity.LIST and not isinstance(operands[0], FieldValue):
        return (Primitive(op, Items(operands)),)
    return (Primitive(op, operands[0] if operands else None),)


def _relative(op: str, distance: Distance) -> tuple[Primitive, ...]:
    present = Now(NOWHERE)
    if op == "older_than":
        return (Primitive("lt", Now(-distance)),)
    if op == "later_than":
        return (Primitive("gt", Now(distance)),)
    if op == "within_last":
        return Primitive("ge", Now(-distance)), Primitive("le", present)
    return Primitive("ge", present), Primitive("le", Now(distance))


def bounds(operand: Constant | Now | Period, kind: DateKind, moment: Moment) -> tuple[date, date]:
    """The first and the last value that an operand means; they differ for the days of a moment's field."""
    if isinstance(operand, Now):
        value = kind.at(operand.distance.after(moment.now, moment.zone), moment.zone)
        return value, value
    if isinstance(operand, Period):
        return kind.span(*PERIODS[operand.key](moment.today), moment.zone)
    day = cast(date, operand.value)
    return (day, day) if isinstance(day, datetime) else kind.span(day, day, moment.zone)


def single(operand: Constant | Me, moment: Moment) -> object | None:
    """The plain value of a constant or of "me"."""
    return operand.value if isinstance(operand, Constant) else moment.me


def listed(op: str, items: Items, kind: Kind, moment: Moment) -> frozenset[object] | None:
    """The values of a list as they are compared; None if the test cannot hold ("all of" with nobody)."""
    item_kind = getattr(kind, "single", kind)
    values = {single(cast(Constant | Me, item), moment) for item in items.items}
    if None in values:
        values.discard(None)
        if op == "has_all":
            return None
    return frozenset(item_kind.read(value) for value in values) or None
