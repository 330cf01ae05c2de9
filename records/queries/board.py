"""The board: columns with counts, sums and their first tiles; further pages of a column; one tile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _

from core.errors import NotFound
from processes.definition_types import FieldDef, PipelineDef, StageDef
from processes.models import Operation, Process, Scope
from processes.permissions import Access
from records.queries.narrowing import NOTHING, Narrowing, as_shown, narrowed
from records.queries.tiles import Tile, sum_field, tile_rows, tiles_of
from records.typed import model_for

PAGE = 25
"""Tiles of a column in one piece."""

Cursor = tuple[str, int]
"""Rank and id of the last tile that was shown."""


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """Some tiles of a column, in order, and where the next ones begin."""

    tiles: tuple[Tile, ...]
    next: Cursor | None


EMPTY_PAGE = ColumnPage((), None)


@dataclass(frozen=True, slots=True)
class Column:
    """One stage with what stands in it."""

    stage: StageDef
    count: int
    sum: Decimal | int | None
    page: ColumnPage
    targets: frozenset[int]
    """Ids of the stages to which its records may go."""
    standing: int | None
    """How many stand there, whatever the filter says; None where there is no limit, or the actor does not see all."""

    @property
    def is_full(self) -> bool:
        """Whether the stage takes no more."""
        limit = self.stage.limit
        return self.stage.is_limit_hard and limit is not None and self.standing is not None and self.standing >= limit

    @property
    def is_over(self) -> bool:
        """Whether more stand there than should, or no more may come."""
        limit = self.stage.limit
        return self.is_full or (limit is not None and self.standing is not None and self.standing > limit)


@dataclass(frozen=True, slots=True)
class Board:
    """One pipeline as an actor sees it."""

    pipeline: PipelineDef
    columns: tuple[Column, ...]
    sum_field: FieldDef | None
    total: int
    hidden: int
    """Records that the filter hides, counted only when it hides all of them."""
    can_create: bool
    can_move: bool


def board_for(access: Access, pipeline: PipelineDef, narrowing: Narrowing = NOTHING) -> Board:
    """The board of a pipeline for the access's actor, only records that it lets see.

    Three queries at most: counts with sums, the first tiles of the columns that hold any, names of people. One more
    where a filter hides what stands in stages with a limit.
    """
    rows = _rows(access, narrowing)
    totals = _totals(access, pipeline, rows)
    pages = _first_pages(access, rows, [stage for stage in pipeline.stages if stage.id in totals])
    standing = _standing(access, pipeline, totals, is_narrowed=narrowing.asks)
    columns = tuple(
        Column(
            stage,
            *totals.get(stage.id, (0, None)),
            pages.get(stage.id, EMPTY_PAGE),
            pipeline.targets[stage.id],
            standing.get(stage.id),
        )
        for stage in pipeline.stages
    )
    total = sum(column.count for column in columns)
    is_used = access.definition.status == Process.Status.PUBLISHED
    return Board(
        pipeline=pipeline,
        columns=columns,
        sum_field=sum_field(access),
        total=total,
        hidden=_count(access, pipeline) if narrowing.asks and total == 0 else 0,
        can_create=is_used and bool(access.reach(Operation.CREATE, pipeline.first_stage.id)),
        can_move=is_used and access.can(Operation.MOVE),
    )


def column_page(
    access: Access, stage: StageDef, narrowing: Narrowing = NOTHING, *, after: Cursor | None = None
) -> ColumnPage:
    """The tiles of a stage that come after a cursor. Two queries."""
    rows = _rows(access, narrowing).in_stage(stage.id)
    if after is not None:
        rank, record_id = after
        rows = rows.filter(position__gte=rank).exclude(position=rank, record_id__lte=record_id)
    found = list(tile_rows(rows, access).order_by("position", "record_id")[: PAGE + 1])
    return _page(tiles_of(access, found[:PAGE]), is_last=len(found) <= PAGE)


def card_tile(access: Access, record_id: int, narrowing: Narrowing = NOTHING) -> Tile:
    """One record as a tile. Raises NotFound where the actor may not see it or the filter hides it."""
    rows = tile_rows(_rows(access, narrowing).filter(pk=record_id), access)
    found = tiles_of(access, list(rows))
    if not found:
        raise NotFound(_("There is no such record."), record=record_id)
    return found[0]


def column_totals(
    access: Access, pipeline: PipelineDef, narrowing: Narrowing = NOTHING
) -> dict[int, tuple[int, Decimal | int | None]]:
    """Stage id → count and sum, only of stages that hold something. One query."""
    return _totals(access, pipeline, _rows(access, narrowing))


def _rows(access: Access, narrowing: Narrowing) -> Any:
    return narrowed(model_for(access.definition).objects.visible_to(access), access, narrowing)


def _totals(access: Access, pipeline: PipelineDef, rows: Any) -> dict[int, tuple[int, Any]]:
    field = sum_field(access)
    counted = rows.filter(pipeline_id=pipeline.id).order_by().values("stage_id").annotate(count=Count("pk"))
    if field is None:
        return {row["stage_id"]: (row["count"], None) for row in counted}
    column = as_shown(access, field, F(field.attname)) if field in access.partial_fields else F(field.attname)
    return {row["stage_id"]: (row["count"], row["sum"]) for row in counted.annotate(sum=Sum(column))}


def _standing(
    access: Access, pipeline: PipelineDef, totals: Mapping[int, tuple[int, Any]], *, is_narrowed: bool
) -> dict[int, int]:
    """Stage id → how many stand there, of stages with a limit in which the actor sees everything."""
    limited = [
        stage.id
        for stage in pipeline.stages
        if stage.limit is not None and access.reach(Operation.VIEW, stage.id).scope == Scope.ALL
    ]
    if is_narrowed and limited:
        rows = model_for(access.definition).objects.visible_to(access).filter(stage_id__in=limited).order_by()
        counts = dict(rows.values_list("stage_id").annotate(Count("pk")))
        return {stage_id: counts.get(stage_id, 0) for stage_id in limited}
    return {stage_id: totals.get(stage_id, (0, None))[0] for stage_id in limited}


def _first_pages(access: Access, rows: Any, stages: Sequence[StageDef]) -> dict[int, ColumnPage]:
    """The beginning of every column in one statement: each part of the union walks the board's index."""
    if not stages:
        return {}
    shown = tile_rows(rows, access).order_by("position", "record_id")
    slices = [shown.filter(stage_id=stage.id)[: PAGE + 1] for stage in stages]
    found = list(slices[0].union(*slices[1:], all=True)) if len(slices) > 1 else list(slices[0])
    by_stage: dict[int, list[Tile]] = {stage.id: [] for stage in stages}
    for tile in tiles_of(access, found):
        by_stage[tile.stage.id].append(tile)
    return {stage_id: _page(tiles[:PAGE], is_last=len(tiles) <= PAGE) for stage_id, tiles in by_stage.items()}


def _page(tiles: list[Tile], *, is_last: bool) -> ColumnPage:
    return ColumnPage(tuple(tiles), None if is_last else (tiles[-1].rank, tiles[-1].id))


def _count(access: Access, pipeline: PipelineDef) -> int:
    rows = model_for(access.definition).objects.visible_to(access)
    count: int = rows.filter(Q(pipeline_id=pipeline.id)).count()
    return count
