"""Several of several options."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from processes.definition_types import FieldDef
from processes.field_types.choice import ChoiceSettings, label_of, offered, option_called, same_option, text_of_option
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


def one_option(value: str, source: FieldDef, target: FieldDef, context: ConversionContext) -> list[str]:
    """The one option of a choice."""
    return [same_option(value, source, target)]


@field_types.register
class ChoicesType(FieldType):
    """Several options, by key, in the order of the options."""

    key = "choices"
    label = gettext_lazy("Several choices")
    icon = "checks"
    group = Group.CHOICE
    description = gettext_lazy("Any of the answers that you list.")
    kind = "choices"
    readings: ClassVar = {"text": through_text, "choice": one_option}
    sortable = False
    is_chip = True
    Settings = ChoiceSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return ArrayField(models.CharField(max_length=40), null=True)

    def parse(self, raw: Any, field: FieldDef) -> list[str] | None:
        given = listed(raw)
        keys = [option["key"] for option in field.settings["options"]]
        if not all(isinstance(item, str) for item in given) or not set(given) <= set(keys):
            raise WrongValue(_("Choose among the options."))
        return [key for key in keys if key in given] or None

    def refuse_new(self, value: list[str], present: list[str] | None, field: FieldDef) -> None:
        retired = {option["key"] for option in field.settings["options"] if option.get("retired")}
        if retired & set(value) - set(present or ()):
            raise WrongValue(_("This option is not in use any more."))

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> list[str]:
        """Options by label or key, between semicolons, commas or line breaks; a label may hold them itself."""
        return named_parts(text, lambda part: option_called(part, field))

    def to_text(self, value: list[str] | None, field: FieldDef, context: DisplayContext) -> str:
        """Labels with semicolons between them; keys where that would be read as something else."""
        if not value:
            return ""
        text = "; ".join(text_of_option(key, field) for key in value)
        return text if self._reads_back(text, value, field) else "; ".join(value)

    def plain_text(self, value: list[str], field: FieldDef, context: DisplayContext) -> str:
        return "; ".join(label_of(key, field) for key in value)

    def _reads_back(self, text: str, value: list[str], field: FieldDef) -> bool:
        try:
            return self.from_text(text, field, TextContext()) == value
        except WrongValue:
            return False

    def display(self, value: list[str] | None, field: FieldDef, context: DisplayContext) -> str:
        return ", ".join(label_of(key, field) for key in value or ())

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.MultipleChoiceField(
            label=field.label, help_text=field.help, required=False, choices=offered(field)
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        keys = [option["key"] for option in field.settings["options"]]
        return {"type": "array", "items": {"type": "string", "enum": keys}, "uniqueItems": True}


def listed(raw: Any) -> list[Any]:
    """What was given as a list: nothing, one or several. Raises WrongValue for what is none of them."""
    if raw is None or raw == "":
        return []
    if isinstance(raw, str | int) and not isinstance(raw, bool):
        return [raw]
    if not isinstance(raw, list | tuple):
        raise WrongValue(_("A list is expected."))
    return [item for item in raw if item != ""]


def named_parts(text: str, find: Any) -> list[Any]:
    """What each part of a text means: the whole of it, or the parts between semicolons, line breaks or commas.

    `find` gives the meaning of one part; raises WrongValue, the last refusal of all.
    """
    ways: Sequence[list[str]] = (
        [text],
        [part for line in text.splitlines() for part in line.split(";")],
        [part for line in text.splitlines() for half in line.split(";") for part in half.split(",")],
    )
    refusal = WrongValue(_("A list is expected."))
    for parts in ways:
        try:
            return [find(part.strip()) for part in parts if part.strip()]
        except WrongValue as error:
            refusal = error
    raise refusal
