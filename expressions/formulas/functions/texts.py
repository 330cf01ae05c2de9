"""Texts. Positions count from 1; results are cut at 10,000 characters."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from expressions.folding import folded
from expressions.formulas.functions.base import built, plain
from expressions.formulas.functions.logic import check_option
from expressions.formulas.functions.numbers import rounded
from expressions.formulas.types import MAX_TEXT, SCALAR, Run, Type, Typed, insist, number_words, words_of
from expressions.schema import Scope

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def joined(runs: list[Run]) -> Run:
    """A function that writes values one after another; empty ones leave no trace."""

    def run(scope: Scope) -> str | None:
        text = ""
        for item in runs:
            text += words_of(item(scope), scope)
            if len(text) >= MAX_TEXT:
                return text[:MAX_TEXT]
        return text or None

    return run


def _position(number: Decimal) -> int:
    return int(max(Decimal(0), min(Decimal(MAX_TEXT), number)))


@built("len(value)", gettext_lazy("How many characters a text or values a list has."), 1, 1)
def _len(args: list[Typed], at: int) -> Typed:
    insist(args[0], (Type.TEXT, Type.LIST))
    inner = args[0].run
    return Typed(Type.NUMBER, lambda scope: Decimal(len(inner(scope) or ())), at)


@plain("lower(text)", gettext_lazy("Small letters."), Type.TEXT, Type.TEXT)
def _lower(scope: Scope, text: str) -> str:
    return text.lower()[:MAX_TEXT]


@plain("upper(text)", gettext_lazy("Capital letters."), Type.TEXT, Type.TEXT)
def _upper(scope: Scope, text: str) -> str:
    return text.upper()[:MAX_TEXT]


@plain("trim(text)", gettext_lazy("Without spaces at both ends."), Type.TEXT, Type.TEXT)
def _trim(scope: Scope, text: str) -> str | None:
    return text.strip() or None


@plain("left(text, count)", gettext_lazy("The first characters."), Type.TEXT, Type.TEXT, Type.NUMBER)
def _left(scope: Scope, text: str, count: Decimal) -> str | None:
    return text[: _position(count)] or None


@plain("right(text, count)", gettext_lazy("The last characters."), Type.TEXT, Type.TEXT, Type.NUMBER)
def _right(scope: Scope, text: str, count: Decimal) -> str | None:
    return text[max(0, len(text) - _position(count)) :] or None


@plain("mid(text, start, count)", gettext_lazy("Characters from a place."), Type.TEXT, Type.TEXT, *[Type.NUMBER] * 2)
def _mid(scope: Scope, text: str, start: Decimal, count: Decimal) -> str | None:
    first = max(1, _position(start)) - 1
    return text[first : first + _position(count)] or None


@built("contains(value, part)", gettext_lazy("Whether a text has a part, or a list a value."), 2, 2)
def _contains(args: list[Typed], at: int) -> Typed:
    insist(args[0], (Type.TEXT, Type.LIST))
    whole, part = args[0].run, args[1].run
    if args[0].type is Type.LIST:
        insist(args[1], (Type.TEXT, Type.ITEM))
        check_option(args[0], args[1])
        return Typed(Type.BOOLEAN, lambda scope: part(scope) in (whole(scope) or ()), at)
    insist(args[1], (Type.TEXT,))

    def run(scope: Scope) -> bool:
        text, sought = whole(scope), part(scope)
        return text is not None and sought is not None and folded(sought) in folded(text)

    return Typed(Type.BOOLEAN, run, at)


@plain("startswith(text, part)", gettext_lazy("Whether a text begins so."), Type.BOOLEAN, Type.TEXT, Type.TEXT)
def _startswith(scope: Scope, text: str, part: str) -> bool:
    return folded(text).startswith(folded(part))


@plain("endswith(text, part)", gettext_lazy("Whether a text ends so."), Type.BOOLEAN, Type.TEXT, Type.TEXT)
def _endswith(scope: Scope, text: str, part: str) -> bool:
    return folded(text).endswith(folded(part))


@plain(
    "find(text, part)",
    gettext_lazy("The place of a part in a text, from 1; 0 if it is not there. Capital letters count."),
    Type.NUMBER,
    Type.TEXT,
    Type.TEXT,
)
def _find(scope: Scope, text: str, part: str) -> Decimal:
    return Decimal(text.find(part) + 1)


@plain(
    "textbefore(text, part)",
    gettext_lazy("What stands before a part; empty if it is not there."),
    Type.TEXT,
    Type.TEXT,
    Type.TEXT,
)
def _textbefore(scope: Scope, text: str, part: str) -> str | None:
    before, found, _after = text.partition(part)
    return (before or None) if found else None


@plain(
    "textafter(text, part)",
    gettext_lazy("What stands after a part; empty if it is not there."),
    Type.TEXT,
    Type.TEXT,
    Type.TEXT,
)
def _textafter(scope: Scope, text: str, part: str) -> str | None:
    return text.partition(part)[2] or None


@plain("proper(text)", gettext_lazy("The first letter of every word large, the others small."), Type.TEXT, Type.TEXT)
def _proper(scope: Scope, text: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), text)[:MAX_TEXT]


@plain("repeat(text, count)", gettext_lazy("The text so many times."), Type.TEXT, Type.TEXT, Type.NUMBER)
def _repeat(scope: Scope, text: str, count: Decimal) -> str | None:
    return (text * min(_position(count), MAX_TEXT // len(text) + 1))[:MAX_TEXT] or None


@built("replace(text, old, new)", gettext_lazy("Another part in every place of one."), 3, 3)
def _replace(args: list[Typed], at: int) -> Typed:
    for arg in args:
        insist(arg, (Type.TEXT,))
    whole, old, new = (arg.run for arg in args)

    def run(scope: Scope) -> str | None:
        text: str | None = whole(scope)
        sought, put = old(scope), new(scope) or ""
        if text is None or sought is None:
            return text
        growth = len(put) - len(sought)
        # What would be cut off anyway is not even made.
        times = MAX_TEXT // growth + 1 if growth > 0 else -1
        return text.replace(sought, put, times)[:MAX_TEXT] or None

    return Typed(Type.TEXT, run, at)


@built("concat(a, b, …)", gettext_lazy("Values written one after another."), 1)
def _concat(args: list[Typed], at: int) -> Typed:
    for arg in args:
        insist(arg, SCALAR)
    return Typed(Type.TEXT, joined([arg.run for arg in args]), at)


@plain(
    "text(value, digits)",
    gettext_lazy("A value as text; a number with so many decimals."),
    Type.TEXT,
    SCALAR,
    Type.NUMBER,
    optional=1,
)
def _text(scope: Scope, value: Any, digits: Decimal | None = None) -> str:
    if digits is None or not isinstance(value, Decimal):
        return words_of(value, scope)
    number = rounded(value, max(Decimal(0), digits), ROUND_HALF_UP)
    return number_words(value) if number is None else format(number, "f")
