"""A field of the record got another value."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import RobotSettings
from automation.occasions import TriggerType, trigger_types
from events.models import Event
from processes.definition_types import Definition
from processes.schema import schema_of

BASE = ("title", "assignee")


class ChangedSettings(RobotSettings):
    """Which fields; one of them is enough."""

    fields_watched = forms.MultipleChoiceField(label=gettext_lazy("When one of these changes"))

    def __init__(self, *args: Any, context: Definition, **kwargs: Any) -> None:
        super().__init__(*args, context=context, **kwargs)
        choices = list(_labels(context).items())
        self.fields["fields_watched"].choices = choices  # type: ignore[attr-defined]


@trigger_types.register
class FieldChanged(TriggerType):
    """Acts when a person, a program or a robot changes one of the chosen fields."""

    key = "field_changed"
    label = gettext_lazy("A field changes")
    description = gettext_lazy("Somebody or something gives a field another value. The condition may ask which.")
    icon = "edit"
    Settings = ChangedSettings
    listens_to = frozenset({"record.updated"})

    def concerns(self, event: Event, trigger_id: int, settings: Mapping[str, Any]) -> bool:
        return not event.changes.keys().isdisjoint(settings["fields_watched"])

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        labels = _labels(definition)
        return _("Changes: %s") % ", ".join(labels.get(key, key) for key in settings["fields_watched"])


def _labels(definition: Definition) -> dict[str, str]:
    known = schema_of(definition)
    keys = (*BASE, *(field.key for field in definition.fields))
    return {key: str(known[key].label) for key in keys}
