"""The types of the formula language and what a checked part of a formula is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from expressions.formulas.grammar import Refusal
from expressions.schema import Scope
from expressions.values import BOOLEAN, DATE, DATETIME, MAX_DIGITS, NUMBER, TEXT, Kind, Money

MAX_TEXT = 10_000

# Without traps an impossible result is NaN or infinite, which the language takes as empty.
ARITHMETIC = Context(prec=28, Emax=999, Emin=-999, traps=[])

Run = Callable[[Scope], Any]


class Type(Enum):
    """What a part of a formula gives."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    LIST = "list"
    ITEM = "item"
    NOTHING = "nothing"

    @property
    def label(self) -> Text:
        """The type's name for people."""
        return _LABELS[self]


_LABELS: Mapping[Type, Text] = {
    Type.NUMBER: gettext_lazy("number"),
    Type.TEXT: gettext_lazy("text"),
    Type.BOOLEAN: gettext_lazy("yes or no"),
    Type.DATE: gettext_lazy("date"),
    Type.DATETIME: gettext_lazy("date and time"),
    Type.CHOICE: gettext_lazy("choice"),
    Type.LIST: gettext_lazy("list"),
    Type.ITEM: gettext_lazy("person or link"),
    Type.NOTHING: gettext_lazy("nothing"),
}

ANY = tuple(Type)
SCALAR = (Type.NUMBER, Type.TEXT, Type.BOOLEAN, Type.DATE, Type.DATETIME, Type.CHOICE)
TIME = (Type.DATE, Type.DATETIME)

# The kind of field that can hold a result. A choice leaves the formula as its key, a text.
RESULT_KINDS: Mapping[Type, Kind] = {
    Type.NUMBER: NUMBER,
    Type.TEXT: TEXT,
    Type.CHOICE: TEXT,
    Type.BOOLEAN: BOOLEAN,
    Type.DATE: DATE,
    Type.DATETIME: DATETIME,
}

_FIELD_TYPES: Mapping[str, Type] = {
    "text": Type.TEXT,
    "number": Type.NUMBER,
    "boolean": Type.BOOLEAN,
    "choice": Type.CHOICE,
    "choices": Type.LIST,
    "people": Type.LIST,
    "references": Type.LIST,
    "files": Type.LIST,
    "person": Type.ITEM,
    "department": Type.ITEM,
    "reference": Type.ITEM,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked part: its type, the function that computes it, where it stands; a literal's own value."""

    type: Type
    run: Run
    at: int
    literal: object = None
    options: Mapping[Any, Text] | None = None


def field_type(kind: Kind) -> Type:
    """The type under which a field of a kind is seen."""
    if kind is DATE or kind is DATETIME:
        return Type.DATE if kind is DATE else Type.DATETIME
    return _FIELD_TYPES[kind.family]


def finite(number: Decimal) -> Decimal | None:
    """A number of a sane size; anything else is empty."""
    if not number.is_finite() or (number and number.adjusted() > MAX_DIGITS):
        return None
    return number


def as_number(value: object) -> Decimal | None:
    """A field's number or amount of money."""
    if isinstance(value, Money):
        value = value.amount
    if value is None:
        return None
    try:
        return finite(value if isinstance(value, Decimal) else Decimal(str(value)))
    except InvalidOperation:
        return None


def as_text(value: object) -> str | None:
    """A field's text; an empty one is nothing."""
    return str(value)[:MAX_TEXT] if value else None


def as_moment(value: Any) -> datetime | None:
    """A field's moment in UTC: moments of one zone would compare by the clock on the wall."""
    return None if value is None else value.astimezone(UTC)


def number_words(number: Decimal) -> str:
    """A number without trailing zeros and exponents."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def words_of(value: object, scope: Scope) -> str:
    """A value as a part of a longer text; the same in every language, because results are stored."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_words(value)
    if isinstance(value, datetime):
        return value.astimezone(scope.zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def fits(part: Typed, types: Iterable[Type]) -> bool:
    """Whether a part may stand where these types may. A choice may stand for a text: its key."""
    return part.type is Type.NOTHING or part.type in types or (part.type is Type.CHOICE and Type.TEXT in types)


def insist(part: Typed, types: tuple[Type, ...]) -> None:
    """Raise Refusal if a part may not stand here."""
    if not fits(part, types):
        expected = " / ".join(str(item.label) for item in types)
        raise Refusal(
            part.at,
            _("Expected here: %(expected)s; found: %(found)s.") % {"expected": expected, "found": part.type.label},
        )


def common(parts: list[Typed]) -> Type:
    """The one type that several alternatives share; raises Refusal at the first that differs."""
    found = Type.NOTHING
    for part in parts:
        insist(part, SCALAR)
        kind = Type.TEXT if part.type is Type.CHOICE else part.type
        if found is Type.NOTHING:
            found = kind
        elif kind not in (Type.NOTHING, found):
            raise Refusal(
                part.at,
                _("All results must be of one kind; this is %(found)s and another is %(other)s.")
                % {"found": part.type.label, "other": found.label},
            )
    return found
