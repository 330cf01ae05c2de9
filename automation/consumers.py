"""Automation reads events: they become runs, in the relay's transaction."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from automation.engine.expander import expand
from automation.engine.telling import tell_of_held
from automation.engine.worker import TASKS, has_work
from events.consumers import Consumer, consumers
from events.models import Event


@consumers.register
class Automation(Consumer):
    """Writes the runs of robots whose stage was entered."""

    key = "automation"
    label = _("Automation")
    bells: ClassVar[dict[str, str]] = {task: lane.value for lane, task in TASKS.items()}

    def consume(self, events: Sequence[Event]) -> bool:
        expansion = expand(events)
        tell_of_held(expansion.held)
        return bool(expansion.runs or expansion.revived)

    def poll(self) -> bool:
        return has_work()
