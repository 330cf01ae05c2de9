"""The dialogs of a robot and a trigger: when, only if, and switches; what they do their kind declares."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from automation.drafts import RobotDraft, TriggerDraft
from automation.models import Robot, Trigger
from automation.occasions import TriggerType
from automation.scope import DATES
from automation.triggers.button import BUTTON_LIMIT, QUESTION_HELP, QUESTION_LABEL, QUESTION_LIMIT
from processes.definition_types import Definition, PipelineDef
from web.forms.durations import UNITS, in_units

BUTTON = "button"


class RobotForm(forms.Form):
    """Everything about a robot but the settings of its kind."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    when = forms.ChoiceField(label=_("When"), required=False, widget=forms.RadioSelect)
    button = forms.CharField(label=_("Text of the button"), max_length=BUTTON_LIMIT, required=False)
    button_question = forms.CharField(
        label=QUESTION_LABEL, help_text=QUESTION_HELP, max_length=QUESTION_LIMIT, required=False
    )
    delay = forms.IntegerField(
        label=_("Delay"),
        min_value=0,
        max_value=99_999,
        required=False,
        widget=forms.NumberInput(attrs={"aria-label": _("How long")}),
    )
    unit = forms.TypedChoiceField(
        label=_("Unit"),
        choices=UNITS,
        coerce=int,
        initial=60,
        required=False,
        widget=forms.Select(attrs={"aria-label": _("Unit")}),
    )
    side = forms.TypedChoiceField(
        label=_("Before or after"),
        choices=((1, _("after")), (-1, _("before"))),
        coerce=int,
        initial=1,
        required=False,
        widget=forms.Select(attrs={"aria-label": _("Before or after")}),
    )
    delay_field = forms.ChoiceField(
        label=_("From when"), required=False, widget=forms.Select(attrs={"aria-label": _("From when")})
    )
    delay_time = forms.TimeField(
        label=_("At this time of that day"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Empty: midnight of a date, or the time that the field holds."),
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

    def __init__(self, *args: Any, definition: Definition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dates = [(field.key, field.label) for field in definition.fields if field.type.kind in DATES]
        self.fields["delay_field"].choices = [("", pgettext("delay", "that")), *self.dates]  # type: ignore[attr-defined]
        entering = _("A record enters the stage") if definition.has_stages else _("A record is created")
        choices = [("", entering), (BUTTON, _("Somebody presses a button on the card"))]
        self.fields["when"].choices = choices  # type: ignore[attr-defined]
        if not definition.has_stages:
            del self.fields["keep_running"]

    @classmethod
    def showing(cls, robot: Robot, definition: Definition) -> "RobotForm":
        """The form as the robot is now."""
        delay, unit = in_units(abs(robot.delay_seconds))
        names = (
            "name",
            "button",
            "button_question",
            "delay_field",
            "delay_time",
            "wait_for_previous",
            "keep_running",
            "condition",
            "is_on",
        )
        shown = {name: getattr(robot, name) for name in names}
        when = {"when": BUTTON if robot.button else ""}
        side = -1 if robot.delay_seconds < 0 else 1
        return cls(initial={**shown, **when, "delay": delay, "unit": unit, "side": side}, definition=definition)

    def clean(self) -> dict[str, Any]:
        """A button says something; whoever waits for it waits for nothing else."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("when") != BUTTON:
            return {**cleaned, "button": "", "button_question": ""}
        if not cleaned.get("button") and "button" not in self.errors:
            self.add_error("button", _("Say what stands on the button."))
        return {**cleaned, "wait_for_previous": False}

    def draft(self, kind: str, settings: dict[str, Any]) -> RobotDraft:
        """The robot that the form describes."""
        data = self.cleaned_data
        return RobotDraft(
            kind=kind,
            settings=settings,
            name=data["name"],
            condition=data["condition"],
            button=data["button"],
            button_question=data["button_question"],
            delay_seconds=(data["delay"] or 0) * (data["unit"] or 1) * (data["side"] or 1),
            delay_field=data["delay_field"],
            delay_time=data["delay_time"],
            wait_for_previous=data["wait_for_previous"],
            keep_running=data.get("keep_running", False),
            is_on=data["is_on"],
        )


class TriggerForm(forms.Form):
    """Everything about a trigger but the settings of its kind."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    source = forms.TypedChoiceField(label=_("Only from the stage"), coerce=int, empty_value=None, required=False)
    stage = forms.TypedChoiceField(label=_("To the stage"), coerce=int)
    condition = forms.JSONField(required=False, widget=forms.HiddenInput)
    allow_backward = forms.BooleanField(
        label=_("Also back to an earlier stage"),
        required=False,
        help_text=_("Otherwise a record that stands further on stays where it is."),
    )
    is_on = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, kind: TriggerType, pipeline: PipelineDef, has_stages: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_stages:
            del self.fields["source"], self.fields["stage"], self.fields["allow_backward"]
            return
        stages = [(stage.id, stage.name) for stage in pipeline.stages]
        source, target = self.fields["source"], self.fields["stage"]
        target.choices = stages  # type: ignore[attr-defined]
        source.choices = stages if kind.needs_source else [("", _("Any stage")), *stages]  # type: ignore[attr-defined]
        if kind.needs_source:
            source.label, source.required = _("From the stage"), True

    @staticmethod
    def shown(trigger: Trigger) -> dict[str, Any]:
        """The trigger as it is now, for the form to begin with."""
        names = ("name", "condition", "allow_backward", "is_on")
        ids = {"source": trigger.source_id, "stage": trigger.stage_id}
        return {**{name: getattr(trigger, name) for name in names}, **ids}

    def draft(self, kind: str, settings: dict[str, Any]) -> TriggerDraft:
        """The trigger that the form describes."""
        data = self.cleaned_data
        return TriggerDraft(kind=kind, settings=settings, **data)
