"""What a kind of trigger must say, and the registry of all of them.

A kind is one class in one file of `automation/triggers/`: which events it listens to and which of them concern it.
Condition, direction, conflicts, order, the ledger and the log of what did not fire are the engine's.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from automation.choices import RobotSettings
from core.errors import Text
from core.registry import Extension, Registry, SettingsForm
from events.models import Event
from processes.definition_types import Definition
from processes.models import Operation

ENTERING = frozenset({"record.created", "record.moved"})
"""Events that put a record into a stage."""


class TriggerType(Extension):
    """One kind of occasion."""

    Settings: ClassVar[type[SettingsForm]] = RobotSettings
    icon: ClassVar[str] = "bolt"
    description: ClassVar[Text] = ""
    listens_to: ClassVar[frozenset[str]] = frozenset()
    """The kinds of events that may set it off."""
    needs_source: ClassVar[bool] = False
    """An automatic transition: it leads from one stage to another."""
    needs_condition: ClassVar[bool] = False
    """Without a condition it would say nothing."""
    is_called: ClassVar[bool] = False
    """It has an address that other programs call."""
    needs_stages: ClassVar[bool] = True
    """It does nothing but move records."""
    of_visit: ClassVar[bool] = False
    """It is meant for the present stay in the stage: once the record has left, it does nothing."""

    def suits(self, definition: Definition) -> bool:
        """Whether the process can have such a trigger."""
        return definition.has_stages or not self.needs_stages

    def concerns(self, event: Event, trigger_id: int, settings: Mapping[str, Any]) -> bool:
        """Whether the event is an occasion for a trigger with these settings; its condition is asked afterwards."""
        return True

    def is_news(self, event: Event) -> bool:
        """Whether the occasion is new whatever was before. If not, the condition must not have held before it."""
        return True

    def waits(self, settings: Mapping[str, Any]) -> int | None:
        """Seconds until it acts, where it waits; its condition is then asked when the time has come."""
        return None

    def values(self, event: Event) -> Mapping[str, Any]:
        """Values by field key that the occasion brings into the record."""
        return {}

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        """What the role of robots must be allowed, so that this trigger can do its work."""
        return frozenset({Operation.VIEW, Operation.MOVE})

    def title(self, settings: Mapping[str, Any]) -> str:
        """What a trigger with these settings is called for want of a name."""
        return str(self.label)

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        """What sets it off with these settings, in one line for its tile."""
        return str(self.label)


trigger_types: Registry[TriggerType] = Registry("trigger")
