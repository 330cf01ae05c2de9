"""A moment."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from babel.dates import format_datetime
from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from processes.definition_types import FieldDef
from processes.fieldtype import (
    Cell,
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)
from processes.written import written_moment


def midnight_of(value: date, source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """Where a day begins, here."""
    return target.type.parse(value.isoformat(), target)


@field_types.register
class DateTimeType(FieldType):
    """A day with a time. Text without an offset is read in the active time zone."""

    key = "datetime"
    label = gettext_lazy("Date and time")
    icon = "clock"
    group = Group.DATES
    description = gettext_lazy("A moment: a call, a meeting, a delivery.")
    kind = "datetime"
    readings: ClassVar = {"text": through_text, "date": midnight_of}
    defaults = frozenset({"constant", "now"})
    is_chip = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.DateTimeField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> datetime | None:
        if raw is None or raw == "":
            return None
        try:
            moment = datetime.fromisoformat(raw)
            moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            moment.astimezone(UTC)
            return moment
        except (TypeError, ValueError, OverflowError) as error:
            raise WrongValue(_("A moment like 2026-01-31T14:05 is expected.")) from error

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        return written_moment(text)

    def to_json(self, value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    def from_json(self, raw: str | None) -> datetime | None:
        return datetime.fromisoformat(raw) if raw else None

    def to_text(self, value: datetime | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        local = _plain_local(value)
        if local is None:
            return timezone.localtime(value).isoformat(" ")
        is_short = not local.second and not local.microsecond
        return local.isoformat(" ", "minutes" if is_short else "auto")

    def to_cell(self, value: datetime | None, field: FieldDef, context: DisplayContext) -> Cell:
        """As a moment where a workbook keeps it exactly: to the second, and not in an hour that comes twice."""
        local = None if value is None else _plain_local(value)
        return self.to_text(value, field, context) if local is None or local.microsecond else local

    def plain_text(self, value: datetime, field: FieldDef, context: DisplayContext) -> str:
        return self.display(value, field, context)

    def display(self, value: datetime | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        return format_datetime(timezone.localtime(value), "d MMM y, HH:mm", locale=get_language() or "en")

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label,
            help_text=field.help,
            required=False,
            widget=forms.DateTimeInput({"type": "datetime-local"}),
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


def _plain_local(value: datetime) -> datetime | None:
    """The moment without its offset; None where that would be read as another one."""
    local = timezone.localtime(value).replace(tzinfo=None, fold=0)
    return local if timezone.make_aware(local) == value else None
