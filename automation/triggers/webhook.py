"""Another program calls: an inbound webhook, signed by Standard Webhooks (https://www.standardwebhooks.com)."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import JsonMapField, RobotSettings, SigningSecretField
from automation.occasions import TriggerType, trigger_types
from events.models import Event
from processes.definition_types import Definition
from processes.models import Operation

RECORD_ID = "id"
FINDABLE = frozenset({"text", "integer", "number", "choice"})
"""Kinds of values by which a call may name its record."""
RECEIVED = "hook.received"
PATH = re.compile(r"[^.\s]{1,100}(\.[^.\s]{1,100}){0,9}\Z")
PATH_HELP = gettext_lazy("For example data.order.number; list items by their number.")


class HookSettings(RobotSettings):
    """How the call finds its record, what it brings along, and what signs it."""

    find_by = forms.ChoiceField(label=gettext_lazy("Find the record by"))
    find_path = forms.CharField(
        label=gettext_lazy("Its value in the call"), help_text=PATH_HELP, max_length=500, initial="id"
    )
    values = JsonMapField(
        label=gettext_lazy("Take values from the call"),
        help_text=gettext_lazy("Field and place in the call, for example data.amount."),
        limit=100,
        of_fields=True,
    )
    when_missing = forms.ChoiceField(
        label=gettext_lazy("When there is no such record"),
        choices=[("ignore", gettext_lazy("Do nothing")), ("create", gettext_lazy("Create one in this stage"))],
        initial="ignore",
    )
    secret = SigningSecretField(
        label=gettext_lazy("Signing secret"),
        help_text=gettext_lazy("The sender's (whsec_…). Left empty, one is made and shown once."),
        required=False,
    )

    def __init__(self, *args: Any, context: Definition, **kwargs: Any) -> None:
        super().__init__(*args, context=context, **kwargs)
        self.fields["find_by"].choices = list(_findable(context).items())  # type: ignore[attr-defined]
        if not context.has_stages:
            nothing, _create = self.fields["when_missing"].choices  # type: ignore[attr-defined]
            self.fields["when_missing"].choices = [nothing, ("create", _("Create one"))]  # type: ignore[attr-defined]

    def clean_find_path(self) -> str:
        """Names with dots between them."""
        _require_path(self.cleaned_data["find_path"])
        return str(self.cleaned_data["find_path"])

    def clean_values(self) -> dict[str, str]:
        """Every key must be known, every place must be one."""
        values: dict[str, Any] = self.cleaned_data["values"]
        known = {"title", "assignee", *self.context.field_by_key}
        for key, path in values.items():
            if key not in known:
                raise forms.ValidationError(_("There is no field “%s”.") % key)
            _require_path(path)
        return values


@trigger_types.register
class InboundWebhook(TriggerType):
    """Acts when another program calls its address, once per message id."""

    key = "webhook"
    label = gettext_lazy("Another program calls")
    description = gettext_lazy("A signed call from outside (webhook) moves the record, fills fields, or creates one.")
    icon = "webhook"
    Settings = HookSettings
    listens_to = frozenset({RECEIVED})
    is_called = True
    needs_stages = False

    def concerns(self, event: Event, trigger_id: int, settings: Mapping[str, Any]) -> bool:
        return bool(event.data["trigger"] == trigger_id)

    def values(self, event: Event) -> Mapping[str, Any]:
        values: Mapping[str, Any] = event.data["values"]
        return values

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        wanted = {Operation.VIEW, Operation.MOVE}
        if settings["values"]:
            wanted.add(Operation.UPDATE)
        if "assignee" in settings["values"]:
            wanted.add(Operation.ASSIGN)
        if settings["when_missing"] == "create":
            wanted.add(Operation.CREATE)
        return frozenset(wanted)

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        key: str = settings["find_by"]
        return _("Signed call · finds the record by “%s”") % _findable(definition).get(key, key)


def _findable(definition: Definition) -> dict[str, str]:
    """By what a record can be found, with what people call it."""
    fields = {field.key: field.label for field in definition.fields if field.type.kind in FINDABLE}
    return {RECORD_ID: _("Number of the record"), "title": _("Title"), **fields}


def value_at(body: Any, path: str) -> Any:
    """The value at a place in a decoded JSON body, None where there is none."""
    for name in path.split("."):
        if isinstance(body, Mapping):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def _require_path(path: object) -> None:
    if not isinstance(path, str) or not PATH.match(path):
        raise forms.ValidationError(_("Write the place as names with dots between them, for example data.id."))
