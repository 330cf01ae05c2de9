"""Robots and triggers speak of fields: a field is not removed under them unnoticed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from automation.effects import robot_types
from automation.models import Robot, Trigger
from automation.occasions import trigger_types
from automation.verifier import findings
from core.errors import Invalid
from core.registry import Extension
from processes.definition import fresh_definition
from processes.definition_types import Definition
from processes.models import Field
from processes.schema import keys_in
from processes.uses import FieldUse, Use, Whereabouts, field_use_kinds


@field_use_kinds.register
class AutomationOfField(FieldUse):
    """Robots and triggers whose settings, texts, conditions or dates speak of the field."""

    key = "automation"
    label = _("Automation")

    def uses(self, field: Field) -> Iterator[Use]:
        robots, triggers = _speaking_of(field)
        key = field.process.key
        yield from (use_of(robot, key) for robot in robots)
        yield from (use_of(trigger, key) for trigger in triggers)

    def breaks(self, field: Field, definition: Definition) -> Iterator[Use]:
        robots, triggers = _speaking_of(field)
        rules: list[tuple[Robot | Trigger, Extension | None]] = [
            *((robot, robot_types.get(robot.kind)) for robot in robots),
            *((trigger, trigger_types.get(trigger.kind)) for trigger in triggers),
        ]
        present = fresh_definition(definition.id)
        for rule, kind in rules:
            if _problems(rule, kind, definition) - _problems(rule, kind, present):
                yield use_of(rule, definition.key)


def use_of(rule: Robot | Trigger, process: str) -> Use:
    """A robot or trigger among the uses of something in the process with this key."""
    if isinstance(rule, Robot):
        return Use(_("robot"), rule.name, Whereabouts("robot", process, rule.pk))
    return Use(_("trigger"), rule.name, Whereabouts("trigger", process, rule.pk))


def keys_spoken_of(rule: Robot | Trigger, definition: Definition) -> set[str]:
    """The fields of which a robot or trigger speaks."""
    date = rule.delay_field if isinstance(rule, Robot) else ""
    return {key for key in definition.field_by_key if key == date or _is_about(rule, key)}


def _speaking_of(field: Field) -> tuple[list[Robot], list[Trigger]]:
    robots = Robot.objects.filter(process_id=field.process_id, removed_at=None)
    triggers = Trigger.objects.filter(process_id=field.process_id, removed_at=None)
    return (
        [robot for robot in robots if robot.delay_field == field.key or _is_about(robot, field.key)],
        [trigger for trigger in triggers if _is_about(trigger, field.key)],
    )


def _is_about(rule: Robot | Trigger, key: str) -> bool:
    return _speaks(rule.settings, key) or key in keys_in(rule.condition)


def _problems(rule: Robot | Trigger, kind: Extension | None, definition: Definition) -> set[str]:
    """What the verifier finds of a rule, and whether it could be saved as it is."""
    robots, triggers = ([rule], []) if isinstance(rule, Robot) else ([], [rule])
    found = {finding.code for items in findings(definition, robots, triggers).values() for finding in items}
    if kind is not None:
        try:
            kind.clean_settings(rule.settings, context=definition)
        except Invalid:
            found.add("settings")
    return found


def _speaks(settings: Any, key: str) -> bool:
    """Whether a setting is the field, is kept under it, or is a text with a place for it."""
    if isinstance(settings, Mapping):
        return any(name == key or _speaks(value, key) for name, value in settings.items())
    if isinstance(settings, list):
        return any(_speaks(item, key) for item in settings)
    if not isinstance(settings, str):
        return False
    return settings in (key, f"field:{key}") or re.search(rf"\{{\{{\s*{key}\b", settings) is not None
