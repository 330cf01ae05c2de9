"""Numbers."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation

from django.utils.translation import gettext_lazy

from expressions.formulas.functions.base import built, plain
from expressions.formulas.types import ARITHMETIC, SCALAR, Type, Typed, finite, insist
from expressions.schema import Scope

MAX_ROUND = 20


def rounded(number: Decimal, digits: Decimal, mode: str) -> Decimal | None:
    """A number with so many decimals; one too long for that is left as it is."""
    places = int(max(Decimal(-MAX_ROUND), min(Decimal(MAX_ROUND), digits)))
    result = number.quantize(Decimal((0, (1,), -places)), rounding=mode, context=ARITHMETIC)
    return number if result.is_nan() else result + 0


@plain("abs(number)", gettext_lazy("The number without its sign."), Type.NUMBER, Type.NUMBER)
def _abs(scope: Scope, number: Decimal) -> Decimal:
    return abs(number)


@plain(
    "round(number, digits)",
    gettext_lazy("Rounded, halves away from zero; to whole numbers if digits are left out."),
    Type.NUMBER,
    Type.NUMBER,
    Type.NUMBER,
    optional=1,
)
def _round(scope: Scope, number: Decimal, digits: Decimal = Decimal(0)) -> Decimal | None:
    return rounded(number, digits, ROUND_HALF_UP)


@plain("floor(number)", gettext_lazy("The nearest whole number below."), Type.NUMBER, Type.NUMBER)
def _floor(scope: Scope, number: Decimal) -> Decimal | None:
    return rounded(number, Decimal(0), ROUND_FLOOR)


@plain("ceil(number)", gettext_lazy("The nearest whole number above."), Type.NUMBER, Type.NUMBER)
def _ceil(scope: Scope, number: Decimal) -> Decimal | None:
    return rounded(number, Decimal(0), ROUND_CEILING)


@plain(
    "roundup(number, digits)",
    gettext_lazy("Rounded away from zero."),
    Type.NUMBER,
    Type.NUMBER,
    Type.NUMBER,
    optional=1,
)
def _roundup(scope: Scope, number: Decimal, digits: Decimal = Decimal(0)) -> Decimal | None:
    return rounded(number, digits, ROUND_UP)


@plain(
    "rounddown(number, digits)",
    gettext_lazy("Rounded towards zero."),
    Type.NUMBER,
    Type.NUMBER,
    Type.NUMBER,
    optional=1,
)
def _rounddown(scope: Scope, number: Decimal, digits: Decimal = Decimal(0)) -> Decimal | None:
    return rounded(number, digits, ROUND_DOWN)


@plain(
    "power(number, exponent)",
    gettext_lazy("The number multiplied by itself so many times."),
    Type.NUMBER,
    Type.NUMBER,
    Type.NUMBER,
)
def _power(scope: Scope, number: Decimal, exponent: Decimal) -> Decimal | None:
    return finite(ARITHMETIC.power(number, exponent))


@plain("sqrt(number)", gettext_lazy("The square root; empty for negative numbers."), Type.NUMBER, Type.NUMBER)
def _sqrt(scope: Scope, number: Decimal) -> Decimal | None:
    return finite(ARITHMETIC.sqrt(number))


@plain("sign(number)", gettext_lazy("1, 0 or −1, as the number stands to zero."), Type.NUMBER, Type.NUMBER)
def _sign(scope: Scope, number: Decimal) -> Decimal:
    return Decimal((number > 0) - (number < 0))


@built("count(a, b, …)", gettext_lazy("How many of the values are filled."), 1)
def _count(args: list[Typed], at: int) -> Typed:
    for arg in args:
        insist(arg, (*SCALAR, Type.ITEM, Type.LIST))
    runs = [arg.run for arg in args]
    return Typed(Type.NUMBER, lambda scope: Decimal(sum(run(scope) is not None for run in runs)), at)


def _total(args: list[Typed], at: int, *, average: bool) -> Typed:
    for arg in args:
        insist(arg, (Type.NUMBER,))
    runs = [arg.run for arg in args]

    def run(scope: Scope) -> Decimal | None:
        numbers = [number for item in runs if (number := item(scope)) is not None]
        if not numbers:
            return None
        total = Decimal(0)
        for number in numbers:
            total = ARITHMETIC.add(total, number)
        return finite(ARITHMETIC.divide(total, len(numbers)) if average else total)

    return Typed(Type.NUMBER, run, at)


@built("sum(a, b, …)", gettext_lazy("The sum of the filled numbers."), 1)
def _sum(args: list[Typed], at: int) -> Typed:
    return _total(args, at, average=False)


@built("average(a, b, …)", gettext_lazy("The mean of the filled numbers."), 1)
def _average(args: list[Typed], at: int) -> Typed:
    return _total(args, at, average=True)


@plain("number(text)", gettext_lazy("The number that a text says; empty if it says none."), Type.NUMBER, Type.TEXT)
def _number(scope: Scope, text: str) -> Decimal | None:
    try:
        return finite(Decimal(text.strip()[:60].replace(" ", "").replace("\xa0", "").replace(",", ".")))
    except InvalidOperation:
        return None
