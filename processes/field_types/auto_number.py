"""A number that the product gives to each record."""

import re
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from processes.definition_types import FieldDef
from processes.fieldtype import FieldType, Group, WrongValue, field_types

LIMIT = 60
_PART = re.compile(r"\{(YYYY|YY|MM|DD|0+)\}")
_DATES = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d"}


class AutoNumberSettings(SettingsForm):
    """How a number looks and where it begins."""

    mask = forms.CharField(
        label=gettext_lazy("Mask"),
        max_length=LIMIT,
        initial="{0000}",
        required=False,
        help_text=gettext_lazy("For example REQ-{YYYY}-{0000}. {YYYY}, {YY}, {MM} and {DD} are the day of creation."),
    )
    start = forms.IntegerField(
        label=gettext_lazy("Begins with"), min_value=0, max_value=10**12, initial=1, required=False
    )
    gapless = forms.BooleanField(
        label=gettext_lazy("Without gaps"),
        required=False,
        help_text=gettext_lazy("New records wait for each other, so that no number is left out."),
    )
    yearly = forms.BooleanField(
        label=gettext_lazy("Begins anew each year"),
        required=False,
        help_text=gettext_lazy("Only without gaps, and with the year in the mask."),
    )

    def clean_mask(self) -> str:
        """One place for the number; nothing else in braces than parts of the day."""
        mask = self.cleaned_data["mask"] or "{0000}"
        numbers = [part for part in _PART.findall(mask) if part.startswith("0")]
        if len(numbers) != 1 or set("{}") & set(_PART.sub("", mask)) or not mask.isprintable():
            raise forms.ValidationError(_("A mask has one place for the number, like {0000}."))
        return mask

    def clean(self) -> dict[str, Any]:
        """A series that begins anew would repeat itself without its year."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("yearly") and not (data.get("gapless") and "{YY" in data.get("mask", "")):
            self.add_error("yearly", _("Choose “without gaps”, and put {YYYY} into the mask."))
        return data

    def to_settings(self) -> dict[str, Any]:
        data = self.cleaned_data
        start = 1 if data["start"] is None else data["start"]
        return {"mask": data["mask"], "start": start, "gapless": data["gapless"], "yearly": data["yearly"]}


@field_types.register
class AutoNumberType(FieldType):
    """A number made when a record is created, and never again. Nobody writes it."""

    key = "auto_number"
    label = gettext_lazy("Number by itself")
    icon = "hash"
    group = Group.NUMBERS
    description = gettext_lazy("Every record gets the next number, in a form that you choose.")
    kind = "text"
    is_computed = True
    readings: ClassVar = {}
    is_numbered = True
    can_be_searched = True
    Settings = AutoNumberSettings

    @property
    def plain_key(self) -> str:
        return "text"

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.CharField(max_length=2 * LIMIT, null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        raise WrongValue(_("This number is given by the product."))

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "readOnly": True}

    def written(self, number: int, day: date, field: FieldDef) -> str:
        """A number as the mask writes it."""

        def part(match: re.Match[str]) -> str:
            word = match[1]
            return day.strftime(_DATES[word]) if word in _DATES else str(number).zfill(len(word))

        return _PART.sub(part, field.settings["mask"])
