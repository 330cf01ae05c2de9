"""Room in stages that take only so many records: who comes last is refused, however many come at once."""

from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import ngettext

from core.errors import Conflict
from processes.definition_types import StageDef
from records.operations.writing import Writing

LOCK_CLASS = 7302
"""First half of the advisory lock of a stage with a hard limit; the second is the stage's id."""


class StageFull(Conflict):
    """The stage takes no more records."""

    code: ClassVar[str] = "stage_full"

    @classmethod
    def of(cls, stage: StageDef) -> "StageFull":
        """The refusal of a stage."""
        words = ngettext(
            "“%(name)s” takes %(limit)d record at most, and is full.",
            "“%(name)s” takes %(limit)d records at most, and is full.",
            stage.limit or 0,
        )
        return cls(words % {"name": stage.name, "limit": stage.limit}, stage=stage.key, limit=stage.limit)


def require_room(writing: Writing, stage: StageDef) -> None:
    """Take a place for one more record in the stage, until the transaction ends. Raises StageFull.

    Writers of one full stage wait for each other here and nowhere else; stages without a hard limit cost nothing.
    """
    if not stage.is_limit_hard or stage.limit is None:
        return
    hold_places(writing, {stage.id})
    taken = writing.promised.get(stage.id, 0)
    if writing.model.objects.filter(stage_id=stage.id, deleted_at=None).count() + taken >= stage.limit:
        raise StageFull.of(stage)


def hold_places(writing: Writing, stage_ids: set[Any]) -> None:
    """Lock the stages with a hard limit, in one order, so that writes of many records wait instead of dead-locking."""
    stages = writing.definition.stage_by_id
    limited = sorted(pk for pk in stage_ids if pk in stages and stages[pk].is_limit_hard)
    with connection.cursor() as cursor:
        for stage_id in limited:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, stage_id])


def promise(writing: Writing, stage: StageDef, number: int = 1) -> None:
    """Count records that are checked and not written yet (negative: that are written now)."""
    writing.promised[stage.id] = writing.promised.get(stage.id, 0) + number
