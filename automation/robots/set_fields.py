"""Change values of the record."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import JsonMapField, RobotSettings
from automation.effects import Context, InsideRobot, Result, Skip, robot_types
from automation.scope import template_for
from core.errors import Invalid
from expressions.placeholders import Placeholder
from processes.definition_types import Definition
from processes.fieldtype import WrongValue
from processes.models import Operation
from records.operations import update_record

MARK = "{{"


class FieldsSettings(RobotSettings):
    """Field key → value: a JSON value, null to empty the field, or a text with placeholders."""

    values = JsonMapField(label=gettext_lazy("Values"), required=True, limit=100, of_fields=True)

    def clean_values(self) -> dict[str, Any]:
        """Every key must be known; constants must fit their field, texts must speak of known fields."""
        values: dict[str, Any] = self.cleaned_data["values"]
        for key, raw in values.items():
            _check(self.context, key, raw)
        return values


@robot_types.register
class SetFields(InsideRobot):
    """Sets, copies and empties fields."""

    key = "set_fields"
    label = gettext_lazy("Change fields")
    description = gettext_lazy("Sets values, copies them from other fields, or empties them.")
    icon = "edit"
    Settings = FieldsSettings

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        wanted = {Operation.VIEW, Operation.UPDATE}
        return frozenset(wanted | {Operation.ASSIGN} if "assignee" in settings["values"] else wanted)

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return [raw for raw in settings["values"].values() if isinstance(raw, str) and MARK in raw]

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        fields = definition.field_by_key
        return ", ".join(fields[key].label if key in fields else key for key in settings["values"])

    def perform(self, context: Context) -> Result:
        values = {key: _value(context, key, raw) for key, raw in context.settings["values"].items()}
        before = context.row.version
        row = update_record(context.writing, context.row.pk, values=values, actor=context.actor)
        if row.version == before:
            raise Skip(_("The fields have these values already."))
        return Result(data={"values": values})


def _value(context: Context, key: str, raw: Any) -> Any:
    """A constant as it is. A text is filled as people read it, but a lone placeholder copies the value itself
    into a field that is not a text."""
    if not isinstance(raw, str) or MARK not in raw:
        return raw
    source = None if _is_text(context.definition, key) else _bare_key(context.definition, raw)
    if source is None:
        return context.render(raw) or None
    field = context.definition.field_by_key.get(source)
    return context.scope.values[source] if field is None else field.type.to_json(context.row.value(field))


def _is_text(definition: Definition, key: str) -> bool:
    field = definition.field_by_key.get(key)
    return key == "title" or (field is not None and field.type.kind == "text")


def _bare_key(definition: Definition, text: str) -> str | None:
    """The key of a text that is one placeholder without filters."""
    parts = template_for(definition, text.strip()).parts
    if len(parts) == 1 and isinstance(parts[0], Placeholder) and not parts[0].filters:
        return parts[0].key or None
    return None


def _check(definition: Definition, key: str, raw: Any) -> None:
    field = definition.field_by_key.get(key)
    if field is None and key not in ("title", "assignee"):
        raise forms.ValidationError(_("There is no field “%s”.") % key)
    try:
        if isinstance(raw, str) and MARK in raw:
            template_for(definition, raw)
        elif field is not None:
            field.type.parse(raw, field)
    except (Invalid, WrongValue) as error:
        raise forms.ValidationError(f"{field.label if field else key}: {error.message}") from error
