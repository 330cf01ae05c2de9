"""A phone number."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, WrongValue, field_types

LIMIT = 40
_EXTENSION = ";ext="
_WRITTEN = re.compile(r"([\d\s()+./–—-]{5,40})(?:(?:ext|доб|#|x)[\s.]*\d{1,6})?", re.IGNORECASE)
"""A text that may be a phone number, or how one begins."""
FEWEST = 5
"""Digits that say something of a number."""
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


class PhoneSettings(SettingsForm):
    """Whose numbers are written without a country code."""

    region = forms.ChoiceField(
        label=gettext_lazy("Country of numbers without a code"),
        choices=[(code, code) for code in REGIONS],
        initial=lambda: settings.PHONE_REGION,
        required=False,
    )

    def to_settings(self) -> dict[str, Any]:
        return {"region": self.cleaned_data["region"] or settings.PHONE_REGION}


@field_types.register
class PhoneType(FieldType):
    """A number of the world's telephone network, kept as E.164 with its extension: `+74951234567;ext=12` (RFC 3966)."""

    key = "phone"
    label = gettext_lazy("Phone")
    icon = "phone"
    group = Group.TEXT
    description = gettext_lazy("A number that can be called with one click, however it was typed.")
    kind = "text"
    can_be_unique = True
    can_be_searched = True
    Settings = PhoneSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.CharField(max_length=LIMIT, null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None or raw == "":
            return None
        message = _("A phone number like +7 495 123-45-67 is expected.")
        if not isinstance(raw, str) or len(raw) > 2 * LIMIT:
            raise WrongValue(message)
        try:
            number = phonenumbers.parse(raw, field.settings.get("region") or settings.PHONE_REGION)
        except phonenumbers.NumberParseException as error:
            raise WrongValue(message) from error
        if not phonenumbers.is_possible_number(number):
            raise WrongValue(_("There is no phone number of this length."))
        plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        found = f"{plain}{_EXTENSION}{number.extension}" if number.extension else plain
        if len(found) > LIMIT:
            raise WrongValue(message)
        return found

    def display(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else _international(value)

    def html(self, value: str | None, field: FieldDef, context: DisplayContext) -> SafeString:
        return format_html('<a href="tel:{}">{}</a>', value, _international(value)) if value else SafeString("")

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label,
            help_text=field.help,
            required=False,
            max_length=2 * LIMIT,
            widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
        )

    def form_value(self, value: str | None) -> str | None:
        return None if value is None else _international(value)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "maxLength": LIMIT, "description": "E.164, with ;ext= where it has an extension"}

    def words(self, value: str | None) -> str:
        """The digits: whole, and without the country code, as people remember them."""
        if value is None:
            return ""
        digits = re.sub(r"\D", "", value)
        return f"{digits} {phonenumbers.parse(value).national_number}"

    def words_meant(self, text: str) -> Sequence[str]:
        """The digits of a number in any usual writing, with and without what is dialled before it."""
        written = _WRITTEN.fullmatch(text.strip())
        digits = re.sub(r"\D", "", written[1]).lstrip("0") if written else ""
        if len(digits) < FEWEST:
            return ()
        before = _dialled_before()
        return [digits, digits.removeprefix(before)] if before and digits.startswith(before) else [digits]


def _dialled_before() -> str:
    """What people dial, and write, in their country in place of its code: 8 in Russia."""
    found = phonenumbers.PhoneMetadata.metadata_for_region(settings.PHONE_REGION)
    return (found.national_prefix or "") if found else ""


@lru_cache(maxsize=4096)
def _international(value: str) -> str:
    try:
        return phonenumbers.format_number(phonenumbers.parse(value), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:  # what a field of text held before it became one of phones
        return value
