"""Somebody presses a button on the card of a record."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import RobotSettings
from automation.models import RuleKind
from automation.occasions import TriggerType, trigger_types
from core.errors import Invalid
from core.text import clean_line
from events.models import Event
from processes.definition_types import Definition

PRESSED = "button.pressed"
BUTTON_LIMIT = 60
QUESTION_LIMIT = 200
QUESTION_LABEL = gettext_lazy("Question before it acts")
QUESTION_HELP = gettext_lazy("For example: Send the contract to the customer? Left empty, it acts at once.")


class ButtonSettings(RobotSettings):
    """What stands on the button, and what is asked before it acts."""

    text = forms.CharField(label=gettext_lazy("Text of the button"), max_length=BUTTON_LIMIT)
    question = forms.CharField(label=QUESTION_LABEL, help_text=QUESTION_HELP, max_length=QUESTION_LIMIT, required=False)

    def clean(self) -> dict[str, Any]:
        """Each is one line."""
        cleaned = super().clean()
        for name in ("text", "question"):
            try:
                clean_line(cleaned.get(name, ""), field=name, required=False)
            except Invalid as error:
                self.add_error(name, str(error.message))
        return cleaned


@trigger_types.register
class ButtonPressed(TriggerType):
    """Acts when its button is pressed on a record that it may move."""

    key = "button"
    label = gettext_lazy("A button is pressed")
    description = gettext_lazy(
        "Somebody who may press buttons presses this one on the card. No right to move is needed."
    )
    icon = "square-check"
    Settings = ButtonSettings
    listens_to = frozenset({PRESSED})
    of_visit = True

    def concerns(self, event: Event, trigger_id: int, settings: Mapping[str, Any]) -> bool:
        return bool(event.data["rule_kind"] == RuleKind.TRIGGER and event.data["rule"] == trigger_id)

    def title(self, settings: Mapping[str, Any]) -> str:
        return str(settings["text"])

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        text: str = settings["text"]
        return _("Button “%s”") % text
