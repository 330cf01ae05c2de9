"""Yes or no."""

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, TextContext, WrongValue, field_types, through_text

_WORDS = {
    "true": True,
    "on": True,
    "yes": True,
    "1": True,
    "false": False,
    "off": False,
    "no": False,
    "0": False,
}
_WRITTEN = {
    **_WORDS,
    **dict.fromkeys(("да", "д", "истина", "вкл", "y", "x", "х", "+", "✓"), True),
    **dict.fromkeys(("нет", "н", "ложь", "выкл", "n", "-", "−", "—"), False),
}
"""What people write in files, in either language."""


@field_types.register
class BooleanType(FieldType):
    """Yes, no, or not answered."""

    key = "boolean"
    label = gettext_lazy("Yes or no")
    icon = "toggle-left"
    group = Group.CHOICE
    description = gettext_lazy("A switch: it holds or it does not.")
    kind = "boolean"
    readings: ClassVar = dict.fromkeys(("text", "choice", "integer", "number"), through_text)
    is_chip = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.BooleanField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> bool | None:
        if raw is None or raw == "":
            return None
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in _WORDS:
            return _WORDS[raw.lower()]
        raise WrongValue(_("Yes or no is expected."))

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> bool:
        if text.lower() in _WRITTEN:
            return _WRITTEN[text.lower()]
        raise WrongValue(_("Yes or no is expected."))

    def display(self, value: bool | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        return _("Yes") if value else _("No")

    def short_display(self, value: bool | None, field: FieldDef, context: DisplayContext) -> str:
        return field.label if value else ""

    def form_field(self, field: FieldDef) -> forms.Field:
        choices = [("", "—"), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(label=field.label, help_text=field.help, required=False, choices=choices)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "boolean"}
