"""The filters of placeholders: `{{ amount | money }}`. Each takes a filled value and gives a text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from expressions import display
from expressions.errors import BadValue, shown
from expressions.schema import FieldSpec
from expressions.values import DATETIME, Money

MAX_TRUNCATE = 10_000
MAX_DIGITS = 10
MAX_ARGUMENT = 200

Argument = str | int


@dataclass(frozen=True, slots=True)
class FilterContext:
    """What a filter may know besides the value."""

    spec: FieldSpec
    zone: tzinfo

    def human(self, value: object) -> str:
        """The value as a person reads it."""
        return display.human(value, self.zone, self.spec.options)


@dataclass(frozen=True)
class Filter:
    """One filter: which kinds it takes, what its argument may be, what it does."""

    key: str
    label: Text
    apply: Callable[[Any, Argument | None, FilterContext], str]
    check: Callable[[Argument | None], None]
    families: frozenset[str] | None = None

    def takes(self, spec: FieldSpec) -> bool:
        """Whether values of this field may be filtered so."""
        if self.key == "time":
            return spec.kind is DATETIME
        return self.families is None or spec.kind.family in self.families


def _nothing(argument: Argument | None) -> None:
    if argument is not None:
        raise BadValue(_("This filter takes no argument."))


def _text(argument: Argument | None) -> None:
    if not isinstance(argument, str) or len(argument) > MAX_ARGUMENT:
        raise BadValue(_("This filter takes a short text in quotes."))


def _size(argument: Argument | None) -> None:
    if not isinstance(argument, int) or not 1 <= argument <= MAX_TRUNCATE:
        raise BadValue(_("This filter takes a number from 1 to %(last)d.") % {"last": MAX_TRUNCATE})


def _digits(argument: Argument | None) -> None:
    if argument is not None and (not isinstance(argument, int) or not 0 <= argument <= MAX_DIGITS):
        raise BadValue(_("This filter takes a number from 0 to %(last)d.") % {"last": MAX_DIGITS})


def _style(argument: Argument | None) -> None:
    if argument is not None and argument not in display.DATE_STYLES:
        raise BadValue(
            _("“%(name)s” is not a date format; choose one of: %(known)s.")
            % {"name": shown(argument), "known": ", ".join(display.DATE_STYLES)}
        )


def _currency(argument: Argument | None) -> None:
    code = argument if isinstance(argument, str) else ""
    if argument is not None and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise BadValue(_("A currency has three capital letters, for example EUR."))


def _upper(value: object, argument: Argument | None, context: FilterContext) -> str:
    return context.human(value).upper()


def _lower(value: object, argument: Argument | None, context: FilterContext) -> str:
    return context.human(value).lower()


def _capitalize(value: object, argument: Argument | None, context: FilterContext) -> str:
    text = context.human(value)
    return text[:1].upper() + text[1:]


def _truncate(value: object, argument: Any, context: FilterContext) -> str:
    text = context.human(value)
    return text if len(text) <= argument else text[: argument - 1].rstrip() + "…"


def _default(value: Any, argument: Argument | None, context: FilterContext) -> Any:
    return value


def _join(value: Any, argument: Any, context: FilterContext) -> str:
    return str(argument).join(context.human(item) for item in value)


def _raw(value: object, argument: Argument | None, context: FilterContext) -> str:
    return display.machine(value)


def _date(value: date, argument: Any, context: FilterContext) -> str:
    return display.date_text(value, context.zone, argument or "medium")


def _datetime(value: date, argument: Any, context: FilterContext) -> str:
    return display.datetime_text(value, context.zone, argument or "medium")


def _time(value: datetime, argument: Argument | None, context: FilterContext) -> str:
    return display.time_text(value, context.zone)


def _money(value: Any, argument: Any, context: FilterContext) -> str:
    amount, currency = value if isinstance(value, Money) else (value, "")
    return display.money_text(_decimal(amount), argument or currency)


def _number(value: Any, argument: Any, context: FilterContext) -> str:
    return display.number_text(_decimal(value.amount if isinstance(value, Money) else value), argument)


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


_NUMBERS = frozenset({"number"})
_TIMES = frozenset({"time"})
_LISTS = frozenset({"choices", "people", "references", "files"})

_ALL = (
    Filter("upper", gettext_lazy("CAPITAL LETTERS"), _upper, _nothing),
    Filter("lower", gettext_lazy("small letters"), _lower, _nothing),
    Filter("capitalize", gettext_lazy("A capital letter first"), _capitalize, _nothing),
    Filter("truncate", gettext_lazy("At most so many characters"), _truncate, _size),
    Filter("default", gettext_lazy("A text for an empty value"), _default, _text),
    Filter("join", gettext_lazy("Several values with this between them"), _join, _text, _LISTS),
    Filter("raw", gettext_lazy("As programs write it"), _raw, _nothing),
    Filter("date", gettext_lazy("Date"), _date, _style, _TIMES),
    Filter("datetime", gettext_lazy("Date and time"), _datetime, _style, _TIMES),
    Filter("time", gettext_lazy("Time"), _time, _nothing, _TIMES),
    Filter("money", gettext_lazy("Money"), _money, _currency, _NUMBERS),
    Filter("number", gettext_lazy("Number with so many decimals"), _number, _digits, _NUMBERS),
)

FILTERS: Mapping[str, Filter] = {item.key: item for item in _ALL}
