"""Plain values as text: for people in their language, for machines in one fixed form."""

import json
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from core.errors import Text
from expressions.values import Money

DATE_STYLES = ("short", "medium", "long", "full", "iso")


def locale() -> Locale:
    """The locale of the active language."""
    return _locale(get_language() or "en")


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def number_text(value: Decimal | int, digits: int | None = None) -> str:
    """A number with the language's separators, with all of its decimals or exactly so many."""
    if digits is None:
        return str(format_decimal(value, locale=locale(), decimal_quantization=False))
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=locale()))


def money_text(amount: Decimal | int, currency: str) -> str:
    """An amount with the sign of its currency; whole amounts without decimals."""
    if not currency:
        return number_text(amount)
    place, pattern = locale(), None
    if amount == int(amount):
        pattern = place.currency_formats["standard"].pattern.replace(".00", "")
    return str(format_currency(amount, currency, format=pattern, locale=place, currency_digits=pattern is None))


def date_text(value: date, zone: tzinfo, style: str = "medium") -> str:
    """A day; of a moment, its day in the zone."""
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    return day.isoformat() if style == "iso" else str(format_date(day, format=style, locale=locale()))


def datetime_text(value: date, zone: tzinfo, style: str = "medium") -> str:
    """A moment by the clock on the wall, to the minute in the shorter styles."""
    if not isinstance(value, datetime):
        return date_text(value, zone, style)
    local = value.astimezone(zone)
    if style == "iso":
        return local.isoformat()
    if style in ("long", "full"):
        return str(format_datetime(local, format=style, locale=locale()))
    return f"{date_text(local, zone, style)}, {time_text(local, zone)}"


def time_text(value: datetime, zone: tzinfo) -> str:
    """The time of day of a moment."""
    return str(format_time(value.astimezone(zone).time(), format="short", locale=locale()))


def human(value: object, zone: tzinfo, options: Mapping[object, Text] | None = None) -> str:
    """A plain value as a person reads it; an empty one is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Money):
        return money_text(value.amount, value.currency)
    if isinstance(value, list | tuple):
        return ", ".join(human(item, zone, options) for item in value)
    if isinstance(value, Mapping):
        return human(value.get("name"), zone)
    if options is not None and value in options:
        return str(options[value])
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, int | Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return datetime_text(value, zone)
    if isinstance(value, date):
        return date_text(value, zone)
    raise TypeError(f"{type(value).__name__} is not a plain value")


def machine(value: object) -> str:
    """A plain value as a program reads it: 1234.5, 2026-01-31, true, an option's key, a row's id."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Money):
        return machine(value.amount)
    if isinstance(value, list | tuple):
        return ",".join(machine(item) for item in value)
    if isinstance(value, Mapping):
        return machine(value.get("id"))
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a plain value")


def json_text(value: object) -> str:
    """A plain value as a JSON value, safe inside a script as well."""
    if isinstance(value, list | tuple) and not isinstance(value, Money):
        return "[" + ", ".join(json_text(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return json_text(value.get("id"))
    if value is None or value == "":
        return "null"
    if isinstance(value, bool | int | float | Decimal | Money):
        return machine(value)
    return json.dumps(machine(value), ensure_ascii=False)
