"""The triggers that an event may set off: all are asked, the first one that may act does, the others stand back."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext as _

from automation.engine.expansion import Expansion, Occurrence
from automation.models import Lane, RuleKind, Trigger
from automation.occasions import trigger_types
from automation.scope import asks_of_tasks, condition_for, scope_before
from core.errors import Invalid
from expressions.conditions import evaluate
from processes.definition_types import Definition, StageDef
from records.models import StageVisit

ATTEMPTS = 3


def expand_triggers(occurrence: Occurrence, triggers: Iterable[Trigger], expansion: Expansion) -> None:
    """Make the run of the trigger that acts on this event and of those that wait; say why the others do not."""
    winner: Trigger | None = None
    for trigger in triggers:
        if not _concerns(trigger, occurrence):
            continue
        reason = _why_not(trigger, occurrence)
        if reason:
            expansion.refuse(trigger, occurrence.event, reason)
        elif trigger_types[trigger.kind].waits(trigger.settings) is not None:
            _add(trigger, occurrence, expansion)
        elif winner is None:
            winner = trigger
            _add(trigger, occurrence, expansion)
        else:
            expansion.refuse(trigger, occurrence.event, _("Superseded by “%s”, which comes before it.") % winner.name)


def _concerns(trigger: Trigger, occurrence: Occurrence) -> bool:
    """Whether the event is an occasion for the trigger at all; if not, nobody wonders why it did not act."""
    source = occurrence.definition.stage_by_id.get(occurrence.stage_id)
    target = occurrence.definition.stage_by_id.get(trigger.stage_id)
    if source is None or target is None or source.pipeline_id != target.pipeline_id:
        return False
    if trigger.source_id not in (None, source.id):
        return False
    return trigger_types[trigger.kind].concerns(occurrence.event, trigger.pk, trigger.settings)


def _why_not(trigger: Trigger, occurrence: Occurrence) -> str:
    if (RuleKind.TRIGGER, trigger.pk) == occurrence.own_rule:
        return _("The trigger itself made this change.")
    return _wrong_way(trigger, occurrence) or _condition(trigger, occurrence)


def _wrong_way(trigger: Trigger, occurrence: Occurrence) -> str:
    definition = occurrence.definition
    source, target = definition.stage_by_id[occurrence.stage_id], definition.stage_by_id[trigger.stage_id]
    if source.id == target.id:
        brings = trigger_types[trigger.kind].values(occurrence.event)
        return "" if brings else _("The record stands in this stage already.")
    if source.is_after(target) and not trigger.allow_backward:
        if trigger_types[trigger.kind].values(occurrence.event):
            return ""
        return _("The record stands further on, and this trigger does not move back.")
    if target.id not in _targets(definition, source):
        return _("A record cannot go from “%(source)s” to “%(target)s”.") % {
            "source": source.name,
            "target": target.name,
        }
    return ""


def _targets(definition: Definition, source: StageDef) -> frozenset[int]:
    return definition.pipeline_by_id[source.pipeline_id].targets[source.id]


def _condition(trigger: Trigger, occurrence: Occurrence) -> str:
    kind = trigger_types[trigger.kind]
    if kind.waits(trigger.settings) is not None:
        return ""
    try:
        condition = condition_for(occurrence.definition, trigger.condition)
    except Invalid as error:
        return _("The condition cannot be read: %s") % error
    scope = occurrence.scope_for(condition)
    if not evaluate(condition, scope):
        return _("The condition did not hold.")
    is_news = kind.is_news(occurrence.event) or (not occurrence.event.changes and asks_of_tasks(condition))
    if not is_news and evaluate(condition, scope_before(scope)):
        return _("The condition held before already.")
    return ""


def _add(trigger: Trigger, occurrence: Occurrence, expansion: Expansion) -> None:
    kind, event = trigger_types[trigger.kind], occurrence.event
    expansion.add(
        trigger,
        event,
        visit_id=_visit(occurrence) if trigger.source_id or kind.of_visit else None,
        lane=Lane.INTERNAL,
        run_at=occurrence.at + timedelta(seconds=kind.waits(trigger.settings) or 0),
        max_attempts=ATTEMPTS,
        intent={"stage": trigger.stage_id, "values": dict(kind.values(event))},
    )


def _visit(occurrence: Occurrence) -> int | None:
    """The stay in the stage to which a run from this stage belongs."""
    if "visit" in occurrence.event.data:
        visit_id: int = occurrence.event.data["visit"]
        return visit_id
    visits = StageVisit.objects.filter(record_id=occurrence.event.record_id or 0, stage_id=occurrence.stage_id)
    return visits.order_by("-id").values_list("pk", flat=True).first()
