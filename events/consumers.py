"""Who reads the events: a registry into which the apps above register."""

from collections.abc import Sequence
from typing import ClassVar

from core.registry import Extension, Registry
from events.models import Event


class Consumer(Extension):
    """Reads events in the relay's transaction and only writes rows; so each event is consumed exactly once.

    `bells` maps a Celery task name to its queue: rung after the relay's commit when `consume` returned True.
    """

    bells: ClassVar[dict[str, str]] = {}

    def consume(self, events: Sequence[Event]) -> bool:
        """Digest events in the order of `seq`; True when there is work for the bells."""
        raise NotImplementedError

    def poll(self) -> bool:
        """Once a second in the relay process: True when work has come due without an event."""
        return False


consumers: Registry[Consumer] = Registry("consumer")
