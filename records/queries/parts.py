"""The rows that a value names, one by one: what a page makes links of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from processes.definition_types import FieldDef
from processes.fieldtype import FILE, RECORD, DisplayContext
from records.models import Attachment
from records.queries.names import Names, Wanted

LINKED = frozenset({RECORD, FILE})
"""Families of rows with an address of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """A record or a file that a value names. `is_known` says whether the reader may know it."""

    id: int
    family: str
    text: str
    is_known: bool
    size: int | None = None
    """Bytes, where they were asked for."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.family == FILE


def parts_of(field: FieldDef, value: Any, names: Names, sizes: Mapping[int, int] | None = None) -> tuple[Part, ...]:
    """The records or files that a value names, in its order; nothing for other types."""
    family = field.type.refers
    if family not in LINKED or field.type.is_computed:
        return ()
    context, known = DisplayContext(names), names.get(family, {})
    return tuple(
        Part(pk, family, context.name(family, pk), pk in known, (sizes or {}).get(pk) if family == FILE else None)
        for pk in field.type.ids_in(value)
    )


def sizes_of(wanted: Wanted) -> dict[int, int]:
    """Sizes of the files among what is wanted; no query for none."""
    ids: Iterable[int] = wanted.get(FILE, ())
    return dict(Attachment.objects.filter(pk__in=ids).values_list("pk", "size")) if ids else {}
