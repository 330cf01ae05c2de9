"""A whole number."""

from typing import Any, ClassVar

from babel.numbers import format_decimal
from django import forms
from django.db import models
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from processes.definition_types import FieldDef
from processes.field_types.number import amount_as_given, number_input, to_decimal
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
from processes.written import plain_number


@field_types.register
class IntegerType(FieldType):
    """A whole number of at most 15 digits."""

    key = "integer"
    label = gettext_lazy("Whole number")
    icon = "numbers"
    group = Group.NUMBERS
    description = gettext_lazy("A count: pieces, days, attempts.")
    can_be_unique = True
    kind = "integer"
    readings: ClassVar = {"text": through_text, "integer": as_given, "number": as_given, "money": amount_as_given}
    summable = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.BigIntegerField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> int | None:
        if raw is None or raw == "":
            return None
        number = to_decimal(raw)
        if number != number.to_integral_value():
            raise WrongValue(_("A whole number is expected."))
        return int(number)

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        return plain_number(text)

    def to_text(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else str(value)

    def to_cell(self, value: int | None, field: FieldDef, context: DisplayContext) -> int | None:
        return value

    def plain_text(self, value: int, field: FieldDef, context: DisplayContext) -> str:
        return str(value)

    def display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else format_decimal(value, locale=get_language() or "en")

    def form_field(self, field: FieldDef) -> forms.Field:
        return number_input(field, "numeric")

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer"}
