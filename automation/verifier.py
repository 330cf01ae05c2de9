"""What is wrong with robots and triggers before they run: read from definition, grants and rules, nothing executed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.effects import RobotType, robot_types
from automation.models import Robot, RuleKind, Trigger
from automation.occasions import trigger_types
from automation.scope import condition_for, date_field, template_for
from automation.triggers.button import ButtonPressed
from core.errors import Invalid, NotFound
from processes.definition_types import Definition, StageDef
from processes.models import Operation

RuleKey = tuple[str, int]
"""Kind and id of a robot or trigger."""
Move = tuple[RuleKey, int, int]
"""Kind and id of a rule, the stage it acts from, the stage it moves to."""


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It will fail every time."""
    WARNING = "warning"
    """It may not do what was meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one robot or trigger."""

    rule_id: int
    level: Level
    code: str
    message: str


def findings_of(definition: Definition) -> dict[RuleKey, tuple[Finding, ...]]:
    """Everything found about the live robots and triggers of a process, by rule. Three queries."""
    robots = Robot.objects.filter(process_id=definition.id, removed_at=None)
    triggers = Trigger.objects.filter(process_id=definition.id, removed_at=None)
    return findings(definition, list(robots), list(triggers))


def findings(
    definition: Definition, robots: Sequence[Robot], triggers: Sequence[Trigger]
) -> dict[RuleKey, tuple[Finding, ...]]:
    """The same for robots and triggers at hand, which must be all live ones. One query."""
    role_id = Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True).first()
    allowed = definition.grants.get(role_id or 0, {})
    looping = _looping(_moves(definition, robots, triggers))
    found: dict[RuleKey, list[Finding]] = {}
    for robot in robots:
        found[(RuleKind.ROBOT, robot.pk)] = list(_of_robot(robot, definition, allowed))
    for trigger in triggers:
        found[(RuleKind.TRIGGER, trigger.pk)] = list(_of_trigger(trigger, definition, allowed))
    for rule in looping:
        found[rule].append(_loop(rule))
    return {rule: tuple(items) for rule, items in found.items()}


def _of_trigger(trigger: Trigger, definition: Definition, allowed: Mapping[str, int]) -> Iterator[Finding]:
    if trigger.kind not in trigger_types:
        yield Finding(trigger.pk, Level.ERROR, "no_kind", _("There is no such kind of trigger any more."))
        return
    kind = trigger_types[trigger.kind]
    yield from _rights(trigger, kind.needs(trigger.settings), allowed)
    yield from _condition(trigger, definition)
    if trigger.kind == ButtonPressed.key:
        yield from _presser(trigger, definition)
    source, target = definition.stage_by_id.get(trigger.source_id or 0), definition.stage_by_id.get(trigger.stage_id)
    if source is None or target is None:
        return
    if target.id not in definition.pipeline_by_id[source.pipeline_id].targets[source.id]:
        yield _no_move(trigger, source, target)
    elif source.is_after(target) and not trigger.allow_backward:
        message = _("It leads back, but may not move records to an earlier stage.")
        yield Finding(trigger.pk, Level.ERROR, "backward", message)


def _of_robot(robot: Robot, definition: Definition, allowed: Mapping[str, int]) -> Iterator[Finding]:
    if robot.kind not in robot_types:
        yield Finding(robot.pk, Level.ERROR, "no_kind", _("There is no such kind of robot any more."))
        return
    kind = robot_types[robot.kind]
    if robot.delay_field and date_field(definition, robot.delay_field) is None:
        yield Finding(robot.pk, Level.ERROR, "no_date", _("The field whose date it follows is gone."))
    yield from _rights(robot, kind.needs(robot.settings), allowed)
    yield from _texts(robot, kind, definition)
    yield from _condition(robot, definition)
    yield from _target(robot, definition)
    if robot.button:
        yield from _presser(robot, definition)


def _presser(rule: Robot | Trigger, definition: Definition) -> Iterator[Finding]:
    """A button that stands there for nobody."""
    everywhere = (grants.get(Operation.RUN_BUTTON) for grants in definition.grants.values())
    somewhere = (
        scope for places in definition.stage_grants.values() for scope in places.get(Operation.RUN_BUTTON, {}).values()
    )
    if not any(everywhere) and not any(somewhere):
        message = _("Nobody but administrators and the author may press buttons here.")
        yield Finding(rule.pk, Level.WARNING, "no_presser", message)


def _rights(rule: Robot | Trigger, needs: Iterable[Operation], allowed: Mapping[str, int]) -> Iterator[Finding]:
    for operation in sorted(needs):
        if not allowed.get(operation):
            message = _("The role of robots has no right to do this here: %s.") % Operation(operation).label
            yield Finding(rule.pk, Level.ERROR, "no_right", message)


def _texts(robot: Robot, kind: RobotType, definition: Definition) -> Iterator[Finding]:
    for text in kind.texts(robot.settings):
        try:
            template_for(definition, text)
        except Invalid as error:
            yield Finding(robot.pk, Level.ERROR, "placeholder", str(error))


def _condition(rule: Robot | Trigger, definition: Definition) -> Iterator[Finding]:
    try:
        condition_for(definition, rule.condition)
    except Invalid as error:
        message = _("The condition cannot be read: %s") % error
        yield Finding(rule.pk, Level.ERROR, "condition", message)


def _target(robot: Robot, definition: Definition) -> Iterator[Finding]:
    """A move that the map of the pipeline does not have, or to a stage that is gone."""
    if robot.kind != "change_stage":
        return
    target = _target_of(robot, definition)
    source = definition.stage_by_id.get(robot.stage_id)
    if target is None:
        yield Finding(robot.pk, Level.ERROR, "no_stage", _("The stage to move to does not exist any more."))
    elif source and target not in definition.pipeline_by_id[source.pipeline_id].targets[source.id] | {source.id}:
        yield _no_move(robot, source, definition.stage_by_id[target])


def _no_move(rule: Robot | Trigger, source: StageDef, target: StageDef) -> Finding:
    names = {"source": source.name, "target": target.name}
    message = _("A record cannot go from “%(source)s” to “%(target)s”.") % names
    return Finding(rule.pk, Level.WARNING, "no_move", message)


def _loop(rule: RuleKey) -> Finding:
    message = _("Automations move records in a circle through this stage; they are held after a few rounds.")
    return Finding(rule[1], Level.WARNING, "loop", message)


def _moves(definition: Definition, robots: Iterable[Robot], triggers: Iterable[Trigger]) -> list[Move]:
    """The moves that happen by themselves: of robots, and of automatic transitions."""
    by_robots = [
        ((str(RuleKind.ROBOT), robot.pk), robot.stage_id, target)
        for robot in robots
        if robot.kind == "change_stage"
        and robot.is_on
        and not robot.button
        and (target := _target_of(robot, definition)) is not None
    ]
    by_triggers = [
        ((str(RuleKind.TRIGGER), trigger.pk), trigger.source_id, trigger.stage_id)
        for trigger in triggers
        if trigger.is_on
        and trigger.source_id is not None
        and trigger.kind in trigger_types
        and trigger_types[trigger.kind].needs_source
    ]
    return [*by_robots, *by_triggers]


def _looping(moves: Sequence[Move]) -> frozenset[RuleKey]:
    """The rules whose move is part of a circle, whatever their conditions."""
    edges: dict[int, set[int]] = {}
    for _rule, source, target in moves:
        edges.setdefault(source, set()).add(target)
    return frozenset(rule for rule, source, target in moves if source in _reachable(edges, target))


def _reachable(edges: Mapping[int, set[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        new = edges.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _target_of(robot: Robot, definition: Definition) -> int | None:
    try:
        source = definition.stage(robot.stage_id)
        key = str(robot.settings["stage"]).rpartition(".")[2]
        return definition.stage(f"{definition.pipeline_by_id[source.pipeline_id].key}.{key}").id
    except NotFound:
        return None
