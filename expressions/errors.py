"""What this package refuses, and how it shows a person's text back."""

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from core.errors import Invalid, Text


class InvalidExpression(Invalid):
    """A condition, formula or text that cannot be understood.

    `details` say where: `path` inside a condition, `line` and `column` (from 1) inside a source text.
    """

    code: ClassVar[str] = "invalid_expression"


class NotFilterable(Invalid):
    """The condition asks for something that a table of present values cannot answer."""

    code: ClassVar[str] = "not_filterable"


class BadValue(Exception):
    """A constant does not fit its kind; the parser adds the place and raises InvalidExpression."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


def shown(text: object, limit: int = 40) -> str:
    """A person's own text, short and printable enough to stand in a message."""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in str(text)[: limit + 1])
    return plain if len(plain) <= limit else plain[:limit] + "…"


def place_of(source: str, offset: int) -> dict[str, Any]:
    """The line and the column of an offset, both from 1, as details of an error."""
    line_start = source.rfind("\n", 0, offset) + 1
    return {"line": source.count("\n", 0, offset) + 1, "column": offset - line_start + 1}


def with_hint(message: str, name: str, known: Iterable[str]) -> str:
    """The message about a name that does not exist, and the nearest one that does."""
    near = difflib.get_close_matches(name[:60], list(known)[:500], n=1, cutoff=0.6)
    return f"{message} " + _("Did you mean “%(near)s”?") % {"near": near[0]} if near else message
