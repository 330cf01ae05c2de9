"""What people write into files and read in them: days, moments and numbers, in the habits of the active language."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

from babel.dates import get_month_names
from babel.numbers import get_decimal_symbol
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.text import fold
from processes.fieldtype import WrongValue

_DIGITS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")
_WORDS = re.compile(r"(\d{1,2})\s+([^\W\d]+)\.?,?\s+(\d{4})(?:\s*(?:г\.?|года))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s*([ap])\.?m\.?)?", re.IGNORECASE)
_MONEY = re.compile(r"(?:₽|руб\.?|р\.|\$|€|£|₸|¥)", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+")
CENTURY_BEGINS = 70
"""A year of two digits from here on is one of the last century."""


def written_day(text: str) -> date:
    """The day of `2026-11-24`, `24.11.2026`, `24/11/26`, `24 нояб. 2026 г.`; with a time, the time is left out.

    Between slashes the month comes first in English, unless it cannot be one. Raises WrongValue.
    """
    day, _rest = _split(text)
    return day


def written_moment(text: str) -> str:
    """The same with a time, `24.11.2026 14:05` or ISO 8601, as text in ISO 8601; a bare day begins at midnight.

    Raises WrongValue.
    """
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        day, rest = _split(text)
        return datetime.combine(day, _time(rest)).isoformat()


def plain_number(text: str) -> str:
    """`1 234,50 ₽`, `1,234.50`, `1.234,50` and `−5` the way a program writes them; what is none stays as it is."""
    number = _MONEY.sub("", "".join(text.split())).replace("−", "-").replace("'", "").replace("’", "")
    if "," in number and "." in number:
        thousands = "," if number.rindex(".") > number.rindex(",") else "."
        return number.replace(thousands, "").replace(",", ".")
    if number.count(",") > 1 or (_language() == "en" and _THOUSANDS.fullmatch(number)):
        return number.replace(",", "")
    return number.replace(".", "") if number.count(".") > 1 else number.replace(",", ".")


def sheet_number(value: Decimal | int) -> str:
    """A number whole and without separators of thousands: spreadsheets of the active language count with it."""
    text = str(value) if isinstance(value, int) else f"{value.normalize():f}"
    return text.replace(".", _decimal_symbol(_language()))


@cache
def _decimal_symbol(language: str) -> str:
    return get_decimal_symbol(language)


def _split(text: str) -> tuple[date, str]:
    """The day at the beginning, and what follows it."""
    text = text.strip()
    for pattern, read in ((_DIGITS, _by_digits), (_WORDS, _by_words)):
        match = pattern.match(text)
        if match is None or text[match.end() : match.end() + 1].isdigit():
            continue
        try:
            return read(match), text[match.end() :].lstrip(" ,T")
        except ValueError:
            break
    raise WrongValue(_("A date like 24.11.2026 or 2026-11-24 is expected."))


def _by_digits(match: re.Match[str]) -> date:
    first, second, third = match[1], int(match[3]), match[4]
    if len(first) > 2:
        return date(int(first), second, int(third))
    day, month = int(first), second
    if (match[2] == "/" and _language() == "en" and day <= 12) or month > 12:
        day, month = month, day
    return date(_year(third), month, day)


def _by_words(match: re.Match[str]) -> date:
    month = _months().get(fold(match[2]).rstrip("."))
    if month is None:
        raise ValueError(match[2])
    return date(int(match[3]), month, int(match[1]))


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= CENTURY_BEGINS else 2000)


def _time(text: str) -> time:
    text = text.strip()
    if not text:
        return time()
    match = _CLOCK.fullmatch(text)
    message = _("A moment like 24.11.2026 14:05 is expected.")
    if match is None:
        raise WrongValue(message)
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    try:
        return time(hour, int(match[2]), int(match[3] or 0))
    except ValueError as error:
        raise WrongValue(message) from error


@cache
def _months() -> dict[str, int]:
    """Names of months, long and short, in every language of the product."""
    found: dict[str, int] = {}
    for code, _name in settings.LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, code).items():
                    found[fold(name).rstrip(".")] = number
    return found


def _language() -> str:
    return (get_language() or settings.LANGUAGE_CODE).partition("-")[0]
