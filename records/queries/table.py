"""The list: one page of the records of a process, sorted by any column, with a capped total.

Pages are found by keyset: the sort value and id of the last row shown, so deep pages cost what the first does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid, Text
from processes.definition_types import FieldDef
from processes.permissions import Access
from processes.schema import BASE_LABELS, OF_STAGES
from records.queries.cursors import Cursor, read_cursor
from records.queries.names import Names, names_for, wanted_by
from records.queries.narrowing import NOTHING, Narrowing, narrowed
from records.queries.rows import Row, as_shown_to, row_class
from records.queries.sorting import Sorting, is_sortable, sorting_for
from records.typed import model_for

PAGE = 50
MOST = 200
"""Rows of one page."""
COUNTED = 10_000
"""Totals are exact up to here."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column that the list may show; a base column has no field."""

    key: str
    label: Text
    field: FieldDef | None
    is_sortable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One page of the list as an actor sees it. `total` is None when it was not asked for."""

    rows: tuple[Row, ...]
    columns: tuple[TableColumn, ...]
    sort: str
    total: int | None
    total_is_capped: bool
    next: str | None
    previous: str | None
    names: Names
    """Names of everybody in the rows."""


def table_for(
    access: Access,
    narrowing: Narrowing = NOTHING,
    *,
    sort: str = "-id",
    cursor: str | None = None,
    limit: int = PAGE,
    with_total: bool = True,
    with_names: bool = True,
    fields: Sequence[FieldDef] | None = None,
    in_bin: bool = False,
) -> Table:
    """The page of records that follows (or precedes) `cursor`, only records that the access lets see.

    `sort` is a key, with a minus for descending; equal values go by id, empty ones stand at the end.
    `fields` are those whose values are loaded, all readable ones unless given. At most three queries: the
    rows, the count (none when the first page holds everything), names of people; and names of each other family
    that values speak of. Raises Invalid for a wrong
    sort, cursor or limit.
    """
    if not 1 <= limit <= MOST:
        raise Invalid(_("A page has 1 to %d rows.") % MOST, {"limit": [_("Choose 1 to %d.") % MOST]})
    sorting = sorting_for(access, sort)
    place = read_cursor(cursor, sort=sorting.text, kind=sorting.kind) if cursor else None
    wanted = access.readable_fields if fields is None else tuple(fields)
    objects = model_for(access.definition).objects
    rows = narrowed(objects.in_bin(access) if in_bin else objects.visible_to(access), access, narrowing)
    page = page_of(access, rows, row_class(access.definition, wanted), sorting, place, limit)
    total = page.total(rows) if with_total else None
    return Table(
        rows=page.rows,
        columns=columns_for(access),
        sort=sorting.text,
        total=total and min(total, COUNTED),
        total_is_capped=total is not None and total > COUNTED,
        next=page.next,
        previous=page.previous,
        names=names_for(access.actor, wanted_by(page.rows, wanted)) if with_names else {},
    )


def columns_for(access: Access) -> tuple[TableColumn, ...]:
    """Every column that the list can show to the access's actor."""
    keys = (key for key in BASE_LABELS if access.definition.has_stages or key not in OF_STAGES)
    base = (TableColumn(key, BASE_LABELS[key], None, True) for key in keys)
    own = (TableColumn(field.key, field.label, field, is_sortable(field)) for field in access.readable_fields)
    return (*base, *own)


@dataclass(frozen=True, slots=True)
class Page:
    """The rows found from a place, in the order of the list, and whether there are more in its direction."""

    sorting: Sorting
    place: Cursor | None
    rows: tuple[Row, ...]
    has_more: bool

    @property
    def backward(self) -> bool:
        """Whether the page was looked for from its end."""
        return self.place is not None and self.place.backward

    @property
    def next(self) -> str | None:
        """Where the following page begins."""
        is_followed = self.has_more or self.backward
        return self.sorting.cursor(self.rows[-1], backward=False) if self.rows and is_followed else None

    @property
    def previous(self) -> str | None:
        """Where the page before ends."""
        is_preceded = self.has_more if self.backward else self.place is not None
        return self.sorting.cursor(self.rows[0], backward=True) if self.rows and is_preceded else None

    def total(self, rows: Any) -> int:
        """How many there are on all pages, counted a little beyond the cap."""
        if self.place is None and not self.has_more:
            return len(self.rows)
        return int(rows.order_by().values("pk")[: COUNTED + 1].count())


def page_of(access: Access, rows: Any, make: type[Row], sorting: Sorting, place: Cursor | None, limit: int) -> Page:
    """The rows of a queryset that follow (or precede) a place, as they show themselves. One query."""
    backward = place is not None and place.backward
    if place is not None:
        rows = rows.filter(sorting.beyond(place.value, place.id, backward=backward))
    ordered = rows.order_by(*sorting.order(backward=backward)).annotate(sort_value=sorting.expression)
    found = (make(values) for values in ordered.values_list(*make.attributes, "sort_value")[: limit + 1])
    loaded = list(as_shown_to(access, found) if access.partial_fields else found)
    kept = loaded[:limit]
    return Page(sorting, place, tuple(reversed(kept) if backward else kept), len(loaded) > limit)
