"""Say something in the record's timeline."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from automation.choices import PlaceholderField, RobotSettings
from automation.effects import Context, InsideRobot, Result, robot_types
from processes.definition_types import Definition
from processes.models import Operation
from records.operations import add_comment


class CommentSettings(RobotSettings):
    """What."""

    text = PlaceholderField(label=gettext_lazy("Text"), lines=4)


@robot_types.register
class AddComment(InsideRobot):
    """Adds a comment in the robot's name."""

    key = "add_comment"
    label = gettext_lazy("Add a comment")
    description = gettext_lazy("A remark in the card's timeline.")
    icon = "message"
    Settings = CommentSettings

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        return frozenset({Operation.VIEW, Operation.COMMENT})

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return (settings["text"],)

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return str(settings["text"])

    def perform(self, context: Context) -> Result:
        comment = add_comment(
            context.writing,
            context.row.pk,
            text=context.render(context.settings["text"]),
            actor=context.actor,
        )
        return Result(data={"comment": comment.pk})
