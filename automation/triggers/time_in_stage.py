"""Automatic transition: the record has stood in a stage long enough."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext

from automation.choices import RobotSettings
from automation.occasions import ENTERING, TriggerType, trigger_types
from processes.definition_types import Definition

UNITS = ((86_400, gettext_lazy("days")), (3_600, gettext_lazy("hours")), (60, gettext_lazy("minutes")))
LONGEST = 366 * 86_400


class TimeSettings(RobotSettings):
    """How long."""

    amount = forms.IntegerField(label=gettext_lazy("After"), min_value=1, max_value=99_999)
    unit = forms.TypedChoiceField(label=gettext_lazy("Unit"), choices=UNITS, coerce=int, initial=86_400)

    def clean(self) -> dict[str, Any]:
        """At most a year."""
        cleaned = super().clean()
        if cleaned.get("amount", 0) * (cleaned.get("unit") or 0) > LONGEST:
            self.add_error("amount", gettext_lazy("At most a year."))
        return cleaned


@trigger_types.register
class TimeInStage(TriggerType):
    """Leads from one stage to another when a record has been there for a time and the condition holds then."""

    key = "time_in_stage"
    label = gettext_lazy("Time in the stage is over")
    description = gettext_lazy("A record that has stood in one stage for a time moves on by itself.")
    icon = "clock"
    Settings = TimeSettings
    needs_source = True
    listens_to = ENTERING

    def waits(self, settings: Mapping[str, Any]) -> int | None:
        return int(settings["amount"]) * int(settings["unit"])

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        count = int(settings["amount"])
        words = {
            86_400: ngettext("After %d day in the stage", "After %d days in the stage", count),
            3_600: ngettext("After %d hour in the stage", "After %d hours in the stage", count),
            60: ngettext("After %d minute in the stage", "After %d minutes in the stage", count),
        }
        return words[int(settings["unit"])] % count
