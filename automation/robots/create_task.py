"""Give somebody something to do."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from automation.choices import PersonField, PlaceholderField, RobotSettings, people_of
from automation.effects import Context, InsideRobot, Result, robot_types
from automation.scope import zone
from core.text import clean_line
from expressions.moments import Distance
from processes.definition_types import Definition
from processes.models import Operation
from records.operations import create_task

TITLE_LIMIT = 300


class TaskSettings(RobotSettings):
    """What, who, until when."""

    title = PlaceholderField(label=gettext_lazy("Task"), max_length=500)
    description = PlaceholderField(label=gettext_lazy("Description"), lines=3, required=False)
    assignee = PersonField(label=gettext_lazy("For whom"), required=False)
    due_in = forms.IntegerField(label=gettext_lazy("Due in"), min_value=1, max_value=9999, required=False)
    due_unit = forms.ChoiceField(
        label=gettext_lazy("Unit"),
        choices=[("h", gettext_lazy("hours")), ("d", gettext_lazy("days"))],
        initial="d",
        required=False,
    )


@robot_types.register
class CreateTask(InsideRobot):
    """Creates a task on the record, once per run."""

    key = "create_task"
    label = gettext_lazy("Create a task")
    description = gettext_lazy("A to-do on the card, for a person and with a due time.")
    icon = "checkbox"
    Settings = TaskSettings

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        return frozenset({Operation.VIEW, Operation.COMMENT})

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return (settings["title"], settings["description"])

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return str(settings["title"])

    def perform(self, context: Context) -> Result:
        settings = context.settings
        people = people_of([settings["assignee"]], context.scope.values) if settings["assignee"] else []
        task = create_task(
            context.writing,
            context.row.pk,
            title=_one_line(context.render(settings["title"])),
            description=context.render(settings["description"]),
            assignee_id=people[0] if people else None,
            due_at=_due(settings, context.now),
            actor=context.actor,
        )
        return Result(task.title, {"task": task.pk})


def _one_line(text: str) -> str:
    """A value put into the title may bring line breaks or be too long; the task is worth more than its words."""
    return clean_line(" ".join(text.split())[:TITLE_LIMIT], field="title", limit=TITLE_LIMIT)


def _due(settings: Mapping[str, Any], now: datetime) -> datetime | None:
    if not settings["due_in"]:
        return None
    return Distance(settings["due_in"], settings["due_unit"] or "d").after(now, zone())
