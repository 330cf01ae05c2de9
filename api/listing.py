"""What the address of a list of records asks for: filters, search, order, columns, page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _

from api.codec import BASE_KEYS, AnyRow, codec_for
from core.errors import Invalid
from core.text import id_from
from expressions.conditions import Condition
from expressions.errors import InvalidExpression, shown
from processes.definition_types import FieldDef
from processes.permissions import Access, access_for
from records.queries.filters import all_of, condition_from, condition_from_pairs
from records.queries.narrowing import Narrowing
from records.queries.table import PAGE

SHAPE = ("fields", "expand")
PARAMETERS = (*SHAPE, "filter", "search", "sort", "cursor", "limit", "total", "deleted")
MOST_FILTER_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are shown: which fields and base keys, and with or without the names of rows that values speak of."""

    fields: tuple[FieldDef, ...]
    keys: frozenset[str] | None
    with_names: bool

    def reader(self, access: Access) -> Callable[[AnyRow], dict[str, Any]]:
        """What shows records so; a field that a record does not show is absent from it."""
        if not access.partial_fields:
            return codec_for(access.definition, self.fields, self.keys).read
        return lambda row: codec_for(access.definition, self.fields_of(access, row), self.keys).read(row)

    def fields_of(self, access: Access, row: AnyRow) -> tuple[FieldDef, ...]:
        """Those of the fields that a record shows."""
        return tuple(field for field in self.fields if access.reads(field, row))


def shape_from(access: Access, query: Mapping[str, str]) -> Shape:
    """`fields=title,amount` and `expand=names`. Raises Invalid for names that the actor cannot read."""
    readable = access.readable_fields
    with_names = _expand(query.get("expand", ""))
    if "fields" not in query:
        return Shape(readable, None, with_names)
    names = frozenset(name.strip() for name in query["fields"].split(",") if name.strip())
    unknown = sorted(names - set(BASE_KEYS) - {field.key for field in readable})
    if unknown:
        message = _("There is no field “%(name)s”.") % {"name": shown(unknown[0])}
        raise Invalid(message, {"fields": [message]})
    return Shape(tuple(field for field in readable if field.key in names), names & set(BASE_KEYS), with_names)


def fresh_shape(access: Access, row: Any, query: Mapping[str, str]) -> tuple[Access, Shape]:
    """The shape for a row that an operation gave, by the definition that the operation saw."""
    now = access if row.definition is access.definition else access_for(access.actor, row.definition)
    return now, shape_from(now, query)


def narrowing_from(access: Access, pairs: Sequence[tuple[str, str]], query: Mapping[str, str]) -> Narrowing:
    """The filters, simple ones and the tree together, and the search. Raises Invalid, InvalidExpression."""
    simple = condition_from_pairs(access, pairs)
    tree = _tree(access, query.get("filter", ""))
    return Narrowing(all_of([simple, tree]), checked_search(query.get("search", "")))


def limit_from(query: Mapping[str, str], default: int = PAGE) -> int:
    """`limit` as a number. Raises Invalid."""
    number = number_from(query, "limit")
    return default if number is None else number


def number_from(query: Mapping[str, str], name: str) -> int | None:
    """A parameter that is a number; None where it is absent. Raises Invalid."""
    text = query.get(name)
    if text is None:
        return None
    number = id_from(text)
    if number is None:
        message = _("A number is expected.")
        raise Invalid(message, {name: [message]})
    return number


def flag_from(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A parameter that is `true` or `false`. Raises Invalid."""
    text = query.get(name, "true" if default else "false")
    if text not in ("true", "false"):
        message = _("Write true or false.")
        raise Invalid(message, {name: [message]})
    return text == "true"


def checked_search(text: str) -> str:
    """The words to look for. Raises Invalid for what no title can hold."""
    if len(text) > 200 or "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        message = _("At most 200 characters of text.")
        raise Invalid(message, {"search": [message]})
    return text


def _tree(access: Access, text: str) -> Condition:
    if not text:
        return condition_from(access, None)
    try:
        data = orjson.loads(text) if len(text) <= MOST_FILTER_TEXT else None
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        data = None
    if not isinstance(data, dict):
        message = _("A condition as a JSON object is expected.")
        raise Invalid(message, {"filter": [message]})
    return tree_from(access, data)


def tree_from(access: Access, data: Mapping[str, Any] | None) -> Condition:
    """The condition of a JSON tree. Raises Invalid with the place in `filter`."""
    try:
        return condition_from(access, data)
    except InvalidExpression as error:
        place = error.details.get("path") or ""
        raise Invalid(error.message, {f"filter.{place}" if place else "filter": [error.message]}) from error


def _expand(text: str) -> bool:
    if text not in ("", "names"):
        message = _("Only “names” can be expanded.")
        raise Invalid(message, {"expand": [message]})
    return text == "names"
