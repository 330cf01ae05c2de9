"""Ranks: where a card stands in its column. A card that is put between two others gets a rank between theirs."""

from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from fractional_indexing import generate_key_between, generate_n_keys_between
from psycopg import sql

from core.errors import Conflict
from processes.definition_types import StageDef
from records.operations.writing import Writing, first_rank_in
from records.typed import TypedRecord

LONGEST = 120
"""Signs of a rank. What is put right below, or above, one card again and again gets a sign more every sixth time."""
SHORT = 12
"""A rank of so many signs is nobody's narrow place."""


def rank_at(writing: Writing, row: TypedRecord, target: StageDef, *, after: int | None, before: int | None) -> str:
    """A rank strictly between two present ranks of the target's column; cards of equal rank stay together.

    Below the record `after`, else above the record `before`, else at the top. Where there is hardly any room, the
    cards around get ranks anew. Raises Conflict while somebody else writes one of those.
    """
    rank = _between(*_bounds(writing, row, target, after, before))
    if len(rank) > LONGEST:
        _make_room(writing, row, target, rank)
        rank = _between(*_bounds(writing, row, target, after, before))
    return rank


def _bounds(
    writing: Writing, row: TypedRecord, target: StageDef, after: int | None, before: int | None
) -> tuple[str | None, str | None]:
    """The ranks above and below the place."""
    if after is None and before is None:
        return None, first_rank_in(writing, target)
    column = writing.model.objects.visible_to(writing.access).in_stage(target.id).exclude(pk=row.pk)
    ranks = column.values_list("position", flat=True)
    lower = _rank_of(ranks, after)
    if lower is not None:
        return lower, ranks.filter(position__gt=lower).order_by("position").first()
    upper = _rank_of(ranks, before)
    if upper is not None:
        return ranks.filter(position__lt=upper).order_by("-position").first(), upper
    return None, ranks.order_by("position").first()


def _make_room(writing: Writing, row: TypedRecord, target: StageDef, rank: str) -> None:
    """Spread the cards around a rank evenly between the nearest short ranks; their order stays.

    Nobody is waited for, since the row that is being moved is locked already. Pages that are open hear of it when they
    are loaded anew: their ranks are only used to place what changes.
    """
    with connection.cursor() as cursor:
        table = sql.Identifier(writing.model._meta.db_table)
        values = {"stage": target.id, "row": row.pk, "rank": rank, "short": SHORT}
        cursor.execute(_AROUND.format(table=table), values)
        lower, upper, count = cursor.fetchone()
        values |= {"lower": lower, "upper": upper}
        cursor.execute(_LOCKED.format(table=table), values)
        ids = [found for (found,) in cursor.fetchall()]
        if len(ids) != count:
            raise Conflict(_("Others are moving records here at the same moment. Try again."))
        cursor.execute(_SPREAD.format(table=table), [ids, generate_n_keys_between(lower, upper, count)])


_CROWD = """
    stage_id = %(stage)s AND deleted_at IS NULL AND id <> %(row)s
    AND (%(lower)s::text IS NULL OR position > %(lower)s) AND (%(upper)s::text IS NULL OR position < %(upper)s)
"""
_AROUND = sql.SQL("""
    WITH short AS (
        SELECT position FROM {table}
        WHERE stage_id = %(stage)s AND deleted_at IS NULL AND id <> %(row)s AND length(position) <= %(short)s
    ), bounds AS (
        SELECT (SELECT max(position) FROM short WHERE position < %(rank)s) AS lower,
               (SELECT min(position) FROM short WHERE position > %(rank)s) AS upper
    )
    SELECT bounds.lower, bounds.upper, (
        SELECT count(*) FROM {table}
        WHERE stage_id = %(stage)s AND deleted_at IS NULL AND id <> %(row)s
          AND (bounds.lower IS NULL OR position > bounds.lower) AND (bounds.upper IS NULL OR position < bounds.upper)
    ) FROM bounds
""")
_LOCKED = sql.SQL(
    f"SELECT id FROM {{table}} WHERE {_CROWD} ORDER BY position, id FOR NO KEY UPDATE SKIP LOCKED"  # noqa: S608
)
_SPREAD = sql.SQL(
    "UPDATE {table} t SET position = new.position FROM unnest(%s::bigint[], %s::text[]) AS new(id, position)"
    " WHERE t.id = new.id"
)


def _rank_of(ranks: Any, record_id: int | None) -> str | None:
    rank: str | None = None if record_id is None else ranks.filter(pk=record_id).first()
    return rank


def _between(lower: str | None, upper: str | None) -> str:
    return str(generate_key_between(lower, upper))
