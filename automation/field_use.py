"""Robots and triggers speak of fields: a field is not removed under them unnoticed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from automation.models import Robot, Trigger
from processes.field_use import keys_in
from processes.models import Field
from processes.uses import FieldUse, Use, field_use_kinds


@field_use_kinds.register
class AutomationOfField(FieldUse):
    """Robots and triggers whose settings, texts, conditions or dates speak of the field."""

    key = "automation"
    label = _("Automation")

    def uses(self, field: Field) -> Iterator[Use]:
        for robot in Robot.objects.filter(process_id=field.process_id, removed_at=None):
            is_waited_for = robot.delay_field == field.key
            if is_waited_for or _speaks(robot.settings, field.key) or field.key in keys_in(robot.condition):
                yield Use(_("robot"), robot.name)
        for trigger in Trigger.objects.filter(process_id=field.process_id, removed_at=None):
            if _speaks(trigger.settings, field.key) or field.key in keys_in(trigger.condition):
                yield Use(_("trigger"), trigger.name)


def _speaks(settings: Any, key: str) -> bool:
    """Whether a setting is the field, is kept under it, or is a text with a place for it."""
    if isinstance(settings, Mapping):
        return any(name == key or _speaks(value, key) for name, value in settings.items())
    if isinstance(settings, list):
        return any(_speaks(item, key) for item in settings)
    if not isinstance(settings, str):
        return False
    return settings in (key, f"field:{key}") or re.search(rf"\{{\{{\s*{key}\b", settings) is not None
