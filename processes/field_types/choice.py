"""One of several options."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import Case, Expression, F, IntegerField, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.registry import SettingsForm
from core.text import KEY_PATTERN, clean_line, fold, key_from
from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, TextContext, WrongValue, field_types
from processes.models.pipeline import COLORS

MOST_OPTIONS = 200


class OptionsField(forms.JSONField):
    """A list of options: `{"key", "label", "color"}`, or labels alone; keys are made where they are missing."""

    def clean(self, value: Any) -> list[dict[str, str]]:
        raw = super().clean(value) or []
        if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_OPTIONS:
            raise forms.ValidationError(_("Give 1 to %d options.") % MOST_OPTIONS)
        options: list[dict[str, str]] = []
        for item in raw:
            options.append(self._option(item, options))
        return options

    def _option(self, item: Any, before: list[dict[str, str]]) -> dict[str, str]:
        data = {"label": item} if isinstance(item, str) else item
        if not isinstance(data, dict) or set(data) - {"key", "label", "color"}:
            raise forms.ValidationError(_("An option has a label, a key and a colour."))
        try:
            label = clean_line(data.get("label"), field="options", limit=100)
        except Invalid as error:
            raise forms.ValidationError(str(error.fields["options"][0])) from error
        taken = {option["key"] for option in before}
        key = data.get("key") or key_from(label, taken=taken, fallback="option")
        if not isinstance(key, str) or not KEY_PATTERN.match(key) or key in taken:
            raise forms.ValidationError(_("The key “%s” is malformed or used twice.") % key)
        color = data.get("color") or COLORS[len(before) % len(COLORS)]
        if color not in COLORS:
            raise forms.ValidationError(_("There is no such colour."))
        return {"key": key, "label": label, "color": color}


class ChoiceSettings(SettingsForm):
    """The options."""

    options = OptionsField(label=gettext_lazy("Options"))


@field_types.register
class ChoiceType(FieldType):
    """One of several options; stored by key, so options may be renamed."""

    key = "choice"
    label = gettext_lazy("Choice")
    icon = "list-check"
    kind = "choice"
    is_chip = True
    Settings = ChoiceSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.CharField(max_length=40, null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None or raw == "":
            return None
        if not any(option["key"] == raw for option in field.settings["options"]):
            raise WrongValue(_("Choose one of the options."))
        return str(raw)

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        """An option by its label, or by its key."""
        wanted = fold(text)
        for option in field.settings["options"]:
            if wanted in (fold(option["label"]), option["key"]):
                return str(option["key"])
        raise WrongValue(_("“%s” is none of the options.") % text[:100])

    def display(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        return next((o["label"] for o in field.settings["options"] if o["key"] == value), value)

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F]:
        """By the place of the option among all options."""
        return "integer", in_order(field.attname, [option["key"] for option in field.settings["options"]])

    def color(self, value: str | None, field: FieldDef) -> str:
        return next((o["color"] for o in field.settings["options"] if o["key"] == value), "")

    def form_field(self, field: FieldDef) -> forms.Field:
        choices = [("", "—"), *((o["key"], o["label"]) for o in field.settings["options"])]
        return forms.ChoiceField(label=field.label, help_text=field.help, required=False, choices=choices)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "enum": [option["key"] for option in field.settings["options"]]}


def in_order(attribute: str, values: Sequence[Any]) -> Expression | F:
    """The place of a value among all values; empty for one that is not among them."""
    places = (When(**{attribute: value}, then=Value(place)) for place, value in enumerate(values))
    return Case(*places, output_field=IntegerField())
