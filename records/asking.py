"""A record as conditions see it, and what is asked of it."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from expressions.conditions import Condition, evaluate, parse_condition
from expressions.schema import Scope
from processes.definition_types import Definition, FieldDef
from processes.schema import schema_of

if TYPE_CHECKING:
    from records.typed import TypedRecord


def scope_of(definition: Definition, row: "TypedRecord", *, me: int | None, stage_id: int | None = None) -> Scope:
    """The record as conditions and formulas see it; with `stage_id` as if it stood there."""
    values = {
        "id": row.pk,
        "title": row.title,
        "pipeline": row.pipeline_id,
        "stage": row.stage_id if stage_id is None else stage_id,
        "assignee": row.assignee_id,
        "author": row.author_id,
        "observers": row.observer_ids,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "stage_changed_at": row.stage_changed_at,
        "closed_at": row.closed_at,
        **{f.key: row.value(f) for f in definition.fields},
    }
    return Scope(now=timezone.now(), zone=ZoneInfo(settings.TIME_ZONE), me=me, values=values)


def asking(
    definition: Definition, row: "TypedRecord", *, me: int | None, stage_id: int | None = None
) -> Callable[[FieldDef], bool]:
    """Whether a field is asked of a record, as somebody sees it: its condition holds there."""
    conditions = _conditions(definition)
    if not conditions:
        return lambda f: True
    scope = scope_of(definition, row, me=me, stage_id=stage_id)
    return lambda f: f.id not in conditions or evaluate(conditions[f.id], scope)


@lru_cache(maxsize=512)
def _conditions(definition: Definition) -> dict[int, Condition]:
    """Field id → the condition under which it is asked."""
    schema = schema_of(definition)
    return {f.id: parse_condition(f.visible_if, schema) for f in definition.fields if f.visible_if}
