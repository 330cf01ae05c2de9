"""Tiles: what a board, a list of work and a live page show of a record at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone

from processes.definition_types import FieldDef, StageDef
from processes.fieldtype import PERSON, DisplayContext
from processes.models import Operation
from processes.permissions import Access, Place
from records.models import Task
from records.queries.names import Wanted, names_for, want

BASE_COLUMNS = (
    "record_id",
    "title",
    "version",
    "position",
    "stage_id",
    "assignee_id",
    "author_id",
    "department_id",
    "observer_ids",
    "stage_changed_at",
)

Row = Mapping[str, Any]

LONGEST = 120
"""Characters of a value on a tile."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of a record as a person reads it."""

    label: str
    text: str
    icon: str
    color: str = ""
    is_chip: bool = False
    is_amount: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One record on the board. `rank` and `id` place it in its column."""

    id: int
    title: str
    version: int
    rank: str
    stage: StageDef
    assignee_id: int | None
    assignee: str
    lines: tuple[Shown, ...]
    chips: tuple[Shown, ...]
    amount: Shown | None
    sum_value: Decimal | int | None
    """What the tile adds to its column's sum."""
    open_tasks: int
    next_due: datetime | None
    is_overdue: bool
    """Whether a task is past its time while work goes on."""
    overstay: timedelta | None
    """How long it stands in its stage, where that is longer than meant."""
    can_move: bool
    can_assign: bool
    can_delete: bool


def card_fields(access: Access) -> tuple[FieldDef, ...]:
    """The fields that a tile shows, in order."""
    return tuple(field for field in access.readable_fields if field.on_card)


def sum_field(access: Access) -> FieldDef | None:
    """The field whose sum stands at the head of a column: the first on the card whose values add up."""
    return next((field for field in card_fields(access) if field.type.summable), None)


def tile_rows(rows: Any, access: Access) -> Any:
    """A queryset of typed records turned into dicts with all that a tile needs."""
    tasks: QuerySet[Any, Any] = Task.objects.filter(record_id=OuterRef("pk"), done_at=None).order_by()
    tasks = tasks.values("record_id")
    return rows.values(
        *BASE_COLUMNS,
        *(name for field in card_fields(access) for name in field.attributes),
        open_tasks=Subquery(tasks.annotate(count=Count("pk")).values("count")),
        next_due=Subquery(tasks.annotate(due=Min("due_at")).values("due")),
    )


def tiles_of(access: Access, rows: Sequence[Row]) -> list[Tile]:
    """The tiles of rows; one query a family for the names of what is on them."""
    fields = card_fields(access)
    summed = sum_field(access)
    context = DisplayContext(names_for(access.actor, _wanted_by(rows, fields)))
    return [_tile(access, row, fields, summed, context) for row in rows]


def _wanted_by(rows: Sequence[Row], fields: Sequence[FieldDef]) -> Wanted:
    wanted: Wanted = {PERSON: {row["assignee_id"] for row in rows if row["assignee_id"] is not None}}
    for row in rows:
        for field in fields:
            want(wanted, field, field.value(row.__getitem__))
    return wanted


def _tile(
    access: Access, row: Row, fields: Sequence[FieldDef], summed: FieldDef | None, context: DisplayContext
) -> Tile:
    owner = Place(row["assignee_id"], row["author_id"], row["department_id"], row["stage_id"], row["observer_ids"])
    read = [field for field in fields if access.reads(field, owner)]
    shown = [item for field in read if (item := shown_value(field, field.value(row.__getitem__), context)).text]
    amount = next((item for item in shown if item.is_amount), None)
    stage = access.definition.stage_by_id[row["stage_id"]]
    return Tile(
        id=row["record_id"],
        title=row["title"],
        version=row["version"],
        rank=row["position"],
        stage=stage,
        assignee_id=row["assignee_id"],
        assignee=context.names.get(PERSON, {}).get(row["assignee_id"], ""),
        lines=tuple(item for item in shown if not item.is_chip and item is not amount),
        chips=tuple(item for item in shown if item.is_chip),
        amount=amount,
        sum_value=row[summed.attname] if summed is not None and summed in read else None,
        open_tasks=row["open_tasks"] or 0,
        next_due=row["next_due"],
        is_overdue=stage.is_open and row["next_due"] is not None and row["next_due"] < timezone.now(),
        overstay=overstay_of(stage, row["stage_changed_at"]),
        can_move=access.covers(Operation.MOVE, owner),
        can_assign=access.covers(Operation.ASSIGN, owner),
        can_delete=access.covers(Operation.DELETE, owner),
    )


def overstay_of(stage: StageDef, since: datetime) -> timedelta | None:
    """How long a record has been in a stage since it came, if that is longer than the stage's time limit."""
    spent = timezone.now() - since
    return spent if stage.time_limit is not None and spent > stage.time_limit else None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def shown_value(field: FieldDef, value: Any, context: DisplayContext) -> Shown:
    """A value as a tile shows it; its text is empty when there is nothing to show."""
    return Shown(
        label=field.label,
        text=_cut(field.type.short_display(value, field, context)),
        icon=field.type.icon,
        color=field.type.color(value, field),
        is_chip=field.type.is_chip,
        is_amount=field.type.summable,
    )
