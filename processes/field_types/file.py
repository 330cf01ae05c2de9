"""Files."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.registry import SettingsForm
from core.text import id_from
from processes.definition_types import FieldDef
from processes.field_types.choices import listed
from processes.fieldtype import FILE, DisplayContext, FieldType, Group, TextContext, WrongValue, field_types

MEGABYTE = 1024 * 1024
USUAL_MEGABYTES = min(25, settings.FILE_MOST_BYTES // MEGABYTE)
USUAL_FILES = 20
MOST_FILES = 100
_EXTENSION = re.compile(r"[a-z0-9]{1,10}\Z")


class ExtensionsField(forms.CharField):
    """Endings of names: `pdf, docx`."""

    def clean(self, value: Any) -> list[str]:
        given = value if isinstance(value, list) else re.split(r"[\s,;]+", super().clean(value))
        found = list(dict.fromkeys(str(item).strip().lower().lstrip(".") for item in given if item))
        if len(found) > 50 or not all(_EXTENSION.match(item) for item in found):
            raise forms.ValidationError(_("Write endings of names, such as pdf, docx."))
        return found

    def json_schema(self) -> dict[str, Any]:
        """A list, or a text with commas."""
        return {"anyOf": [{"type": "array", "items": {"type": "string"}, "maxItems": 50}, {"type": "string"}]}

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class FileSettings(SettingsForm):
    """How many, how large, of what kind."""

    most_files = forms.IntegerField(
        label=gettext_lazy("At most so many files"), required=False, min_value=1, max_value=MOST_FILES
    )
    most_megabytes = forms.IntegerField(
        label=gettext_lazy("Largest file, MB"),
        required=False,
        min_value=1,
        max_value=settings.FILE_MOST_BYTES // MEGABYTE,
    )
    extensions = ExtensionsField(
        label=gettext_lazy("Only files that end in"), required=False, help_text=gettext_lazy("For example: pdf, docx")
    )

    def to_settings(self) -> dict[str, Any]:
        found = self.cleaned_data
        return {
            "most_files": found["most_files"] or USUAL_FILES,
            "most_megabytes": found["most_megabytes"] or USUAL_MEGABYTES,
            "extensions": found["extensions"],
        }


@field_types.register
class FileType(FieldType):
    """Several files, by the ids that their upload gave; content and names are in `records.Attachment`."""

    key = "file"
    label = gettext_lazy("Files")
    icon = "paperclip"
    group = Group.FILES
    description = gettext_lazy("Documents and pictures of the record.")
    kind = "files"
    sortable = False
    is_chip = True
    refers = FILE
    can_be_imported = False
    readings: ClassVar = {}
    defaults = frozenset()
    Settings = FileSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return ArrayField(models.BigIntegerField(), null=True)

    def parse(self, raw: Any, field: FieldDef) -> list[int] | None:
        found = list(dict.fromkeys(_to_file(item) for item in listed(raw)))
        most = field.settings["most_files"]
        if len(found) > most:
            raise WrongValue(ngettext("At most %d file.", "At most %d files.", most) % most)
        return found or None

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> Any:
        raise WrongValue(_("Files cannot be imported."))

    def display(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        return ", ".join(context.name(FILE, file) for file in value or ())

    def short_display(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        """The name of a single file, the number of several."""
        if not value or len(value) == 1:
            return self.display(value, field, context)
        return ngettext("%d file", "%d files", len(value)) % len(value)

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.Field(label=field.label, help_text=field.help, required=False)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        items = {"type": "integer", "description": "id of an uploaded file"}
        return {"type": "array", "items": items, "uniqueItems": True, "maxItems": field.settings["most_files"]}

    def ids_in(self, value: list[int] | None) -> Sequence[int]:
        return value or ()


def _to_file(raw: Any) -> int:
    found = None if isinstance(raw, bool) else id_from(str(raw))
    if found is None:
        raise WrongValue(_("The ids of uploaded files are expected."))
    return found
