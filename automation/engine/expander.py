"""From events to runs: which triggers and robots an event concerns, whether their conditions hold, when they are due.

Runs in the relay's transaction, so an event is expanded once and in order; the unique constraint on
(rule, event, occurrence) makes a repeat harmless all the same. For one event triggers come before robots.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from django.utils.translation import gettext as _

from automation.engine import ledger
from automation.engine.expansion import Expansion, Occurrence, new_ids
from automation.engine.following import follow_dates
from automation.engine.limits import counts_for
from automation.engine.robots_of_event import expand_robots
from automation.engine.triggers_of_event import expand_triggers
from automation.models import Robot, RuleKind, Run, Trigger
from automation.occasions import ENTERING, trigger_types
from automation.triggers.button import PRESSED
from automation.verifier import RuleKey
from core.errors import NotFound
from events.models import Event
from processes.definition import definition_of
from processes.definition_types import Definition

LEAVING = "record.moved"
DELETED, RESTORED = "record.deleted", "record.restored"


def expand(events: Sequence[Event]) -> Expansion:
    """Write the runs of these events and the reasons of rules that did not act; cancel what has lost its stage or its
    record, revive what has it back.

    Quiet events (imports, history) set nothing off.
    """
    loud = [event for event in events if event.record_id and not event.data.get("quiet")]
    robots = _robots_of({event.data["stage"] for event in loud if event.kind in ENTERING})
    pressed = _pressed({robot_id for event in loud if (robot_id := _robot_pressed(event))})
    triggers = _triggers_of({event.process_id for event in loud if event.process_id}, {event.kind for event in loud})
    work = [
        (event, _listening(triggers.get(event.process_id or 0, []), event), _acting(robots, pressed, event))
        for event in loud
    ]
    concerned = [(event, moving, acting) for event, moving, acting in work if moving or acting]
    own = _rules_of({event.run_id for event, _moving, _acting in concerned if event.run_id})
    most = sum(len(moving) + len(acting) for _event, moving, acting in concerned)
    expansion = Expansion(new_ids(most), counts_for([event for event, _moving, _acting in concerned]))
    definitions = _definitions_of({event.process_id for event, _moving, _acting in concerned if event.process_id})
    for event, moving, acting in concerned:
        definition = definitions.get(event.process_id or 0)
        if definition is not None:
            occurrence = Occurrence(event, definition, own.get(event.run_id or 0))
            expand_triggers(occurrence, moving, expansion)
            expand_robots(occurrence, acting, expansion)
    expansion.write()
    gone, back = _last_seen_in_bin(events)
    if back:
        expansion.revived = ledger.revive_of_records(back)
    follow_dates(events)
    _withdraw(events, gone)
    return expansion


def _robots_of(stage_ids: Collection[int]) -> dict[int, list[Robot]]:
    if not stage_ids:
        return {}
    found: dict[int, list[Robot]] = {}
    live = Robot.objects.filter(stage_id__in=stage_ids, button="", removed_at=None, is_on=True)
    for robot in live.order_by("position", "id"):
        found.setdefault(robot.stage_id, []).append(robot)
    return found


def _pressed(robot_ids: Collection[int]) -> dict[int, Robot]:
    """The live robots among those whose button was pressed. One query, none without a press."""
    if not robot_ids:
        return {}
    live = Robot.objects.filter(pk__in=robot_ids, removed_at=None, is_on=True)
    return {robot.pk: robot for robot in live}


def _triggers_of(process_ids: Collection[int], kinds: Collection[str]) -> dict[int, list[Trigger]]:
    """The live triggers of these processes that listen to such events."""
    listening = [kind.key for kind in trigger_types if not kind.listens_to.isdisjoint(kinds)]
    if not process_ids or not listening:
        return {}
    found: dict[int, list[Trigger]] = {}
    live = Trigger.objects.filter(process_id__in=process_ids, kind__in=listening, removed_at=None, is_on=True)
    for trigger in live.order_by("position", "id"):
        found.setdefault(trigger.process_id, []).append(trigger)
    return found


def _listening(triggers: list[Trigger], event: Event) -> list[Trigger]:
    return [trigger for trigger in triggers if event.kind in trigger_types[trigger.kind].listens_to]


def _acting(robots: dict[int, list[Robot]], pressed: dict[int, Robot], event: Event) -> list[Robot]:
    """The robots of the stage that was entered, or the one whose button was pressed."""
    if event.kind in ENTERING:
        return robots.get(event.data["stage"], [])
    robot = pressed.get(_robot_pressed(event) or 0)
    return [robot] if robot is not None else []


def _robot_pressed(event: Event) -> int | None:
    is_press = event.kind == PRESSED and event.data["rule_kind"] == RuleKind.ROBOT
    return event.data["rule"] if is_press else None


def _rules_of(run_ids: Iterable[int]) -> dict[int, RuleKey]:
    """Run id → the rule that it executed."""
    ids = list(run_ids)
    rows = Run.objects.filter(pk__in=ids).values_list("pk", "rule_kind", "rule_id") if ids else ()
    return {run_id: (kind, rule_id) for run_id, kind, rule_id in rows}


def _definitions_of(process_ids: Iterable[int]) -> dict[int, Definition]:
    """The definitions of those processes that still are there; one query each."""
    found = {}
    for process_id in process_ids:
        with suppress(NotFound):
            found[process_id] = definition_of(process_id)
    return found


def _last_seen_in_bin(events: Sequence[Event]) -> tuple[set[int], set[int]]:
    """The records that these events leave in the bin, and those that they leave out of it again."""
    last = {event.record_id: event.kind for event in events if event.record_id and event.kind in (DELETED, RESTORED)}
    gone = {record_id for record_id, kind in last.items() if kind == DELETED}
    return gone, last.keys() - gone


def _withdraw(events: Sequence[Event], gone: Collection[int]) -> None:
    """Cancel what waits for stages that were left and for records that are in the bin."""
    left = {event.record_id for event in events if event.kind == LEAVING and event.record_id}
    if left:
        ledger.cancel_of_closed_visits(left, _("The record left the stage."))
    if gone:
        ledger.cancel_of_records(gone, _("The record was deleted."))
