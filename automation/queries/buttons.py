"""The buttons that a record shows somebody."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from automation.buttons import Standing, Unfinished, holds, standing, unfinished
from processes.definition_types import StageDef
from processes.models import Operation
from processes.permissions import Access
from records.queries.moves import why_locked
from records.typed import TypedRecord


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a record, which can be pressed unless what it began earlier is unfinished."""

    rule_kind: str
    rule_id: int
    text: str
    question: str
    """What is asked before; empty where nothing is."""
    target: StageDef | None
    """Where it moves the record, if it does."""
    is_busy: bool
    is_waiting: bool
    """What it began is not due yet."""
    due: datetime | None
    """When that will be due, if it is known and lies ahead."""
    is_stuck: bool
    """What it began waits for a person."""

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return f"{self.rule_kind}-{self.rule_id}"


@dataclass(frozen=True, slots=True)
class Buttons:
    """What a record shows of buttons."""

    shown: tuple[Button, ...]
    is_dependent: bool = False
    """Whether a change of the record may show others."""

    @property
    def is_running(self) -> bool:
        """Whether something that was begun will end in a moment."""
        return any(button.is_busy and not button.is_waiting and not button.is_stuck for button in self.shown)


NOTHING = Buttons(())


def buttons_of(access: Access, row: TypedRecord) -> Buttons:
    """The buttons whose condition holds for a record that the access's actor sees; none without the right to press.

    One query where there are no buttons, two where there are, and one for each condition that asks of tasks.
    """
    if why_locked(access) or not access.covers(Operation.RUN_BUTTON, row):
        return NOTHING
    here = standing(access.definition, row.stage_id)
    if not here:
        return NOTHING
    now, begun = timezone.now(), unfinished(row.pk)
    shown = [
        _button(button, begun.get(button.rule))
        for button in here
        if holds(button, access.definition, row, now=now, actor=access.actor)
    ]
    return Buttons(tuple(shown), is_dependent=any(button.condition for button in here))


def _button(button: Standing, begun: Unfinished | None) -> Button:
    is_waiting = begun is not None and begun.is_waiting
    return Button(
        *button.rule,
        text=button.text,
        question=button.question,
        target=button.target,
        is_busy=begun is not None,
        is_waiting=is_waiting,
        due=begun.due if begun is not None and is_waiting else None,
        is_stuck=begun is not None and begun.is_stuck,
    )
