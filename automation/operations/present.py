"""Letting a robot or an automatic transition act for records that stand in its stage already."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from automation.engine.expansion import Expansion, Occurrence, new_ids
from automation.engine.limits import Counts
from automation.engine.robots_of_event import expand_robots
from automation.engine.triggers_of_event import expand_triggers
from automation.models import Robot, Run, Trigger
from automation.occasions import ENTERING, trigger_types
from automation.operations.checking import definition_to_automate
from core.actor import Actor
from core.errors import Conflict
from events.models import Event
from events.publish import publish
from processes.definition_types import Definition
from records.models import StageVisit
from records.operations.writing import snapshot
from records.typed import model_for

CHUNK = 500


@transaction.atomic
def start_for_present(rule: Robot | Trigger, *, actor: Actor) -> int:
    """Do for the records that stand in the stage now what would have been done had the rule been on when they came.

    Conditions are asked about the records as they are now; delays count from entering, so what is overdue is due at
    once. Where the rule has run on entering already, it does not run again. Returns how many runs were made. Writes
    `robot.started` or `trigger.started`. Raises NotAllowed, NotFound, Conflict (it is off, or of a kind that does not
    act on entering).
    """
    definition = definition_to_automate(rule.stage, actor)
    if not rule.is_on or rule.removed_at is not None:
        raise Conflict(_("Switch it on first."))
    made = sum(_start(rule, definition, visits) for visits in _chunks(_stage_of(rule), definition))
    kind = "robot" if isinstance(rule, Robot) else "trigger"
    data = {kind: rule.pk, "name": rule.name, "runs": made}
    publish(f"{kind}.started", actor=actor, process_id=definition.id, data=data)
    return made


def present_count(rule: Robot | Trigger) -> int:
    """How many records stand in the stage from which the rule acts; 0 for one that does not act on entering."""
    if not _acts_on_entering(rule):
        return 0
    return _visits(_stage_of(rule)).count()


def _stage_of(rule: Robot | Trigger) -> int:
    if isinstance(rule, Robot):
        if rule.button:
            raise Conflict(_("It acts only when its button is pressed."))
        return rule.stage_id
    if not _acts_on_entering(rule) or rule.source_id is None:
        raise Conflict(_("Only automatic transitions can begin with records that are there already."))
    return rule.source_id


def _acts_on_entering(rule: Robot | Trigger) -> bool:
    if isinstance(rule, Robot):
        return not rule.button
    kind = trigger_types.get(rule.kind)
    return kind is not None and kind.needs_source and not kind.listens_to.isdisjoint(ENTERING)


def _visits(stage_id: int) -> QuerySet[StageVisit]:
    return StageVisit.objects.filter(stage_id=stage_id, left_at=None, record__deleted_at=None)


def _chunks(stage_id: int, definition: Definition) -> Iterator[dict[int, int]]:
    """Record id → visit id, some at a time, oldest visits first."""
    last = 0
    while True:
        rows = _visits(stage_id).filter(process_id=definition.id, pk__gt=last).order_by("pk")[:CHUNK]
        visits = {record_id: pk for pk, record_id in rows.values_list("pk", "record_id")}
        if not visits:
            return
        yield visits
        last = max(visits.values())


def _start(rule: Robot | Trigger, definition: Definition, visits: Mapping[int, int]) -> int:
    events = _openings(visits)
    rows = {row.pk: row for row in model_for(definition).objects.filter(pk__in=visits)}
    expansion = Expansion(new_ids(len(visits)), Counts({}, {}, {}))
    now = _now()
    for record_id, event in events.items():
        if record_id not in rows:
            continue
        event.data = {**event.data, "snapshot": snapshot(rows[record_id])}
        event.changes, event.depth, event.run_id = {}, 0, None
        occurrence = Occurrence(event, definition, None, now)
        if isinstance(rule, Robot):
            expand_robots(occurrence, [rule], expansion)
        else:
            expand_triggers(occurrence, [rule], expansion)
    for run in expansion.runs:
        # What is overdue begins now, behind what is due already.
        run.run_at = max(run.run_at, now) if run.run_at else None
    expansion.write()
    return Run.objects.filter(pk__in=[run.pk for run in expansion.runs]).count()


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _openings(visits: Mapping[int, int]) -> dict[int, Event]:
    """Record id → the event with which its present visit began. One statement, a step into an index per record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT opening.id FROM unnest(%s::bigint[], %s::bigint[]) AS visit(record_id, id) CROSS JOIN LATERAL ("
            " SELECT e.id FROM events_event e WHERE e.record_id = visit.record_id"
            " AND e.kind = ANY(%s) AND (e.data->>'visit')::bigint = visit.id"
            " ORDER BY e.id DESC LIMIT 1) opening",
            [list(visits), list(visits.values()), list(ENTERING)],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return {event.record_id or 0: event for event in Event.objects.filter(pk__in=ids)}
