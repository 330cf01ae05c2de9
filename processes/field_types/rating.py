"""Stars."""

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from processes.definition_types import FieldDef
from processes.field_types.number import to_decimal
from processes.fieldtype import (
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    as_given,
    field_types,
    through_text,
)

LEAST, MOST, USUAL = 3, 10, 5


class RatingSettings(SettingsForm):
    """How many stars there are."""

    stars = forms.IntegerField(
        label=gettext_lazy("Stars"), min_value=LEAST, max_value=MOST, initial=USUAL, required=False
    )

    def to_settings(self) -> dict[str, Any]:
        return {"stars": self.cleaned_data["stars"] or USUAL}


@field_types.register
class RatingType(FieldType):
    """From one star to as many as there are."""

    key = "rating"
    label = gettext_lazy("Rating")
    icon = "star"
    group = Group.NUMBERS
    description = gettext_lazy("Some of five stars, or as many as you like.")
    kind = "integer"
    readings: ClassVar = {"text": through_text, "integer": as_given, "number": as_given}
    is_chip = True
    Settings = RatingSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.SmallIntegerField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> int | None:
        if raw is None or raw == "":
            return None
        number, stars = to_decimal(raw), _stars(field)
        if number != int(number) or not 1 <= number <= stars:
            raise WrongValue(_("A whole number from 1 to %d is expected.") % stars)
        return int(number)

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str | int:
        """A number, or the stars themselves."""
        return text.count("★") or text

    def to_text(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else str(value)

    def to_cell(self, value: int | None, field: FieldDef, context: DisplayContext) -> int | None:
        return value

    def display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else "★" * value + "☆" * (_stars(field) - value)

    def html(self, value: int | None, field: FieldDef, context: DisplayContext) -> SafeString:
        if value is None:
            return SafeString("")
        words = _("%(value)d of %(stars)d") % {"value": value, "stars": _stars(field)}
        return format_html('<span role="img" aria-label="{}">{}</span>', words, self.display(value, field, context))

    def short_display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else f"★ {value}"

    def form_field(self, field: FieldDef) -> forms.Field:
        numbers = range(1, _stars(field) + 1)
        choices = [("", "—"), *((number, "★" * number) for number in numbers)]
        return forms.ChoiceField(label=field.label, help_text=field.help, required=False, choices=choices)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": _stars(field)}


def _stars(field: FieldDef) -> int:
    return int(field.settings.get("stars", USUAL))
