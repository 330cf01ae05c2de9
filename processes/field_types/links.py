"""Several records of another process, or of the same."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from processes.definition_types import FieldDef
from processes.field_types.choices import listed, named_parts
from processes.field_types.link import LinkSettings, check_same_process, record_called, to_record
from processes.fieldtype import (
    RECORD,
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)

MOST = 1_000


def as_only_record(value: int, source: FieldDef, target: FieldDef, context: ConversionContext) -> list[int]:
    """One of several."""
    check_same_process(source, target)
    return [value]


@field_types.register
class LinksType(FieldType):
    """Several records, by id, each once; every one of them is also a row of `records.Link` with a real foreign key."""

    key = "links"
    label = gettext_lazy("Links to records")
    icon = "link"
    group = Group.LINKS
    description = gettext_lazy("Several records of another process: the contacts of a company.")
    kind = "references"
    readings: ClassVar = {"text": through_text, "reference": as_only_record}
    sortable = False
    is_chip = True
    refers = RECORD
    Settings = LinkSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return ArrayField(models.BigIntegerField(), null=True)

    def parse(self, raw: Any, field: FieldDef) -> list[int] | None:
        found = list(dict.fromkeys(to_record(item) for item in listed(raw)))
        if len(found) > MOST:
            raise WrongValue(_("At most %d records.") % MOST)
        return found or None

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> list[int]:
        return named_parts(text, lambda part: record_called(part, field, context))

    def to_text(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        names = ((record, context.name(RECORD, record)) for record in value or ())
        return "; ".join(f"#{record}" if ";" in name else name for record, name in names)

    def display(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        return ", ".join(context.name(RECORD, record) for record in value or ())

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(label=field.label, help_text=field.help, required=False)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        items = {"type": "integer", "description": "id of a record"}
        return {"type": "array", "items": items, "uniqueItems": True, "maxItems": MOST}

    def ids_in(self, value: list[int] | None) -> Sequence[int]:
        return value or ()
