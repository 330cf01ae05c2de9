"""What a kind of robot must say, and the registry of all of them.

A kind is one class in one file of `automation/robots/`. One that works inside the database says `perform`; one whose
effect is outside says `plan` (what is to go out) and `send` (send exactly that). What it says gives it the dialog,
the check of REST, placeholders, retries, the ledger and the loop guard.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from automation.models import Lane
from automation.scope import names_in, record_scope, template_for
from core.actor import Actor
from core.errors import SmartCRMError, Text
from core.registry import Extension, Registry
from expressions.placeholders import Target
from expressions.schema import Scope
from processes.definition_types import Definition
from processes.models import Operation
from processes.permissions import Access
from records.operations.writing import Writing
from records.typed import TypedRecord


class Skip(SmartCRMError):
    """There is nothing to do; the run is recorded as skipped with this reason."""

    code = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What an effect has done, in words and as data for the log."""

    summary: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    http_status: int | None = None


@dataclass(frozen=True)
class Context:
    """One run at work: the record as it is now, who acts, and what texts may speak of."""

    run_id: int
    effect_key: UUID
    event_id: int
    settings: Mapping[str, Any]
    writing: Writing
    """The write of which the effect is a part; it holds the record."""
    row: TypedRecord

    @property
    def definition(self) -> Definition:
        """The process."""
        return self.writing.definition

    @property
    def actor(self) -> Actor:
        """The run, with the rights of robots."""
        return self.writing.actor

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return self.writing.now

    @cached_property
    def scope(self) -> Scope:
        """The values of the record for placeholders."""
        return record_scope(self.definition, self.row, self.now)

    def render(self, source: str, *, target: Target = "text", reader: Access | None = None) -> str:
        """A text of the settings with its placeholders filled; for a reader without what the record does not show
        them. Raises InvalidExpression for a field that is gone."""
        template = template_for(self.definition, source)
        scope = self.scope if reader is None else self._shown_to(reader)
        return template.render(names_in(scope, template.fields_used, self.definition), target=target)

    def _shown_to(self, reader: Access) -> Scope:
        hidden = {field.key for field in self.definition.fields if not reader.reads(field, self.row)}
        return replace(self.scope, values={k: v for k, v in self.scope.values.items() if k not in hidden})


class RobotType(Extension):
    """One kind of robot."""

    icon: ClassVar[str] = "robot"
    description: ClassVar[Text] = ""
    lane: ClassVar[Lane] = Lane.INTERNAL
    max_attempts: ClassVar[int] = 3
    needs_stages: ClassVar[bool] = False
    """It is of no use where records go through no stages."""

    def suits(self, definition: Definition) -> bool:
        """Whether the process can have such a robot."""
        return definition.has_stages or not self.needs_stages

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        """What the role of robots must be allowed, so that this robot can do its work."""
        return frozenset({Operation.VIEW})

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        """The settings that may hold placeholders."""
        return ()

    def tells_all(self, settings: Mapping[str, Any]) -> str:
        """The setting that was left empty, so that the whole record is told; empty where that does not happen."""
        return ""

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        """What it does with these settings, in one line for its tile."""
        return ""


class InsideRobot(RobotType):
    """Its effect is a change in our database: it happens exactly once, in one transaction with the run's end."""

    def perform(self, context: Context) -> Result:
        """Do it through operations. Raises Skip when there is nothing to do, SmartCRMError when it cannot be done."""
        raise NotImplementedError


class OutsideRobot(RobotType):
    """Its effect is outside: it happens at least once, every time under the run's `effect_key`."""

    max_attempts = 8

    def plan(self, context: Context) -> dict[str, Any]:
        """What is to go out, without secrets, as JSON; it is stored and every attempt sends the same. Sends nothing."""
        raise NotImplementedError

    def send(self, intent: Mapping[str, Any], *, settings: Mapping[str, Any], key: UUID) -> Result:
        """Send it. Raises Temporary when another attempt may help, SmartCRMError when none will."""
        raise NotImplementedError

    def host(self, settings: Mapping[str, Any]) -> str:
        """Whom it talks to, as name and port; calls to one host wait for it alone. Empty: nobody in particular."""
        return ""

    def is_repeatable(self, settings: Mapping[str, Any]) -> bool:
        """Whether the receiver recognises a repeat by the key. If not, a crash in between is left to a person."""
        return True


def host_of(kind: RobotType, settings: Mapping[str, Any]) -> str:
    """Whom a robot calls with these settings; empty for what stays inside."""
    return kind.host(settings) if isinstance(kind, OutsideRobot) else ""


class Temporary(SmartCRMError):
    """The effect failed in a way that may pass.

    `retry_after` is the wish of the other side, in seconds; `is_certain` says that nothing has happened outside.
    """

    code = "temporary"

    def __init__(
        self, message: Text, *, retry_after: float | None = None, is_certain: bool = True, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after
        self.is_certain = is_certain


robot_types: Registry[RobotType] = Registry("robot")
