"""Making and changing robots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.choices import keep_secrets
from automation.drafts import RobotDraft
from automation.effects import robot_types
from automation.engine import ledger
from automation.models import Robot, RobotVersion, RuleKind
from automation.moments import DAY
from automation.operations.checking import (
    access_to_automate,
    checked_condition,
    checked_name,
    checked_settings,
    definition_to_automate,
    require_suited,
    wrong,
)
from automation.scope import date_field
from automation.triggers.button import BUTTON_LIMIT, QUESTION_LIMIT
from automation.verifier import Finding, findings_of
from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached
from core.locks import present
from core.text import clean_line
from events.publish import publish
from processes.definition_types import Definition
from processes.models import Stage
from processes.permissions import Access
from processes.publishing import as_said, publishable

MOST_ROBOTS = 100
"""On one stage."""
LONGEST_DELAY = 366 * DAY


@dataclass(frozen=True, slots=True)
class SavedRobot:
    """A robot as it was saved, and what the verifier has to say about it."""

    robot: Robot
    findings: tuple[Finding, ...]


@transaction.atomic
def create_robot(stage: Stage, draft: RobotDraft, *, actor: Actor) -> SavedRobot:
    """Add a robot at the end of a stage. Writes `robot.created`. Raises NotAllowed, NotFound, Invalid, LimitReached."""
    access = access_to_automate(stage, actor)
    definition = access.definition
    count = Robot.objects.filter(stage=stage, removed_at=None).count()
    if count >= MOST_ROBOTS:
        raise LimitReached(_("A stage has at most %d robots.") % MOST_ROBOTS)
    robot = Robot(process_id=definition.id, stage=stage, position=count, author_id=actor.user_id)
    _fill(robot, draft, access)
    robot.save()
    _keep_version(robot, actor)
    publish("robot.created", actor=actor, process_id=definition.id, data=_told(robot))
    return _saved(robot, definition)


@transaction.atomic
def update_robot(robot: Robot, draft: RobotDraft, *, actor: Actor) -> SavedRobot:
    """Make the robot what the draft says; secrets left empty stay. Waiting runs keep the version they were made for.

    Writes `robot.updated`. Raises NotAllowed, NotFound, Conflict (removed), Invalid.
    """
    access = access_to_automate(robot.stage, actor)
    definition = access.definition
    locked = _locked(robot)
    before = _told(locked)
    _fill(locked, draft, access, before=_Said.by(locked) if draft.kind == locked.kind else None)
    locked.version += 1
    locked.updated_at = Now()
    locked.save()
    locked.refresh_from_db(fields=["updated_at"])
    _keep_version(locked, actor)
    changes = {key: (before[key], value) for key, value in _told(locked).items() if before[key] != value}
    publish("robot.updated", actor=actor, process_id=definition.id, changes=changes, data={"robot": robot.pk})
    return _saved(locked, definition)


@transaction.atomic
def switch_robot(robot: Robot, *, is_on: bool, actor: Actor) -> SavedRobot:
    """Switch a robot on or off. Off, its waiting runs are cancelled. Writes `robot.switched`."""
    definition = definition_to_automate(robot.stage, actor)
    locked = _locked(robot)
    if locked.is_on != is_on:
        locked.is_on = is_on
        locked.save(update_fields=["is_on"])
        if not is_on:
            ledger.cancel_of_rule(RuleKind.ROBOT, robot.pk, _("It was switched off."))
        data = {"robot": robot.pk, "name": robot.name}
        publish(
            "robot.switched", actor=actor, process_id=definition.id, changes={"is_on": (not is_on, is_on)}, data=data
        )
    return _saved(locked, definition)


@transaction.atomic
def delete_robot(robot: Robot, *, actor: Actor) -> None:
    """Remove a robot; its runs stay in the log, waiting ones are cancelled. Writes `robot.removed`."""
    definition = definition_to_automate(robot.stage, actor)
    locked = _locked(robot)
    locked.removed_at = Now()
    locked.save(update_fields=["removed_at"])
    ledger.cancel_of_rule(RuleKind.ROBOT, robot.pk, _("It was removed."))
    publish("robot.removed", actor=actor, process_id=definition.id, data=_told(locked))


@transaction.atomic
def reorder_robots(stage: Stage, robot_ids: Sequence[int], *, actor: Actor) -> None:
    """Put the robots of a stage in this order (all of them, each once). Writes `robot.reordered`. Raises Invalid."""
    definition = definition_to_automate(stage, actor)
    robots = {
        robot.pk: robot
        for robot in Robot.objects.select_for_update().filter(stage=stage, removed_at=None).order_by("pk")
    }
    if sorted(robot_ids) != sorted(robots):
        raise Invalid(_("Name every robot once."), {"robots": [_("Name every robot once.")]})
    for position, robot_id in enumerate(robot_ids):
        robots[robot_id].position = position
    Robot.objects.bulk_update(robots.values(), ["position"])
    data = {"stage": stage.pk, "robots": list(robot_ids)}
    publish("robot.reordered", actor=actor, process_id=definition.id, data=data)


@transaction.atomic
def copy_robot(robot: Robot, *, to: Stage, actor: Actor) -> SavedRobot:
    """Copy a robot to a stage, of another process too, with its secrets; switched off, so that somebody looks at it.

    Raises Invalid where its settings do not fit the other process. Writes `robot.created`.
    """
    # Two who copy between the same processes hold them in the same order.
    both = sorted((robot.stage, to), key=lambda stage: stage.pipeline.process_id)
    definitions = {stage.pk: definition_to_automate(stage, actor) for stage in both}
    source, target = definitions[robot.stage_id], definitions[to.pk]
    kind = robot_types[robot.kind]
    form = kind.Settings(context=target)
    secrets = keep_secrets(form.fields, {}, robot.settings)
    plain = {key: value for key, value in robot.settings.items() if key not in secrets}
    draft = RobotDraft(
        kind=robot.kind,
        settings=plain,
        name=robot.name,
        condition=robot.condition,
        button=robot.button,
        button_question=robot.button_question,
        delay_seconds=robot.delay_seconds,
        delay_field=robot.delay_field,
        delay_time=robot.delay_time,
        wait_for_previous=robot.wait_for_previous,
        keep_running=robot.keep_running,
        is_on=False,
    )
    saved = create_robot(to, draft, actor=actor)
    if secrets:
        saved.robot.settings |= secrets
        saved.robot.save(update_fields=["settings"])
        RobotVersion.objects.filter(robot=saved.robot).update(settings=saved.robot.settings)
    return saved if target.id == source.id else _saved(saved.robot, target)


def _locked(robot: Robot) -> Robot:
    found = present(robot, "stage__pipeline", held=True)
    if found.removed_at is not None:
        raise Conflict(_("This robot has been removed."))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """The parts of a robot that speak of fields; they stay as they are together."""

    settings: Mapping[str, Any]
    condition: Mapping[str, Any] | None
    delay_field: str

    @classmethod
    def by(cls, robot: Robot) -> "_Said":
        return cls(robot.settings, robot.condition, robot.delay_field)


def _fill(robot: Robot, draft: RobotDraft, access: Access, *, before: _Said | None = None) -> None:
    definition = access.definition
    if draft.kind not in robot_types:
        raise wrong("kind", _("There is no such kind of robot."))
    kind = robot_types[draft.kind]
    require_suited(kind, definition)

    def said(author: Access) -> _Said:
        known = publishable(author)
        settings = checked_settings(kind, draft.settings, known, before.settings if before else {})
        if known is not author.definition and (empty := kind.tells_all(settings)):
            raise wrong(empty, _("You do not read every field. Write what is to be told."))
        condition = checked_condition(draft.condition, known)
        _require_date(draft, known)
        return _Said(settings, condition, draft.delay_field)

    checked = as_said(access, said, before)
    robot.kind = draft.kind
    robot.settings, robot.condition = checked.settings, checked.condition
    robot.name = checked_name(draft.name, kind)
    robot.button = clean_line(draft.button, field="button", limit=BUTTON_LIMIT, required=False)
    robot.button_question = clean_line(
        draft.button_question, field="button_question", limit=QUESTION_LIMIT, required=False
    )
    if robot.button_question and not robot.button:
        raise wrong("button", _("Say what stands on the button."))
    _require_delay(draft)
    robot.delay_seconds = draft.delay_seconds
    robot.delay_field = draft.delay_field
    robot.delay_time = draft.delay_time
    robot.wait_for_previous = draft.wait_for_previous
    robot.keep_running = draft.keep_running
    robot.is_on = draft.is_on


def _require_delay(draft: RobotDraft) -> None:
    if abs(draft.delay_seconds) > LONGEST_DELAY:
        raise wrong("delay_seconds", _("A delay is at most a year."))
    if draft.button.strip() and draft.wait_for_previous:
        raise wrong("wait_for_previous", _("A robot on a button cannot wait for another robot."))
    if not draft.delay_field:
        if draft.delay_seconds < 0 or draft.delay_time is not None:
            raise wrong("delay_field", _("Choose the date from which to count."))
        return
    if draft.wait_for_previous:
        raise wrong("wait_for_previous", _("A robot that follows a date cannot wait for another robot."))
    if draft.delay_time is not None and draft.delay_seconds % DAY:
        raise wrong("delay_time", _("A time of day goes with whole days."))


def _require_date(draft: RobotDraft, definition: Definition) -> None:
    if draft.delay_field and date_field(definition, draft.delay_field) is None:
        raise wrong("delay_field", _("There is no such date in this process."))


def _keep_version(robot: Robot, actor: Actor) -> None:
    RobotVersion.objects.create(
        robot=robot,
        version=robot.version,
        kind=robot.kind,
        name=robot.name,
        settings=robot.settings,
        author_id=actor.user_id,
    )


def _told(robot: Robot) -> dict[str, Any]:
    """What an event tells of a robot; its settings stay in the versions, where secrets are sealed."""
    return {
        "robot": robot.pk,
        "kind": robot.kind,
        "name": robot.name,
        "stage": robot.stage_id,
        "version": robot.version,
        "condition": robot.condition,
        "button": robot.button,
        "button_question": robot.button_question,
        "delay_seconds": robot.delay_seconds,
        "delay_field": robot.delay_field,
        "delay_time": robot.delay_time.isoformat() if robot.delay_time else None,
        "wait_for_previous": robot.wait_for_previous,
        "keep_running": robot.keep_running,
        "is_on": robot.is_on,
    }


def _saved(robot: Robot, definition: Definition) -> SavedRobot:
    return SavedRobot(robot, findings_of(definition)[(RuleKind.ROBOT, robot.pk)])
