"""The dialog of a robot: when, only if, and its switches; what it does its kind declares."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from automation.drafts import RobotDraft
from automation.models import Robot

UNITS = ((86_400, _("days")), (3_600, _("hours")), (60, _("minutes")), (1, _("seconds")))


class RobotForm(forms.Form):
    """Everything about a robot but the settings of its kind."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    delay = forms.IntegerField(
        label=_("Delay"),
        min_value=0,
        max_value=99_999,
        required=False,
        widget=forms.NumberInput(attrs={"aria-label": _("Delay")}),
    )
    unit = forms.TypedChoiceField(
        label=_("Unit"),
        choices=UNITS,
        coerce=int,
        initial=60,
        required=False,
        widget=forms.Select(attrs={"aria-label": _("Unit")}),
    )
    wait_for_previous = forms.BooleanField(
        label=_("Wait for the robot before it"),
        required=False,
        help_text=_("The delay then counts from the moment that one has finished."),
    )
    keep_running = forms.BooleanField(
        label=_("Also after the record has left the stage"),
        required=False,
        help_text=_("Otherwise what has not begun is cancelled when the record moves on."),
    )
    condition = forms.JSONField(required=False, widget=forms.HiddenInput)
    is_on = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    @classmethod
    def showing(cls, robot: Robot) -> "RobotForm":
        """The form as the robot is now."""
        delay, unit = _split(robot.delay_seconds)
        names = ("name", "wait_for_previous", "keep_running", "condition", "is_on")
        return cls(initial={**{name: getattr(robot, name) for name in names}, "delay": delay, "unit": unit})

    def draft(self, kind: str, settings: dict[str, Any]) -> RobotDraft:
        """The robot that the form describes."""
        data = self.cleaned_data
        return RobotDraft(
            kind=kind,
            settings=settings,
            name=data["name"],
            condition=data["condition"],
            delay_seconds=(data["delay"] or 0) * (data["unit"] or 1),
            wait_for_previous=data["wait_for_previous"],
            keep_running=data["keep_running"],
            is_on=data["is_on"],
        )


def _split(seconds: int) -> tuple[int, int]:
    """The number and the largest unit that say it without a rest."""
    unit = next(size for size, _label in UNITS if seconds % size == 0)
    return (seconds // unit, unit) if seconds else (0, 60)
