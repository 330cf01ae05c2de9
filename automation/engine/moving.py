"""What the run of a trigger does: fill in what the occasion brought, and move the record."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from automation.effects import Result, Skip
from automation.models import Run, Trigger
from automation.occasions import trigger_types
from automation.scope import asks_of_tasks, condition_for, record_scope, tasks_of, with_tasks
from core.errors import NotFound
from expressions.conditions import evaluate
from processes.definition_types import StageDef
from records.operations import move_record, update_record
from records.operations.writing import Writing
from records.typed import TypedRecord


def perform_trigger(run: Run, writing: Writing, row: TypedRecord) -> Result:
    """Do it under the record's lock. Raises Skip when the record stands elsewhere by now, SmartCRMError.

    What to do was settled when the event was looked at; only a trigger that waits asks its condition now.
    """
    trigger = Trigger.objects.filter(pk=run.rule_id).first()
    if trigger is None:
        raise NotFound(_("This robot or trigger has been removed."), trigger=run.rule_id)
    intent: dict[str, Any] = run.intent or {}
    target = writing.definition.stage(intent["stage"])
    may_move = _may_move(run, trigger, row.stage, target)
    _require_condition(trigger, writing, row, writing.now)
    held, before = writing.holding(row), row.version
    if intent["values"]:
        row = update_record(held, row.pk, values=intent["values"], actor=writing.actor)
    source = row.stage
    if may_move:
        row = move_record(held, row.pk, to=target.id, actor=writing.actor)
    elif row.version == before:
        raise Skip(_("The record stands in this stage already, or further on."))
    return Result(
        f"{source.name} → {target.name}" if may_move else _("The values came in; the record stays where it is."),
        {"from": source.id, "stage": row.stage_id, **({"values": intent["values"]} if intent["values"] else {})},
    )


def _may_move(run: Run, trigger: Trigger, source: StageDef, target: StageDef) -> bool:
    """Whether to move: the record may have gone on since the event. Values that came along are taken all the same."""
    if source.pipeline_id != target.pipeline_id:
        raise Skip(_("The record is in another pipeline by now."))
    is_back = source.is_after(target) and not trigger.allow_backward and not run.by_hand
    return source.id != target.id and not is_back


def _require_condition(trigger: Trigger, writing: Writing, row: TypedRecord, now: datetime) -> None:
    if trigger_types[trigger.kind].waits(trigger.settings) is None:
        return
    condition = condition_for(writing.definition, trigger.condition)
    scope = record_scope(writing.definition, row, now)
    if asks_of_tasks(condition):
        scope = with_tasks(scope, tasks_of(row.pk))
    if not evaluate(condition, scope):
        raise Skip(_("The condition did not hold when the time had come."))
