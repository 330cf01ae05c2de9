"""The buttons of a record: robots and triggers that act when somebody presses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, CharField, F, IntegerField, QuerySet, Value
from django.db.models.fields.json import KT

from automation.models import Robot, RuleKind, Trigger
from automation.scope import asks_of_tasks, condition_for, event_scope, tasks_of, with_tasks, zone
from automation.triggers.button import PRESSED, ButtonPressed
from automation.verifier import RuleKey
from core.actor import Actor
from core.errors import Invalid
from expressions.conditions import evaluate
from processes.definition_types import Definition, StageDef
from records.operations.writing import snapshot
from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """A button of the records in a stage, whether or not it can be pressed on one of them now."""

    rule: RuleKey
    """The robot or trigger behind it."""
    text: str
    question: str
    """What is asked before; empty where nothing is."""
    target: StageDef | None
    """Where it moves the record, if it does."""
    condition: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What an earlier press began."""

    is_waiting: bool
    """Its time has not come."""
    due: datetime | None
    """When it will, if that is known."""
    is_stuck: bool
    """Only a person brings it to an end: it is held, or its effect has perhaps happened."""


def standing(definition: Definition, stage_id: int) -> list[Standing]:
    """The buttons of the records in a stage: first those that move them, then the robots'. One query."""
    source = definition.stage_by_id[stage_id]
    found: list[Standing] = []
    for kind, rule_id, text, question, condition, target_id, from_id, is_free, _place in _rows(definition, stage_id):
        target = definition.stage_by_id.get(target_id) if kind == RuleKind.TRIGGER else None
        is_here = target is None or (from_id in (None, stage_id) and _leads(definition, source, target, is_free))
        if is_here:
            found.append(Standing((kind, rule_id), text, question or "", target, condition))
    return found


def _leads(definition: Definition, source: StageDef, target: StageDef, is_free: bool) -> bool:
    """Whether a trigger may move records from one stage to the other; `is_free` to go back, too."""
    may_go = target.id in definition.pipeline_by_id[source.pipeline_id].targets[source.id]
    return may_go and (is_free or not source.is_after(target))


def _rows(definition: Definition, stage_id: int) -> QuerySet[Any, tuple[Any, ...]]:
    live = {"process_id": definition.id, "removed_at": None, "is_on": True}
    triggers = Trigger.objects.filter(**live, kind=ButtonPressed.key).order_by()
    robots = Robot.objects.filter(**live, stage_id=stage_id).exclude(button="").order_by()
    text, number = CharField(), IntegerField()
    of_triggers = triggers.values_list(
        Value(str(RuleKind.TRIGGER), text),
        F("pk"),
        KT("settings__text"),
        KT("settings__question"),
        "condition",
        "stage_id",
        "source_id",
        "allow_backward",
        F("position"),
    )
    of_robots = robots.values_list(
        Value(str(RuleKind.ROBOT), text),
        F("pk"),
        F("button"),
        F("button_question"),
        "condition",
        "stage_id",
        Value(None, number),
        Value(True, BooleanField()),
        F("position"),
    )
    return of_triggers.union(of_robots, all=True)


def holds(button: Standing, definition: Definition, row: TypedRecord, *, now: datetime, actor: Actor) -> bool:
    """Whether the button's condition holds for the record as it is now. A query where it asks of tasks.

    One that cannot be read does not hold.
    """
    try:
        condition = condition_for(definition, button.condition)
    except Invalid:
        return False
    scope = event_scope(definition, snapshot(row), {}, now=now, zone=zone(), me=actor.user_id)
    if asks_of_tasks(condition):
        scope = with_tasks(scope, tasks_of(row.pk))
    return evaluate(condition, scope)


def unfinished(record_id: int) -> dict[RuleKey, Unfinished]:
    """What earlier presses began on a record and has not ended, by rule. One query.

    What waits for a person has not ended: another press might do once more what has perhaps been done. Presses that
    have not become runs yet are among them; one statement sees either the press or its run.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED, {"record": record_id, "kind": PRESSED})
        rows = cursor.fetchall()
    return {(kind, rule_id): Unfinished(*state) for kind, rule_id, *state in rows}


_UNFINISHED = """
    SELECT rule_kind, rule_id, state = 'ready' AND (run_at IS NULL OR run_at > statement_timestamp()) AS is_waiting,
           run_at, state IN ('held', 'uncertain') AS is_stuck
    FROM automation_run WHERE record_id = %(record)s AND state IN ('ready', 'claimed', 'held', 'uncertain')
    UNION ALL
    SELECT data->>'rule_kind', (data->>'rule')::bigint, false, NULL, false
    FROM events_event WHERE record_id = %(record)s AND kind = %(kind)s AND seq IS NULL
    ORDER BY is_stuck DESC
"""
