"""Calendar arithmetic: distances such as `3d`, periods such as "this week", days as spans of instants."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EARLIEST, LATEST = date(1000, 1, 1), date(9000, 12, 31)
TICK = timedelta(microseconds=1)

_DISTANCE = re.compile(r"([+-]?)(\d{1,5})(min|mo|h|d|w|y)\Z", re.ASCII)
_MONTHS = {"mo": 1, "y": 12}
_SECONDS = {"min": 60, "h": 3600}
_DAYS = {"d": 1, "w": 7}
_LONGEST = {"min": 99_999, "h": 99_999, "d": 99_999, "w": 9_999, "mo": 3_000, "y": 250}


@dataclass(frozen=True, slots=True)
class Distance:
    """A signed stretch of time. Minutes and hours are exact; days and longer keep the clock on the wall."""

    amount: int
    unit: str

    def __neg__(self) -> "Distance":
        return Distance(-self.amount, self.unit)

    def __str__(self) -> str:
        return f"{self.amount:+d}{self.unit}"

    def after(self, start: datetime, zone: tzinfo) -> datetime:
        """The instant (in UTC) this far from an aware one."""
        if self.unit in _SECONDS:
            return start.astimezone(UTC) + timedelta(seconds=self.amount * _SECONDS[self.unit])
        local = start.astimezone(zone)
        return datetime.combine(self.after_day(local.date()), local.time(), zone).astimezone(UTC)

    def after_day(self, start: date) -> date:
        """The day this far from another, for days and longer; the 31st may become the 30th."""
        if self.unit in _DAYS:
            return start + timedelta(days=self.amount * _DAYS[self.unit])
        return add_months(start, self.amount * _MONTHS[self.unit])

    def describe(self) -> str:
        """The length in words, without its sign."""
        number = abs(self.amount)
        texts = {
            "min": ngettext("%(n)d minute", "%(n)d minutes", number),
            "h": ngettext("%(n)d hour", "%(n)d hours", number),
            "d": ngettext("%(n)d day", "%(n)d days", number),
            "w": ngettext("%(n)d week", "%(n)d weeks", number),
            "mo": ngettext("%(n)d month", "%(n)d months", number),
            "y": ngettext("%(n)d year", "%(n)d years", number),
        }
        return texts[self.unit] % {"n": number}


NOWHERE = Distance(0, "d")


def parse_distance(text: object) -> Distance:
    """`3d`, `+2w`, `-1mo` as a Distance; raises ValueError with a message for a person."""
    match = _DISTANCE.match(text) if isinstance(text, str) else None
    if not match:
        raise ValueError(_("A length of time is a whole number and a unit (min, h, d, w, mo, y), for example 3d."))
    sign, number, unit = match.groups()
    if int(number) > _LONGEST[unit]:
        raise ValueError(_("This length of time is too long."))
    return Distance(-int(number) if sign == "-" else int(number), unit)


def add_months(start: date, months: int) -> date:
    """The same day so many months away, or that month's last one."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("year is out of range")
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def day_span(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first and the last instant of a day; microseconds are the finest that PostgreSQL keeps."""
    return day_start(day, zone), day_start(day + timedelta(days=1), zone) - TICK


def day_start(day: date, zone: tzinfo) -> datetime:
    """The first instant of a day, in UTC: moments of one zone compare by the clock on the wall."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _days(first: int, last: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today + timedelta(days=first), today + timedelta(days=last))


def _weeks(offset: int) -> Callable[[date], tuple[date, date]]:
    def period(today: date) -> tuple[date, date]:
        monday = today + timedelta(days=7 * offset - today.weekday())
        return monday, monday + timedelta(days=6)

    return period


def _months(size: int, offset: int) -> Callable[[date], tuple[date, date]]:
    """Periods of `size` months that begin in January."""

    def period(today: date) -> tuple[date, date]:
        first_month = (today.month - 1) // size * size + 1
        start = add_months(date(today.year, first_month, 1), size * offset)
        return start, add_months(start, size) - timedelta(days=1)

    return period


# Weeks begin on Monday.
PERIODS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": _days(0, 0),
    "yesterday": _days(-1, -1),
    "tomorrow": _days(1, 1),
    "this_week": _weeks(0),
    "last_week": _weeks(-1),
    "next_week": _weeks(1),
    "this_month": _months(1, 0),
    "last_month": _months(1, -1),
    "next_month": _months(1, 1),
    "this_quarter": _months(3, 0),
    "last_quarter": _months(3, -1),
    "this_year": _months(12, 0),
    "last_year": _months(12, -1),
}
