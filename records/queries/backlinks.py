"""The other side of links: which records name a record, process by process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from processes.definition_types import Definition, FieldDef, StageDef
from processes.models import Operation, Process
from processes.permissions import Access, accesses_for
from records.models import Link
from records.queries.card import Person, row_for
from records.queries.names import names_of
from records.typed import model_for

SHOWN = 5
COUNTED = 1_000
"""Numbers are exact up to here."""


@dataclass(frozen=True, slots=True)
class LinkedRecord:
    """A record that names another."""

    id: int
    title: str
    stage: StageDef
    assignee: Person | None


@dataclass(frozen=True, slots=True)
class Backlinks:
    """The newest records of a process that name a record in one field, as far as the reader may see them."""

    process: Definition
    field: FieldDef
    records: tuple[LinkedRecord, ...]
    total: int
    total_is_capped: bool
    can_add: bool
    """Whether the reader may make another one."""


def backlinks_of(access: Access, record_id: int, *, limit: int = SHOWN) -> tuple[Backlinks, ...]:
    """The records that name a record, in every process that the reader may view, one entry for each field of a link.

    One query for all processes, at most two for each field that links here, one for names. Raises NotFound.
    """
    row_for(access, record_id)
    pages = [
        (other, field, *_page(other, field, record_id, limit))
        for other, field in _linking(access)
        if other.can(Operation.VIEW)
    ]
    names = names_of(row["assignee_id"] for *_about, rows, _total in pages for row in rows if row["assignee_id"])
    return tuple(_backlinks(other, field, rows, total, names) for other, field, rows, total in pages)


def _linking(access: Access) -> Iterator[tuple[Access, FieldDef]]:
    """The fields that link to the access's process, with the reader's access to the processes that have them."""
    for other in accesses_for(access.actor):
        for field in other.readable_fields:
            if field.is_link and field.settings.get("process") == access.definition.id:
                yield other, field


def _page(other: Access, field: FieldDef, record_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The newest records that name this one, and how many there are (counted a little beyond the cap)."""
    seen = model_for(other.definition).objects.visible_to(other).showing(other, field)
    if field.type.kind == "references":
        found = seen.filter(pk__in=Link.objects.filter(field=field.id, target=record_id).values("source"))
    else:
        found = seen.filter(**{field.attname: record_id})
    columns = ("record_id", "title", "stage_id", "assignee_id")
    rows = list(found.order_by("-pk").values(*columns)[: limit + 1])
    total = len(rows) if len(rows) <= limit else found.order_by().values("pk")[: COUNTED + 1].count()
    return rows[:limit], total


def _backlinks(
    other: Access, field: FieldDef, rows: list[dict[str, Any]], total: int, names: dict[int, str]
) -> Backlinks:
    definition = other.definition
    records = tuple(
        LinkedRecord(
            id=row["record_id"],
            title=row["title"],
            stage=definition.stage_by_id[row["stage_id"]],
            assignee=Person(row["assignee_id"], names[row["assignee_id"]]) if row["assignee_id"] in names else None,
        )
        for row in rows
    )
    is_used = definition.status == Process.Status.PUBLISHED
    return Backlinks(
        process=definition,
        field=field,
        records=records,
        total=min(total, COUNTED),
        total_is_capped=total > COUNTED,
        can_add=is_used and other.can(Operation.CREATE),
    )
