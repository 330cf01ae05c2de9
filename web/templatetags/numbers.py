"""Numbers, money, dates and durations as people of the active language write them.

Django's own separators stay off (they would reach `data-*` attributes and ids); whoever shows a number
to a person says so with one of these filters.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    get_currency_symbol,
)
from babel.units import format_unit
from django import template
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext

register = template.Library()

Number = int | float | Decimal

# Babel knows "RUB" by its sign only in Russian; these signs are read everywhere.
SIGNS = {
    "RUB": "₽",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "UAH": "₴",
    "KZT": "₸",
    "TRY": "₺",
    "GEL": "₾",
    "AMD": "֏",
    "AZN": "₼",
    "INR": "₹",
    "CNY": "¥",
    "JPY": "¥",
    "KRW": "₩",
    "ILS": "₪",
}
# Below so many seconds tenths are told.
SHORT = 10
# Below so many seconds milliseconds are told.
BLINK = 0.1
UNITS = (("year", 31_536_000), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@register.filter
def number(value: Any, digits: int | None = None) -> str:
    """12 345.5 with the separators of the language; `digits` fixes how many follow the decimal sign."""
    parsed = _parsed(value)
    if parsed is None:
        return ""
    pattern = None if digits is None else f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(parsed, format=pattern, locale=_locale())


@register.filter
def percent(value: Any, digits: int = 0) -> str:
    """A share of one as a percentage: 0.25 is 25 %."""
    parsed = _parsed(value)
    if parsed is None:
        return ""
    locale = _locale()
    pattern = locale.percent_formats[None].pattern.replace("#,##0", f"#,##0.{'0' * digits}" if digits else "#,##0")
    return format_decimal(parsed, format=pattern, locale=locale)


@register.filter
def money(value: Any, currency: str = "RUB") -> str:
    """An amount with its sign where the language puts it; whole amounts go without decimals."""
    parsed = _parsed(value)
    if parsed is None:
        return ""
    locale = _locale()
    text = format_currency(
        parsed,
        currency,
        locale=locale,
        format=_whole_pattern(locale, parsed),
        currency_digits=parsed % 1 != 0,
    )
    return _with_sign(text, currency, locale)


@register.filter
def compact(value: Any, currency: str | None = None) -> str:
    """A large number in short: 1.1B, 1,1 млрд; with a currency, money."""
    parsed = _parsed(value)
    if parsed is None:
        return ""
    locale = _locale()
    if currency is None:
        return format_compact_decimal(parsed, locale=locale, fraction_digits=1)
    text = format_compact_currency(parsed, currency, locale=locale, fraction_digits=1)
    return _with_sign(text, currency, locale)


@register.filter
def reldate(value: date | datetime | None) -> str:
    """A date or moment by its distance from now: 5 minutes ago, today at 14:05, tomorrow, 24 Nov, 24 Nov 2025."""
    if not value:
        return ""
    if not isinstance(value, datetime):
        return _day(value)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    passed = timezone.now() - value if timezone.is_aware(value) else timedelta(days=1)
    if timedelta(0) <= passed < timedelta(minutes=1):
        return gettext("just now")
    if timedelta(0) <= passed < timedelta(hours=1):
        return format_timedelta(-passed, granularity="minute", add_direction=True, locale=_locale())
    return f"{_day(local.date())}, {format_time(local, 'HH:mm', locale=_locale())}"


@register.filter
def duration(value: timedelta | Number | None) -> str:
    """How long, in its one or two largest units: 2 yrs 40 days, 2 days 3 hrs, 12 mins, 0.4 secs. Numbers: seconds."""
    if value is None:
        return ""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if 0 < seconds < BLINK:
        return _with_unit(max(1, round(seconds * 1000)), "millisecond")
    if abs(seconds) < SHORT:
        return _with_unit(round(seconds, 1), "second")
    parts: list[str] = []
    rest = round(seconds)
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(_with_unit(count, unit))
        if len(parts) == 2 or (parts and unit == "minute"):
            break
    return " ".join(parts)


@register.filter
def brief(value: timedelta) -> str:
    """How long, in its largest unit and as few letters as the language knows: 5d, 3h."""
    seconds = value.total_seconds()
    unit, size = next(((unit, size) for unit, size in UNITS if seconds >= size), UNITS[-1])
    count, name = int(seconds // size), f"duration-{unit}"
    text: str = format_unit(count, name, length="narrow", locale=_locale())
    # Where a language has no narrow form, Babel writes the unit's id.
    return _with_unit(count, unit) if name in text else text.replace(" ", "\xa0")


def _with_unit(count: float, unit: str) -> str:
    text: str = format_unit(count, f"duration-{unit}", length="short", locale=_locale())
    return text.replace(" ", "\xa0")


def _parsed(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None


def _locale() -> Locale:
    try:
        # International English: the day before the month.
        language = get_language() or "en"
        return Locale.parse("en_GB" if language == "en" else language, sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def _whole_pattern(locale: Locale, value: Decimal) -> str:
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern if value % 1 else pattern.replace("0.00", "0")


def _with_sign(text: str, currency: str, locale: Locale) -> str:
    """The sign people know in place of a code; a sign in front sticks to its number."""
    shown = get_currency_symbol(currency, locale=locale)
    if known := SIGNS.get(currency):
        return text.replace(shown, known)
    # A code is a word: it keeps its distance from the number.
    return re.sub(rf"({re.escape(shown)})(?=\d)", "\\1\xa0", text)


def _day(day: date) -> str:
    today = timezone.localdate()
    names = {-1: pgettext("day", "yesterday"), 0: pgettext("day", "today"), 1: pgettext("day", "tomorrow")}
    near = names.get((day - today).days)
    if near:
        return near
    return format_date(day, "d MMM" if day.year == today.year else "d MMM y", locale=_locale())
