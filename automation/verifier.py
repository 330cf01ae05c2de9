"""What is wrong with robots before they run: read from the definition, the grants and the robots, nothing executed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.effects import RobotType, robot_types
from automation.models import Robot
from automation.scope import condition_for, template_for
from core.errors import Invalid, NotFound
from processes.definition_types import Definition
from processes.models import Operation


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It will fail every time."""
    WARNING = "warning"
    """It may not do what was meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one robot."""

    robot_id: int
    level: Level
    code: str
    message: str


def findings_of(definition: Definition, robots: Sequence[Robot]) -> dict[int, tuple[Finding, ...]]:
    """Everything found, by robot; `robots` are all live ones of the process. One query."""
    role_id = Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True).first()
    allowed = definition.grants.get(role_id or 0, {})
    looping = _looping(definition, robots)
    return {
        robot.pk: (*_of_robot(robot, definition, allowed), *([_loop(robot)] if robot.pk in looping else []))
        for robot in robots
    }


def _of_robot(robot: Robot, definition: Definition, allowed: Mapping[str, int]) -> Iterator[Finding]:
    if robot.kind not in robot_types:
        yield Finding(robot.pk, Level.ERROR, "no_kind", _("There is no such kind of robot any more."))
        return
    kind = robot_types[robot.kind]
    yield from _rights(robot, kind, allowed)
    yield from _texts(robot, kind, definition)
    yield from _condition(robot, definition)
    yield from _target(robot, definition)


def _rights(robot: Robot, kind: RobotType, allowed: Mapping[str, int]) -> Iterator[Finding]:
    for operation in sorted(kind.needs(robot.settings)):
        if not allowed.get(operation):
            message = _("The role of robots has no right to do this here: %s.") % Operation(operation).label
            yield Finding(robot.pk, Level.ERROR, "no_right", message)


def _texts(robot: Robot, kind: RobotType, definition: Definition) -> Iterator[Finding]:
    for text in kind.texts(robot.settings):
        try:
            template_for(definition, text)
        except Invalid as error:
            yield Finding(robot.pk, Level.ERROR, "placeholder", str(error))


def _condition(robot: Robot, definition: Definition) -> Iterator[Finding]:
    try:
        condition_for(definition, robot.condition)
    except Invalid as error:
        message = _("The condition cannot be read: %s") % error
        yield Finding(robot.pk, Level.ERROR, "condition", message)


def _target(robot: Robot, definition: Definition) -> Iterator[Finding]:
    """A move that the map of the pipeline does not have, or to a stage that is gone."""
    if robot.kind != "change_stage":
        return
    target = _target_of(robot, definition)
    source = definition.stage_by_id.get(robot.stage_id)
    if target is None:
        yield Finding(robot.pk, Level.ERROR, "no_stage", _("The stage to move to does not exist any more."))
    elif source and target not in definition.pipeline_by_id[source.pipeline_id].targets[source.id] | {source.id}:
        names = {"source": source.name, "target": definition.stage_by_id[target].name}
        message = _("A record cannot go from “%(source)s” to “%(target)s”.") % names
        yield Finding(robot.pk, Level.WARNING, "no_move", message)


def _loop(robot: Robot) -> Finding:
    message = _("Robots move records in a circle through this stage; they are held after a few rounds.")
    return Finding(robot.pk, Level.WARNING, "loop", message)


def _looping(definition: Definition, robots: Iterable[Robot]) -> frozenset[int]:
    """Robots whose move is part of a circle of unconditional or conditional moves."""
    moves = [
        (robot.pk, robot.stage_id, target)
        for robot in robots
        if robot.kind == "change_stage" and robot.is_on and (target := _target_of(robot, definition)) is not None
    ]
    edges: dict[int, set[int]] = {}
    for _robot_id, source, target in moves:
        edges.setdefault(source, set()).add(target)
    return frozenset(robot_id for robot_id, source, target in moves if source in _reachable(edges, target))


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
