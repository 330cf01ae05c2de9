"""The kinds of values the language knows: how a constant is written, what is empty, what compares with what.

Field types of other apps map to these kinds. Empty and missing are one thing everywhere.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import ClassVar, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from expressions.errors import BadValue, shown
from expressions.folding import folded
from expressions.moments import EARLIEST, LATEST, PERIODS, day_span

MAX_TEXT = 1000
MAX_DIGITS = 30
MAX_ID = 2**63 - 1
# NUL and lone surrogates: PostgreSQL takes neither.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

HISTORY = ("changed", "was", "became")
EMPTINESS = ("is_empty", "is_filled")
EQUALITY = ("is", "is_not", "in", "not_in")
ORDER = ("lt", "le", "gt", "ge", "between")
RELATIVE = ("older_than", "later_than", "within_last", "within_next")


class Money(NamedTuple):
    """An amount with its currency. Conditions and formulas look at the amount."""

    amount: Decimal
    currency: str


class Kind:
    """One kind of value. `family` says what may be compared with what; `equality` serves was and became."""

    key: ClassVar[str]
    label: ClassVar[Text]
    family: ClassVar[str]
    operators: ClassVar[tuple[str, ...]]
    equality: ClassVar[str] = "is"
    accepts_me: ClassVar[bool] = False
    by_id: ClassVar[bool] = False
    # Whether a column may hold emptiness as a value ('' or {}) beside NULL.
    stores_empty: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"<{self.key}>"

    def constant(self, raw: object) -> object:
        """The plain value of a constant written in JSON; raises BadValue."""
        raise NotImplementedError

    def to_json(self, value: object) -> object:
        """A constant as `constant` takes it."""
        return value

    def read(self, value: object) -> object | None:
        """A plain value in the form that is compared; None if it is empty."""
        return value

    def plain(self, value: object) -> object | None:
        """A plain value in the form in which a change is noticed; None if it is empty."""
        return self.read(value)

    def filled(self, column: str) -> Q:
        """The SQL of "has a value"."""
        return Q(**{f"{column}__isnull": False})

    def empty(self, column: str) -> Q:
        """The SQL of "has no value"."""
        return Q(**{f"{column}__isnull": True})


class TextKind(Kind):
    """Words. Compared folded: case and ё do not matter."""

    key = "text"
    label = gettext_lazy("Text")
    family = "text"
    stores_empty = True
    operators = (
        *EQUALITY, "contains", "not_contains", "starts_with", "ends_with", *EMPTINESS, *HISTORY,
    )  # fmt: skip

    def constant(self, raw: object) -> str:
        return checked_text(raw)

    def read(self, value: object) -> str | None:
        return folded(str(value)) if value else None

    def plain(self, value: object) -> object | None:
        return value or None

    def filled(self, column: str) -> Q:
        return Q(**{f"{column}__gt": ""})

    def empty(self, column: str) -> Q:
        return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__exact": ""})


class NumberKind(Kind):
    """A decimal number."""

    key = "number"
    label = gettext_lazy("Number")
    family = "number"
    operators = (*EQUALITY, *ORDER, *EMPTINESS, *HISTORY)

    def constant(self, raw: object) -> Decimal | int:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
            raise BadValue(_("A number is expected."))
        if len(raw) > 2 * MAX_DIGITS if isinstance(raw, str) else isinstance(raw, int) and abs(raw) > 10**MAX_DIGITS:
            raise BadValue(_("This number is too long."))
        try:
            number = Decimal(str(raw))
        except InvalidOperation:
            raise BadValue(_("“%(value)s” is not a number.") % {"value": shown(raw)}) from None
        if not number.is_finite():
            raise BadValue(_("A number is expected."))
        if len(number.as_tuple().digits) > MAX_DIGITS or (number and abs(number.adjusted()) > MAX_DIGITS):
            raise BadValue(_("This number is too long."))
        return number

    def to_json(self, value: object) -> object:
        number = Decimal(str(value))
        if number == number.to_integral_value() and abs(number) < 2**53:
            return int(number)
        return format(number.normalize(), "f")


class IntegerKind(NumberKind):
    """A whole number."""

    key = "integer"
    label = gettext_lazy("Whole number")

    def constant(self, raw: object) -> int:
        number = super().constant(raw)
        if number != int(number):
            raise BadValue(_("A whole number is expected."))
        if not -MAX_ID <= number <= MAX_ID:
            raise BadValue(_("This number is too long."))
        return int(number)


class MoneyKind(NumberKind):
    """An amount with a currency; compared by the amount."""

    key = "money"
    label = gettext_lazy("Money")

    def read(self, value: object) -> object | None:
        return value[0] if type(value) is Money else super().read(value)

    def plain(self, value: object) -> object | None:
        return None if self.read(value) is None else value


class BooleanKind(Kind):
    """Yes or no."""

    key = "boolean"
    label = gettext_lazy("Yes or no")
    family = "boolean"
    operators = ("is", "is_not", *EMPTINESS, *HISTORY)

    def constant(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise BadValue(_("Yes or no is expected."))
        return raw


class DateKind(Kind):
    """A day."""

    key = "date"
    label = gettext_lazy("Date")
    family = "time"
    operators = ("is", "is_not", *ORDER, *PERIODS, *RELATIVE, *EMPTINESS, *HISTORY)

    def constant(self, raw: object) -> date:
        try:
            day = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
        except ValueError:
            day = None
        if day is None:
            raise BadValue(_("A date is written like 2026-01-31."))
        if not EARLIEST <= day <= LATEST:
            raise BadValue(_("This date is out of range."))
        return day

    def to_json(self, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

    def at(self, instant: datetime, zone: tzinfo) -> date:
        """The value of this kind that stands for an instant."""
        return instant.astimezone(zone).date()

    def span(self, first: date, last: date, zone: tzinfo) -> tuple[date, date]:
        """The first and the last value of this kind within some days."""
        return first, last


class DateTimeKind(DateKind):
    """A moment. A date as a constant means the whole day in the reader's zone."""

    key = "datetime"
    label = gettext_lazy("Date and time")

    def constant(self, raw: object) -> date:
        if isinstance(raw, str) and len(raw) == 10:
            return super().constant(raw)
        try:
            moment = datetime.fromisoformat(raw) if isinstance(raw, str) and len(raw) <= 40 else None
        except ValueError:
            moment = None
        if moment is None or moment.utcoffset() is None:
            raise BadValue(_("A moment is written like 2026-01-31T14:05:00+03:00, a day like 2026-01-31."))
        if not EARLIEST <= moment.date() <= LATEST:
            raise BadValue(_("This date is out of range."))
        return moment.astimezone(UTC)

    def read(self, value: object) -> object | None:
        # Moments of one zone would compare by the clock on the wall, which repeats an hour every autumn.
        return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not UTC else value

    def at(self, instant: datetime, zone: tzinfo) -> date:
        return instant

    def span(self, first: date, last: date, zone: tzinfo) -> tuple[date, date]:
        return day_span(first, zone)[0], day_span(last, zone)[1]


class ChoiceKind(Kind):
    """One of several options, by its key."""

    key = "choice"
    label = gettext_lazy("Choice")
    family = "choice"
    stores_empty = True
    operators = (*EQUALITY, *EMPTINESS, *HISTORY)

    def constant(self, raw: object) -> str:
        return checked_text(raw)

    def read(self, value: object) -> object | None:
        return value or None

    def filled(self, column: str) -> Q:
        return Q(**{f"{column}__gt": ""})

    def empty(self, column: str) -> Q:
        return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__exact": ""})


class ReferenceKind(Kind):
    """Another row, by its id."""

    key = "reference"
    label = gettext_lazy("Link")
    family = "reference"
    by_id = True
    operators = (*EQUALITY, *EMPTINESS, *HISTORY)

    def constant(self, raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw <= MAX_ID:
            raise BadValue(_("The number of an item is expected."))
        return raw


class PersonKind(ReferenceKind):
    """A user, by id."""

    key = "person"
    label = gettext_lazy("Person")
    family = "person"
    accepts_me = True


class DepartmentKind(ReferenceKind):
    """A department, by id."""

    key = "department"
    label = gettext_lazy("Department")
    family = "department"


class ListKind(Kind):
    """Several values of a single kind, as a list; order does not matter."""

    single: ClassVar[Kind]
    operators: ClassVar[tuple[str, ...]] = ("has_any", "has_all", "has_none", *EMPTINESS, *HISTORY)
    equality = "has_any"
    stores_empty = True

    def constant(self, raw: object) -> object:
        return self.single.constant(raw)

    def read(self, value: object) -> frozenset[object] | None:
        return frozenset(value) if value and isinstance(value, Iterable) else None

    def filled(self, column: str) -> Q:
        return Q(**{f"{column}__len__gt": 0})

    def empty(self, column: str) -> Q:
        return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__len": 0})


class ChoicesKind(ListKind):
    """Several options."""

    key = "choices"
    label = gettext_lazy("Several choices")
    family = "choices"
    single = ChoiceKind()


class ReferencesKind(ListKind):
    """Several rows, by their ids."""

    key = "references"
    label = gettext_lazy("Several links")
    family = "references"
    single = ReferenceKind()
    by_id = True


class FilesKind(ListKind):
    """Several files, by their ids. Their content is nothing to compare."""

    key = "files"
    label = gettext_lazy("Files")
    family = "files"
    single = ReferenceKind()
    by_id = True
    operators = (*EMPTINESS, "changed")


class PeopleKind(ListKind):
    """Several users."""

    key = "people"
    label = gettext_lazy("Several people")
    family = "people"
    single = PersonKind()
    accepts_me = True
    by_id = True


def checked_text(raw: object) -> str:
    """A text constant that PostgreSQL can hold; raises BadValue."""
    if not isinstance(raw, str):
        raise BadValue(_("Text is expected."))
    if not raw:
        raise BadValue(_("Fill this in. To look for empty fields, choose “is empty”."))
    if len(raw) > MAX_TEXT:
        raise BadValue(_("The text is longer than %(limit)d characters.") % {"limit": MAX_TEXT})
    if UNSTORABLE.search(raw):
        raise BadValue(_("The text holds characters that cannot be stored."))
    return raw


TEXT, NUMBER, INTEGER, MONEY, BOOLEAN = TextKind(), NumberKind(), IntegerKind(), MoneyKind(), BooleanKind()
DATE, DATETIME, CHOICE, CHOICES = DateKind(), DateTimeKind(), ChoiceKind(), ChoicesKind()
PERSON, PEOPLE, REFERENCE, REFERENCES = PersonKind(), PeopleKind(), ReferenceKind(), ReferencesKind()
DEPARTMENT, FILES = DepartmentKind(), FilesKind()

KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        *(TEXT, NUMBER, INTEGER, MONEY, BOOLEAN, DATE, DATETIME),
        *(CHOICE, CHOICES, PERSON, PEOPLE, DEPARTMENT, REFERENCE, REFERENCES, FILES),
    )
}
