"""Dates and moments. The clock on the wall is that of the scope's zone; weeks begin on Monday."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from expressions.errors import shown, with_hint
from expressions.formulas.functions.base import built, plain
from expressions.formulas.grammar import Refusal
from expressions.formulas.types import TIME, Type, Typed, insist
from expressions.moments import EARLIEST, LATEST, Distance, add_months
from expressions.schema import Scope

UNITS = {"minutes": "min", "hours": "h", "days": "d", "weeks": "w", "months": "mo", "years": "y"}
FAR = 1_000_000
_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def in_range(value: Any) -> Any:
    """A date or moment of the supported years; any other is empty."""
    day = value.date() if isinstance(value, datetime) else value
    return value if EARLIEST <= day <= LATEST else None


def day_of(value: date, scope: Scope) -> date:
    """The day of a moment by the clock on the wall; a day is itself."""
    return value.astimezone(scope.zone).date() if isinstance(value, datetime) else value


def moved(value: Any, amount: Decimal, unit: str, scope: Scope) -> Any:
    """A date or moment so many whole units later; empty outside the supported years."""
    if abs(amount) > FAR:
        return None
    distance = Distance(int(amount), UNITS[unit])
    try:
        if isinstance(value, datetime):
            return in_range(distance.after(value, scope.zone))
        return in_range(distance.after_day(value))
    except (OverflowError, ValueError):
        return None


def _unit(part: Typed, *, clock: bool) -> str:
    unit = part.literal
    if not isinstance(unit, str) or unit not in UNITS:
        message = _("A unit is expected here: %(known)s.") % {"known": ", ".join(f'"{unit}"' for unit in UNITS)}
        raise Refusal(part.at, with_hint(message, str(unit), UNITS))
    if not clock and unit in ("minutes", "hours"):
        raise Refusal(part.at, _("A date has no “%(unit)s”.") % {"unit": shown(unit)})
    return unit


@plain("today()", gettext_lazy("The present day."), Type.DATE, uses_time=True)
def _today(scope: Scope) -> date:
    return scope.today


@plain("now()", gettext_lazy("The present moment."), Type.DATETIME, uses_time=True)
def _now(scope: Scope) -> datetime:
    return scope.now.astimezone(UTC)


@plain("date(year, month, day)", gettext_lazy("A date; empty if there is none such."), Type.DATE, *[Type.NUMBER] * 3)
def _date(scope: Scope, year: Decimal, month: Decimal, day: Decimal) -> Any:
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    try:
        return in_range(date(int(year), int(month), int(day)))
    except ValueError:
        return None


@plain("dateof(moment)", gettext_lazy("The day of a moment."), Type.DATE, TIME)
def _dateof(scope: Scope, value: date) -> date:
    return day_of(value, scope)


@plain("year(date)", gettext_lazy("The year."), Type.NUMBER, TIME)
def _year(scope: Scope, value: date) -> Decimal:
    return Decimal(day_of(value, scope).year)


@plain("month(date)", gettext_lazy("The month, 1 to 12."), Type.NUMBER, TIME)
def _month(scope: Scope, value: date) -> Decimal:
    return Decimal(day_of(value, scope).month)


@plain("day(date)", gettext_lazy("The day of the month."), Type.NUMBER, TIME)
def _day(scope: Scope, value: date) -> Decimal:
    return Decimal(day_of(value, scope).day)


@plain("weekday(date)", gettext_lazy("The day of the week, 1 (Monday) to 7."), Type.NUMBER, TIME)
def _weekday(scope: Scope, value: date) -> Decimal:
    return Decimal(day_of(value, scope).isoweekday())


@plain("hour(moment)", gettext_lazy("The hour, 0 to 23."), Type.NUMBER, Type.DATETIME)
def _hour(scope: Scope, value: datetime) -> Decimal:
    return Decimal(value.astimezone(scope.zone).hour)


@plain("minute(moment)", gettext_lazy("The minute, 0 to 59."), Type.NUMBER, Type.DATETIME)
def _minute(scope: Scope, value: datetime) -> Decimal:
    return Decimal(value.astimezone(scope.zone).minute)


@plain("quarter(date)", gettext_lazy("The quarter, 1 to 4."), Type.NUMBER, TIME)
def _quarter(scope: Scope, value: date) -> Decimal:
    return Decimal((day_of(value, scope).month + 2) // 3)


@plain(
    "week(date)",
    gettext_lazy("The number of the week; the first one has the year's first Thursday."),
    Type.NUMBER,
    TIME,
)
def _week(scope: Scope, value: date) -> Decimal:
    return Decimal(day_of(value, scope).isocalendar().week)


@plain("startofmonth(date)", gettext_lazy("The first day of the month."), Type.DATE, TIME)
def _startofmonth(scope: Scope, value: date) -> date:
    return day_of(value, scope).replace(day=1)


@plain("endofmonth(date)", gettext_lazy("The last day of the month."), Type.DATE, TIME)
def _endofmonth(scope: Scope, value: date) -> date:
    return add_months(day_of(value, scope).replace(day=1), 1) - timedelta(days=1)


@plain(
    "workdays(from, to)",
    gettext_lazy("Mondays to Fridays from one day to another, both counted; negative if they are reversed."),
    Type.NUMBER,
    TIME,
    TIME,
)
def _workdays(scope: Scope, start: date, end: date) -> Decimal:
    first, last = day_of(start, scope), day_of(end, scope)
    if first > last:
        return -workdays_between(last, first)
    return workdays_between(first, last)


def workdays_between(first: date, last: date) -> Decimal:
    """Mondays to Fridays between two days, both counted."""
    weeks, rest = divmod((last - first).days + 1, 7)
    days = sum((first.weekday() + shift) % 7 < 5 for shift in range(rest))
    return Decimal(weeks * 5 + days)


@plain(
    "addworkdays(date, number)",
    gettext_lazy("The working day, Monday to Friday, so many of them later, or earlier for a negative number."),
    Type.DATE,
    TIME,
    Type.NUMBER,
)
def _addworkdays(scope: Scope, value: date, number: Decimal) -> Any:
    if abs(number) > FAR:
        return None
    try:
        return in_range(workday_after(day_of(value, scope), int(number)))
    except OverflowError:
        return None


def workday_after(day: date, count: int) -> date:
    """The working day so many working days after a day; from a weekend, Monday is the first one."""
    if count < 0:
        # The week read backwards: Friday is the first day, Sunday the sixth and Saturday the seventh.
        place = (4 - day.weekday()) % 7
        return day - timedelta(days=_days_ahead(place, -count))
    return day + timedelta(days=_days_ahead(day.weekday(), count))


def _days_ahead(place: int, count: int) -> int:
    """Days until `count` working days are over, from the place in a week of five working days and two others."""
    if count == 0:
        return 0
    start = min(place, 4)
    weeks, rest = divmod(start + count, 5)
    return weeks * 7 + rest - place


@built('dateadd(date, number, "unit")', gettext_lazy("A date or moment so many days, months and so on later."), 3, 3)
def _dateadd(args: list[Typed], at: int) -> Typed:
    insist(args[0], TIME)
    insist(args[1], (Type.NUMBER,))
    unit = _unit(args[2], clock=args[0].type is Type.DATETIME)
    start, amount = args[0].run, args[1].run

    def run(scope: Scope) -> Any:
        value, number = start(scope), amount(scope)
        return None if value is None or number is None else moved(value, number, unit, scope)

    return Typed(args[0].type, run, at)


@built('datediff(from, to, "unit")', gettext_lazy("Whole days, months and so on from one to the other."), 3, 3)
def _datediff(args: list[Typed], at: int) -> Typed:
    insist(args[0], TIME)
    insist(args[1], TIME)
    both_moments = args[0].type is args[1].type is Type.DATETIME
    unit = _unit(args[2], clock=both_moments)
    start, end = args[0].run, args[1].run

    def run(scope: Scope) -> Decimal | None:
        first, last = start(scope), end(scope)
        if first is None or last is None:
            return None
        if not both_moments:
            first, last = day_of(first, scope), day_of(last, scope)
        return _between(first, last, unit, scope)

    return Typed(Type.NUMBER, run, at)


def _between(first: Any, last: Any, unit: str, scope: Scope) -> Decimal:
    if first > last:
        return -_between(last, first, unit, scope)
    if unit in _SECONDS:
        return Decimal(int((last - first) / timedelta(seconds=1)) // _SECONDS[unit])
    if isinstance(first, datetime):
        first, last = (
            first.astimezone(scope.zone).replace(tzinfo=None),
            last.astimezone(scope.zone).replace(tzinfo=None),
        )
    months = (last.year - first.year) * 12 + last.month - first.month
    is_short = (last.day, _clock(last)) < (first.day, _clock(first))
    months -= is_short
    return Decimal(months // (12 if unit == "years" else 1))


def _clock(value: date) -> timedelta:
    if not isinstance(value, datetime):
        return timedelta()
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
