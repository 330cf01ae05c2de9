"""From events to runs: which robots an event concerns, whether their conditions hold, when they are due.

Runs in the relay's transaction, so an event is expanded once and in order; the unique constraint on
(rule, event, occurrence) makes a repeat harmless all the same.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection
from django.utils.translation import gettext as _

from automation.effects import robot_types
from automation.engine import ledger
from automation.engine.limits import Counts, counts_for
from automation.models import NotFired, Robot, Run, State
from automation.models.run import RuleKind
from automation.scope import condition_for, event_scope, zone
from core.errors import Invalid, NotFound
from events.models import Event
from expressions.conditions import evaluate
from expressions.schema import Scope
from processes.definition import definition_of
from processes.definition_types import Definition

ENTERING = frozenset({"record.created", "record.moved"})
LEAVING = "record.moved"
DELETED = "record.deleted"
KEPT_REASONS = 1000


@dataclass(slots=True)
class Expansion:
    """What some events amount to."""

    ids: Iterator[int]
    """Ids for new runs, ascending: the order of ids is the order of a record's runs."""
    counts: Counts
    runs: list[Run] = field(default_factory=list)
    refusals: list[NotFired] = field(default_factory=list)
    held: list[tuple[Run, Event]] = field(default_factory=list)
    """Those of the runs that are held, with what set them off."""


def expand(events: Sequence[Event]) -> Expansion:
    """Write the runs of these events and the reasons of robots that did not act; cancel what has lost its stage."""
    entering = [event for event in events if event.kind in ENTERING]
    robots = _robots_of({event.data["stage"] for event in entering})
    concerned = [event for event in entering if event.data["stage"] in robots]
    own = _rules_of({event.run_id for event in concerned if event.run_id})
    most = sum(len(robots[event.data["stage"]]) for event in concerned)
    expansion = Expansion(_new_ids(most), counts_for(concerned))
    for event in concerned:
        _expand_event(event, robots[event.data["stage"]], own.get(event.run_id or 0), expansion)
    _write(expansion)
    _withdraw(events)
    return expansion


def _robots_of(stage_ids: Collection[int]) -> dict[int, list[Robot]]:
    if not stage_ids:
        return {}
    found: dict[int, list[Robot]] = {}
    live = Robot.objects.filter(stage_id__in=stage_ids, removed_at=None, is_on=True)
    for robot in live.order_by("position", "id"):
        found.setdefault(robot.stage_id, []).append(robot)
    return found


def _rules_of(run_ids: Iterable[int]) -> dict[int, int]:
    ids = list(run_ids)
    return dict(Run.objects.filter(pk__in=ids).values_list("pk", "rule_id")) if ids else {}


def _expand_event(event: Event, robots: list[Robot], own_rule: int | None, expansion: Expansion) -> None:
    try:
        definition = definition_of(event.process_id or 0)
    except NotFound:
        return
    scope = event_scope(
        definition, event.data["snapshot"], event.changes, now=event.at, zone=zone(), me=event.actor_user_id
    )
    previous: Run | None = None
    for robot in robots:
        reason = _why_not(robot, definition, scope, own_rule)
        if reason:
            expansion.refusals.append(_refusal(robot, event, reason))
            continue
        previous = _run(robot, event, previous, expansion)
        expansion.runs.append(previous)


def _why_not(robot: Robot, definition: Definition, scope: Scope, own_rule: int | None) -> str:
    if robot.pk == own_rule:
        return _("The robot itself made this change.")
    if robot.kind not in robot_types:
        return _("There is no such kind of robot any more.")
    try:
        condition = condition_for(definition, robot.condition)
    except Invalid as error:
        return _("The condition cannot be read: %s") % error
    return "" if evaluate(condition, scope) else _("The condition did not hold.")


def _run(robot: Robot, event: Event, previous: Run | None, expansion: Expansion) -> Run:
    kind = robot_types[robot.kind]
    after_id = previous.pk if robot.wait_for_previous and previous is not None else None
    held = expansion.counts.why_held(robot.pk, event)
    run = Run(
        pk=next(expansion.ids),
        rule_kind=RuleKind.ROBOT,
        rule_id=robot.pk,
        rule_version=robot.version,
        name=robot.name,
        event_id=event.pk,
        process_id=event.process_id or 0,
        record_id=event.record_id or 0,
        visit_id=event.data["visit"],
        lane=kind.lane,
        state=State.HELD if held else State.READY,
        reason=held[:300],
        run_at=event.at + timedelta(seconds=robot.delay_seconds) if after_id is None else None,
        after_id=after_id,
        delay_seconds=robot.delay_seconds,
        keep_running=robot.keep_running,
        max_attempts=kind.max_attempts,
        root_id=event.root,
        cause_run_id=event.run_id,
        depth=event.depth,
    )
    if held:
        expansion.held.append((run, event))
    return run


def _refusal(robot: Robot, event: Event, reason: str) -> NotFired:
    return NotFired(
        rule_kind=RuleKind.ROBOT,
        rule_id=robot.pk,
        event_id=event.pk,
        record_id=event.record_id or 0,
        reason=reason[:300],
    )


def _write(expansion: Expansion) -> None:
    if expansion.runs:
        Run.objects.bulk_create(expansion.runs, ignore_conflicts=True)
    if expansion.refusals:
        NotFired.objects.bulk_create(expansion.refusals)
        _trim({refusal.rule_id for refusal in expansion.refusals})


def _new_ids(count: int) -> Iterator[int]:
    if not count:
        return iter(())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('automation_run', 'id')) FROM generate_series(1, %s)", [count]
        )
        return iter(sorted(row[0] for row in cursor.fetchall()))


def _trim(rule_ids: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM automation_notfired n USING unnest(%s::bigint[]) AS rule(id)"
            " WHERE n.rule_kind = %s AND n.rule_id = rule.id AND n.id < ("
            "  SELECT k.id FROM automation_notfired k WHERE k.rule_kind = n.rule_kind AND k.rule_id = rule.id"
            "  ORDER BY k.id DESC OFFSET %s LIMIT 1)",
            [list(rule_ids), RuleKind.ROBOT, KEPT_REASONS - 1],
        )


def _withdraw(events: Sequence[Event]) -> None:
    """Cancel what waits for stages that were left and for records that were deleted."""
    left = {event.record_id for event in events if event.kind == LEAVING and event.record_id}
    gone = {event.record_id for event in events if event.kind == DELETED and event.record_id}
    if left:
        ledger.cancel_of_closed_visits(left, _("The record left the stage."))
    if gone:
        ledger.cancel_of_records(gone, _("The record was deleted."))
