"""A day."""

from datetime import date, datetime
from typing import Any, ClassVar

from babel.dates import format_date
from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from processes.definition_types import FieldDef
from processes.fieldtype import (
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)
from processes.written import written_day


def day_of(value: datetime, source: FieldDef, target: FieldDef, context: ConversionContext) -> date:
    """The day of a moment, here."""
    return timezone.localtime(value).date()


@field_types.register
class DateType(FieldType):
    """A day without a time."""

    key = "date"
    label = gettext_lazy("Date")
    icon = "calendar"
    group = Group.DATES
    description = gettext_lazy("A day: a deadline, a visit, a birthday.")
    kind = "date"
    readings: ClassVar = {"text": through_text, "datetime": day_of}
    defaults = frozenset({"constant", "now"})
    is_chip = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.DateField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> date | None:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str):
            raise WrongValue(_("A date like 2026-01-31 is expected."))
        try:
            return date.fromisoformat(raw)
        except ValueError as error:
            raise WrongValue(_("A date like 2026-01-31 is expected.")) from error

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        return written_day(text).isoformat()

    def to_json(self, value: date | None) -> str | None:
        return value.isoformat() if value else None

    def from_json(self, raw: str | None) -> date | None:
        return date.fromisoformat(raw) if raw else None

    def to_text(self, value: date | None, field: FieldDef, context: DisplayContext) -> str:
        return value.isoformat() if value else ""

    def to_cell(self, value: date | None, field: FieldDef, context: DisplayContext) -> date | None:
        return value

    def plain_text(self, value: date, field: FieldDef, context: DisplayContext) -> str:
        return self.display(value, field, context)

    def display(self, value: date | None, field: FieldDef, context: DisplayContext) -> str:
        return format_date(value, format="d MMM y", locale=get_language() or "en") if value else ""

    def short_display(self, value: date | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None or value.year != timezone.localdate().year:
            return self.display(value, field, context)
        return format_date(value, format="d MMM", locale=get_language() or "en")

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label, help_text=field.help, required=False, widget=forms.DateInput({"type": "date"})
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "date"}
