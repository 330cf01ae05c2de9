"""Tell people something."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import PeopleField, PlaceholderField, RobotSettings, people_of
from automation.effects import Context, InsideRobot, Result, Skip, robot_types
from notifications.operations import Subject, notify
from processes.definition_types import Definition


class NotifySettings(RobotSettings):
    """Whom and what."""

    recipients = PeopleField(label=gettext_lazy("To"))
    text = PlaceholderField(label=gettext_lazy("Text"), lines=4, max_length=2000)
    by_mail = forms.BooleanField(label=gettext_lazy("Also by e-mail"), required=False)


@robot_types.register
class Notify(InsideRobot):
    """Notifies people who may see the record, in the product and by mail if wanted."""

    key = "notify"
    label = gettext_lazy("Notify people")
    description = gettext_lazy("A message under the bell, and by e-mail if wanted.")
    icon = "bell"
    Settings = NotifySettings

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return (settings["text"],)

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return str(settings["text"])

    def perform(self, context: Context) -> Result:
        people = people_of(context.settings["recipients"], context.scope.values)
        if not people:
            raise Skip(_("Nobody to notify: the chosen people are not set in this record."))
        sent = notify(
            people,
            about=Subject.of(context.definition.id, context.row),
            kind="robot",
            text=lambda reader: context.render(context.settings["text"], reader=reader),
            actor=context.actor,
            channels=("mail",) if context.settings["by_mail"] else (),
        )
        if not sent:
            raise Skip(_("None of the chosen people may see this record."))
        return Result(data={"people": [item.user_id for item in sent]})
