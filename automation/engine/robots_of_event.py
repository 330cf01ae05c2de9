"""The robots of a stage that a record entered, and the one whose button was pressed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from automation.effects import host_of, robot_types
from automation.engine.expansion import Expansion, Occurrence
from automation.models import Robot, RuleKind, Run
from automation.scope import condition_for, date_field, due_of
from core.errors import Invalid
from expressions.conditions import evaluate


def expand_robots(occurrence: Occurrence, robots: Iterable[Robot], expansion: Expansion) -> None:
    """Make the runs of these robots, in order, or say why there is none."""
    previous: Run | None = None
    for robot in robots:
        reason = _why_not(robot, occurrence)
        if reason:
            expansion.refuse(robot, occurrence.event, reason)
        else:
            previous = _run(robot, occurrence, previous, expansion)


def _why_not(robot: Robot, occurrence: Occurrence) -> str:
    if (RuleKind.ROBOT, robot.pk) == occurrence.own_rule:
        return _("The robot itself made this change.")
    if robot.kind not in robot_types:
        return _("There is no such kind of robot any more.")
    if robot.delay_field and date_field(occurrence.definition, robot.delay_field) is None:
        return _("The field whose date it follows is gone.")
    try:
        condition = condition_for(occurrence.definition, robot.condition)
    except Invalid as error:
        return _("The condition cannot be read: %s") % error
    return "" if evaluate(condition, occurrence.scope_for(condition)) else _("The condition did not hold.")


def _run(robot: Robot, occurrence: Occurrence, previous: Run | None, expansion: Expansion) -> Run:
    kind = robot_types[robot.kind]
    after_id = previous.pk if robot.wait_for_previous and previous is not None else None
    return expansion.add(
        robot,
        occurrence.event,
        visit_id=occurrence.event.data["visit"],
        lane=kind.lane,
        host=host_of(kind, robot.settings),
        run_at=_due(robot, occurrence) if after_id is None else None,
        after_id=after_id,
        delay_seconds=robot.delay_seconds,
        delay_field=robot.delay_field,
        delay_time=robot.delay_time,
        keep_running=robot.keep_running,
        max_attempts=kind.max_attempts,
    )


def _due(robot: Robot, occurrence: Occurrence) -> datetime | None:
    """When it is due; None while the date is empty that it follows."""
    if not robot.delay_field:
        return occurrence.at + timedelta(seconds=robot.delay_seconds)
    return due_of(robot, occurrence.scope.values.get(robot.delay_field))
