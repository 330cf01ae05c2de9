"""What the run of a trigger does: fill in what the occasion brought, and move the record."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from automation.effects import Result, Skip
from automation.models import Run, Trigger
from automation.occasions import trigger_types
from automation.scope import asks_of_tasks, condition_for, record_scope, tasks_of, with_tasks
from expressions.conditions import evaluate
from processes.definition_types import StageDef
from records.operations import move_record, update_record
from records.operations.writing import Writing
from records.typed import TypedRecord


def perform_trigger(run: Run, writing: Writing, row: TypedRecord) -> Result:
    """Do it under the record's lock. Raises Skip when the record stands elsewhere by now, SmartCRMError.

    What to do was settled when the event was looked at; only a trigger that waits asks its condition now.
    """
    trigger = Trigger.objects.get(pk=run.rule_id)
    intent: dict[str, Any] = run.intent or {}
    target = writing.definition.stage(intent["stage"])
    _require_way(run, trigger, row.stage, target)
    _require_condition(trigger, writing, row, writing.now)
    held, before = writing.holding(row), row.version
    if intent["values"]:
        row = update_record(held, row.pk, values=intent["values"], actor=writing.actor)
    source = row.stage
    if source.id != target.id:
        row = move_record(held, row.pk, to=target.id, actor=writing.actor)
    elif row.version == before:
        raise Skip(_("The record stands in this stage already."))
    return Result(
        f"{source.name} → {target.name}" if source.id != target.id else "",
        {"from": source.id, "stage": target.id, **({"values": intent["values"]} if intent["values"] else {})},
    )


def _require_way(run: Run, trigger: Trigger, source: StageDef, target: StageDef) -> None:
    """The record may have gone on since the event."""
    if source.pipeline_id != target.pipeline_id:
        raise Skip(_("The record is in another pipeline by now."))
    if source.is_after(target) and not trigger.allow_backward and not run.by_hand:
        raise Skip(_("The record stands further on by now."))


def _require_condition(trigger: Trigger, writing: Writing, row: TypedRecord, now: datetime) -> None:
    if trigger_types[trigger.kind].waits(trigger.settings) is None:
        return
    condition = condition_for(writing.definition, trigger.condition)
    scope = record_scope(writing.definition, row, now)
    if asks_of_tasks(condition):
        scope = with_tasks(scope, tasks_of(row.pk))
    if not evaluate(condition, scope):
        raise Skip(_("The condition did not hold when the time had come."))
