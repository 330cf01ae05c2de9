"""Automatic transition: a condition became true."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.occasions import ENTERING, TriggerType, trigger_types
from events.models import Event
from processes.definition_types import Definition


@trigger_types.register
class ConditionMet(TriggerType):
    """Leads from one stage to another as soon as its condition holds: on entering, or after a change or a task."""

    key = "condition_met"
    label = gettext_lazy("A condition becomes true")
    description = gettext_lazy("A record of one stage moves on by itself as soon as the condition holds.")
    icon = "bolt"
    needs_source = True
    needs_condition = True
    listens_to = ENTERING | {"record.updated", "task.created", "task.completed", "task.reopened"}

    def is_news(self, event: Event) -> bool:
        return event.kind in ENTERING

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return _("As soon as the condition holds")
