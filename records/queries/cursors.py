"""Cursors of pages: opaque texts that say behind which row a page begins, and fail clean."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.text import check_unicode

LONGEST = 6_000
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row by its sort value and id, and whether the page lies before it."""

    value: Any
    id: int
    backward: bool


def write_cursor(cursor: Cursor, sort: str) -> str:
    """The cursor as a text for an address."""
    value = str(cursor.value) if isinstance(cursor.value, Decimal) else cursor.value
    return urlsafe_b64encode(orjson.dumps([sort, cursor.backward, cursor.id, value])).rstrip(b"=").decode()


def read_cursor(text: str, *, sort: str, kind: str) -> Cursor:
    """The cursor of a list in the order `sort` with values of `kind`. Raises Invalid for any other text."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        written_sort, backward, record_id, value = orjson.loads(urlsafe_b64decode(padded[:LONGEST]))
        if written_sort != sort or type(backward) is not bool:
            raise ValueError(written_sort)
        read = None if value is None else _READERS[kind](value)
        return Cursor(read, _integer(record_id), backward)
    except (ValueError, TypeError, InvalidOperation, binascii.Error, Invalid) as error:
        message = _("This cursor does not belong to this list; begin at the first page.")
        raise Invalid(message, {"cursor": [message]}) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return check_unicode(value, field="cursor")


def _integer(value: Any) -> int:
    if type(value) is not int or not -MAX_ID <= value <= MAX_ID:
        raise TypeError(value)
    return value


def _decimal(value: Any) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(value)
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if timezone.is_naive(moment):
        raise ValueError(value)
    return moment


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _decimal,
    "money": _decimal,
    "boolean": _boolean,
    "date": date.fromisoformat,
    "datetime": _moment,
}
