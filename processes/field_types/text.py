"""One line of text."""

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.text import clean_line
from expressions.values import KINDS
from processes.definition_types import FieldDef
from processes.fieldtype import ConversionContext, FieldType, Group, WrongValue, field_types

LIMIT = 1000


def in_one_line(value: Any, source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """The words with a space in place of line breaks."""
    text = source.type.plain_text(value, source, context.display)
    return target.type.parse(" ".join(text.split()), target)


@field_types.register
class TextType(FieldType):
    """One line of text, at most 1,000 characters."""

    key = "text"
    label = gettext_lazy("Text")
    icon = "letter-case"
    group = Group.TEXT
    description = gettext_lazy("A line of words: a name, a code, a source.")
    can_be_unique = True
    can_be_searched = True
    kind = "text"
    readings: ClassVar = dict.fromkeys(KINDS, in_one_line)

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.TextField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None:
            return None
        try:
            return clean_line(raw, field=field.key, limit=LIMIT, required=False) or None
        except Invalid as error:
            raise WrongValue(error.fields[field.key][0]) from error

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(label=field.label, help_text=field.help, required=False, max_length=LIMIT)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "maxLength": LIMIT}
