"""The type checker: from a syntax tree to one function that computes the result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from django.utils.translation import gettext as _

from expressions.errors import shown, with_hint
from expressions.folding import folded
from expressions.formulas.functions import FUNCTIONS
from expressions.formulas.functions.dates import day_of, moved
from expressions.formulas.functions.logic import check_option
from expressions.formulas.functions.texts import joined
from expressions.formulas.grammar import Node, Refusal
from expressions.formulas.types import (
    ARITHMETIC,
    SCALAR,
    TIME,
    Run,
    Type,
    Typed,
    as_moment,
    as_number,
    as_text,
    field_type,
    finite,
    insist,
)
from expressions.schema import Schema, Scope
from expressions.values import MAX_DIGITS, UNSTORABLE

# From what stands on the left, computed and filled, to the result of one operator.
Step = Callable[[Any, Scope], Any]
StepMaker = Callable[[Typed, Typed], tuple[Type, Step]]

_MICROSECONDS_A_DAY = Decimal(86_400_000_000)
_READERS: Mapping[Type, Callable[[Any], Any]] = {
    Type.NUMBER: as_number,
    Type.TEXT: as_text,
    Type.CHOICE: as_text,
    Type.DATETIME: as_moment,
}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<>": ne,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_WORDS: Mapping[str, tuple[Type, object]] = {
    "true": (Type.BOOLEAN, True),
    "false": (Type.BOOLEAN, False),
    "empty": (Type.NOTHING, None),
}


@dataclass
class Checker:
    """Checks one formula; remembers which fields it reads and whether its result changes with time."""

    schema: Schema
    fields: set[str] = field(default_factory=set)
    uses_time: bool = False

    def check(self, node: Node) -> Typed:
        """The checked part; raises Refusal."""
        handlers: Mapping[str, Callable[[Node], Typed]] = {
            "number": self.number,
            "text": self.text,
            "field": self.braced,
            "name": self.name,
            "call": self.call,
            "negative": self.negative,
            "negated": self.negated,
            "product": self.arithmetic,
            "sum": self.arithmetic,
            "joined": self.join,
            "comparison": self.comparison,
            "conjunction": self.logic,
            "disjunction": self.logic,
        }
        return handlers[node.kind](node)

    def number(self, node: Node) -> Typed:
        """A number literal."""
        if len(node.words[0]) > MAX_DIGITS:
            raise Refusal(node.at, _("This number is too long."))
        return _literal(Type.NUMBER, Decimal(node.words[0]), node.at)

    def text(self, node: Node) -> Typed:
        """A text literal; backslashes stand before quotation marks, themselves and n."""
        inner = node.words[0][1:-1]
        plain = "\\".join(part.replace('\\"', '"').replace("\\n", "\n") for part in inner.split("\\\\"))
        if UNSTORABLE.search(plain):
            raise Refusal(node.at, _("The text holds characters that cannot be stored."))
        return _literal(Type.TEXT, plain or None, node.at)

    def braced(self, node: Node) -> Typed:
        """{field}"""
        return self.read(node.words[0][1:-1].strip(), node.at)

    def name(self, node: Node) -> Typed:
        """A bare word: true, false, empty or the key of a field."""
        word = node.words[0]
        if word.lower() in _WORDS and word not in self.schema:
            kind, value = _WORDS[word.lower()]
            return _literal(kind, value, node.at)
        return self.read(word, node.at)

    def read(self, key: str, at: int) -> Typed:
        """The value of a field."""
        spec = self.schema.get(key)
        if spec is None:
            message = _("There is no field “%(name)s”.") % {"name": shown(key)}
            raise Refusal(at, with_hint(message, key, self.schema))
        self.fields.add(key)
        kind = field_type(spec.kind)
        reader = _READERS.get(kind)
        if reader is None:
            return Typed(kind, lambda scope: scope.values.get(key), at, options=spec.options)
        return Typed(kind, lambda scope: reader(scope.values.get(key)), at, options=spec.options)

    def call(self, node: Node) -> Typed:
        """name(values)"""
        key = node.words[0].lower()
        function = FUNCTIONS.get(key)
        if function is None:
            message = _("There is no function “%(name)s”.") % {"name": shown(node.words[0])}
            raise Refusal(node.at, with_hint(message, key, FUNCTIONS))
        self.uses_time |= function.uses_time
        return function.call([self.check(part) for part in node.parts], node.at)

    def negative(self, node: Node) -> Typed:
        """-number"""
        inner = self.number_part(node.parts[0])

        def run(scope: Scope) -> Decimal | None:
            value = inner(scope)
            return None if value is None else ARITHMETIC.minus(value)

        return Typed(Type.NUMBER, run, node.at)

    def number_part(self, node: Node) -> Run:
        """A part that must be a number."""
        part = self.check(node)
        insist(part, (Type.NUMBER,))
        return part.run

    def arithmetic(self, node: Node) -> Typed:
        """Sums and products, from left to right; dates take part in sums."""
        left = self.check(node.parts[0])
        start, steps = left.run, []
        for sign, part in zip(node.words, node.parts[1:], strict=True):
            kind, step = _STEPS[sign](left, self.check(part))
            steps.append(step)
            left = Typed(kind, start, node.at)

        # One loop for the whole chain: a sum of a thousand parts must not nest a thousand calls.
        def run(scope: Scope) -> Any:
            value = start(scope)
            for step in steps:
                if value is None:
                    return None
                value = step(value, scope)
            return value

        return Typed(left.type, run, node.at)

    def join(self, node: Node) -> Typed:
        """Values written one after another."""
        parts = [self.check(part) for part in node.parts]
        for part in parts:
            insist(part, SCALAR)
        return Typed(Type.TEXT, joined([part.run for part in parts]), node.at)

    def comparison(self, node: Node) -> Typed:
        """left < right"""
        left, right = (self.check(part) for part in node.parts)
        return _compared(left, right, node.words[0])

    def negated(self, node: Node) -> Typed:
        """not condition"""
        inner = self.condition(node.parts[0])
        return Typed(Type.BOOLEAN, lambda scope: not inner(scope), node.at)

    def logic(self, node: Node) -> Typed:
        """Conditions joined by and, or by or; an empty one counts as a no."""
        runs = [self.condition(part) for part in node.parts]
        choose = all if node.kind == "conjunction" else any
        return Typed(Type.BOOLEAN, lambda scope: choose(run(scope) for run in runs), node.at)

    def condition(self, node: Node) -> Run:
        """A part that must be a yes or a no."""
        part = self.check(node)
        insist(part, (Type.BOOLEAN,))
        return part.run


def _literal(kind: Type, value: object, at: int) -> Typed:
    return Typed(kind, lambda scope: value, at, literal=value)


def _numbers(operation: Callable[[Decimal, Decimal], Decimal]) -> StepMaker:
    def make(left: Typed, right: Typed) -> tuple[Type, Step]:
        insist(left, (Type.NUMBER,))
        insist(right, (Type.NUMBER,))
        other_of = right.run

        def step(value: Decimal, scope: Scope) -> Decimal | None:
            other = other_of(scope)
            return None if other is None else finite(operation(value, other))

        return Type.NUMBER, step

    return make


def _modulo(value: Decimal, by: Decimal) -> Decimal:
    rest = ARITHMETIC.remainder(value, by)
    # Like a clock: the result has the sign of the divisor.
    return ARITHMETIC.add(rest, by) if rest.is_finite() and rest and (rest < 0) != (by < 0) else rest


_add_numbers, _subtract_numbers = _numbers(ARITHMETIC.add), _numbers(ARITHMETIC.subtract)


def _add(left: Typed, right: Typed) -> tuple[Type, Step]:
    if left.type in TIME:
        return _shifted(left, right, 1)
    if right.type in TIME:
        insist(left, (Type.NUMBER,))
        start_of = right.run
        return right.type, lambda days, scope: _moved(start_of(scope), days, scope)
    for part in (left, right):
        if part.type in (Type.TEXT, Type.CHOICE):
            raise Refusal(part.at, _("Numbers are added with “+”, texts are joined with “&”."))
    return _add_numbers(left, right)


def _subtract(left: Typed, right: Typed) -> tuple[Type, Step]:
    if left.type in TIME and right.type in TIME:
        return Type.NUMBER, _distance(left, right)
    if left.type in TIME:
        return _shifted(left, right, -1)
    return _subtract_numbers(left, right)


def _shifted(start: Typed, days: Typed, sign: int) -> tuple[Type, Step]:
    """A date or moment some whole days later or earlier."""
    insist(days, (Type.NUMBER,))
    days_of = days.run

    def step(value: Any, scope: Scope) -> Any:
        number = days_of(scope)
        return None if number is None else _moved(value, sign * number, scope)

    return start.type, step


def _moved(value: Any, days: Decimal, scope: Scope) -> Any:
    return None if value is None else moved(value, days, "days", scope)


def _distance(left: Typed, right: Typed) -> Step:
    """The days between two dates, or, with fractions, between two moments."""
    first_of, alike = right.run, left.type is right.type

    def step(last: Any, scope: Scope) -> Decimal | None:
        first = first_of(scope)
        if first is None:
            return None
        if not alike:
            last, first = day_of(last, scope), day_of(first, scope)
        return ARITHMETIC.divide(Decimal((last - first) // timedelta(microseconds=1)), _MICROSECONDS_A_DAY)

    return step


_STEPS: Mapping[str, StepMaker] = {
    "+": _add,
    "-": _subtract,
    "*": _numbers(ARITHMETIC.multiply),
    "/": _numbers(ARITHMETIC.divide),
    "%": _numbers(_modulo),
}


def _compared(left: Typed, right: Typed, sign: str) -> Typed:
    """A comparison. With an empty side only “is not” holds; texts compare folded, options exactly."""
    for part in (left, right):
        if part.type is Type.NOTHING:
            raise Refusal(part.at, _("To ask whether a value is empty, write isempty(…)."))
        if part.type is Type.LIST:
            raise Refusal(part.at, _("To ask about a list, write contains(…)."))
    form_left, form_right = _forms(left, right)
    check_option(left, right)
    check_option(right, left)
    if sign not in ("=", "<>", "!=") and left.type in (Type.BOOLEAN, Type.CHOICE, Type.ITEM):
        raise Refusal(left.at, _("These values have no order; only “=” and “<>” compare them."))
    compare, unlike = _COMPARE[sign], sign in ("<>", "!=")
    first, second = left.run, right.run

    def run(scope: Scope) -> bool:
        one, other = first(scope), second(scope)
        if one is None or other is None:
            return unlike
        return compare(form_left(one, scope), form_right(other, scope))

    return Typed(Type.BOOLEAN, run, left.at)


def _forms(left: Typed, right: Typed) -> tuple[Callable[[Any, Scope], Any], Callable[[Any, Scope], Any]]:
    """How each side is read for the comparison; raises Refusal if they do not compare."""
    pair = {left.type, right.type}
    if pair == {Type.DATE, Type.DATETIME}:
        return day_of, day_of
    if pair == {Type.TEXT}:
        return _folded, _folded
    if len(pair) == 1 or pair == {Type.TEXT, Type.CHOICE}:
        return _same, _same
    raise Refusal(
        right.at,
        _("%(first)s and %(second)s cannot be compared.") % {"first": left.type.label, "second": right.type.label},
    )


def _folded(value: str, scope: Scope) -> str:
    return folded(value)


def _same(value: Any, scope: Scope) -> Any:
    return value
