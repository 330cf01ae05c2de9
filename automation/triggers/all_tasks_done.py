"""The last open task of the record was done."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from automation.occasions import TriggerType, trigger_types
from events.models import Event


@trigger_types.register
class AllTasksDone(TriggerType):
    """Acts when a task is done and none is open any more; the event says how many were left."""

    key = "all_tasks_done"
    label = gettext_lazy("All tasks are done")
    description = gettext_lazy("Somebody completes the record's last open task.")
    icon = "circle-check"
    listens_to = frozenset({"task.completed"})

    def concerns(self, event: Event, trigger_id: int, settings: Mapping[str, Any]) -> bool:
        return bool(event.data["open_tasks"] == 0)
