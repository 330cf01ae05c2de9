"""A number with or without decimals."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, ClassVar

from babel.numbers import format_decimal
from django import forms
from django.db import models
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.registry import SettingsForm
from expressions.values import Money
from processes.definition_types import FieldDef
from processes.fieldtype import (
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    as_given,
    field_types,
    through_text,
)
from processes.written import plain_number, sheet_number

SIGNIFICANT = 15
"""Digits that survive a trip through a JSON number (an IEEE 754 double)."""
SCALE = 6


class NumberSettings(SettingsForm):
    """How many decimals are shown and kept."""

    decimals = forms.IntegerField(
        label=gettext_lazy("Decimals"), min_value=0, max_value=SCALE, initial=2, required=False
    )

    def to_settings(self) -> dict[str, Any]:
        decimals = self.cleaned_data["decimals"]
        return {"decimals": 2 if decimals is None else decimals}


def amount_as_given(value: Money, source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """An amount without its currency. One in another than the usual currency would become a wrong number."""
    if value.currency != source.settings["currency"]:
        raise WrongValue(_("The amount is in %s.") % value.currency)
    return target.type.parse(value.amount, target)


@field_types.register
class NumberType(FieldType):
    """A decimal number of at most 15 digits."""

    key = "number"
    label = gettext_lazy("Number")
    icon = "decimal"
    group = Group.NUMBERS
    description = gettext_lazy("A number with decimals: weight, share, rate.")
    kind = "number"
    readings: ClassVar = {"text": through_text, "integer": as_given, "money": amount_as_given}
    summable = True
    Settings = NumberSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.DecimalField(max_digits=SIGNIFICANT + SCALE, decimal_places=SCALE, null=True)

    def parse(self, raw: Any, field: FieldDef) -> Decimal | None:
        if raw is None or raw == "":
            return None
        number = to_decimal(raw)
        decimals = field.settings.get("decimals", 2)
        if number != round(number, decimals):
            raise WrongValue(_("At most %d decimals.") % decimals)
        return number

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        return plain_number(text)

    def to_json(self, value: Decimal | None) -> int | float | None:
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else float(value)

    def from_json(self, raw: float | None) -> Decimal | None:
        return None if raw is None else Decimal(str(raw))

    def to_text(self, value: Decimal | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else sheet_number(value)

    def to_cell(self, value: Decimal | None, field: FieldDef, context: DisplayContext) -> Decimal | None:
        return value

    def plain_text(self, value: Decimal, field: FieldDef, context: DisplayContext) -> str:
        return plain_decimal(value)

    def display(self, value: Decimal | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        decimals = "" if value == value.to_integral_value() else "." + "0" * field.settings.get("decimals", 2)
        return _formatted(value, "#,##0" + decimals, get_language() or "en")

    def form_field(self, field: FieldDef) -> forms.Field:
        return number_input(field, "decimal")

    def form_value(self, value: Decimal | None) -> Decimal | None:
        """Without the zeros that the column adds."""
        if value is None:
            return None
        whole = Decimal(value).to_integral_value()
        return whole if whole == value else Decimal(value).normalize()

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "number"}


@lru_cache(maxsize=4096)
def _formatted(value: Decimal, pattern: str, locale: str) -> str:
    """Boards and lists show the same values again and again, and formatting one costs more than reading it."""
    return format_decimal(value, format=pattern, locale=locale)


def number_input(field: FieldDef, inputmode: str) -> forms.Field:
    """A line of text with the keyboard for numbers; people write “1 234,5”, which number inputs of browsers refuse."""
    return forms.CharField(
        label=field.label,
        help_text=field.help,
        required=False,
        max_length=40,
        widget=forms.TextInput({"inputmode": inputmode}),
    )


def plain_decimal(value: Decimal) -> str:
    """As a program writes it, without zeros at the end."""
    return f"{value.normalize():f}"


def to_decimal(raw: Any) -> Decimal:
    """A finite number of at most 15 digits from JSON or a person's “1 234,5”. Raises WrongValue."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise WrongValue(_("A number is expected."))
    text = str(raw)
    if isinstance(raw, str):
        text = "".join(text.split()).replace(",", ".")
    if len(text) > 40:
        raise WrongValue(_("At most %d digits.") % SIGNIFICANT)
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise WrongValue(_("A number is expected.")) from error
    if not number.is_finite():
        raise WrongValue(_("A number is expected."))
    if number and (number.adjusted() >= SIGNIFICANT or len(number.normalize().as_tuple().digits) > SIGNIFICANT):
        raise WrongValue(_("At most %d digits.") % SIGNIFICANT)
    if number != 0 and number.adjusted() < -SCALE:
        raise WrongValue(_("At most %d decimals.") % SCALE)
    return number
