"""An e-mail address."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, WrongValue, field_types

LIMIT = 254


@field_types.register
class EmailType(FieldType):
    """An address of e-mail; its domain in small letters. Two that differ in case only are the same."""

    key = "email"
    label = gettext_lazy("E-mail")
    icon = "mail"
    group = Group.TEXT
    description = gettext_lazy("An address that can be written to with one click.")
    kind = "text"
    can_be_unique = True
    can_be_searched = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.CharField(max_length=LIMIT, null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None or raw == "":
            return None
        text = raw.strip() if isinstance(raw, str) else ""
        if len(text) > LIMIT:
            raise WrongValue(_("At most %d characters.") % LIMIT)
        try:
            validate_email(text)
        except ValidationError as error:
            raise WrongValue(_("An address like name@example.com is expected.")) from error
        local, _at, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}"

    def html(self, value: str | None, field: FieldDef, context: DisplayContext) -> SafeString:
        return format_html('<a href="mailto:{0}">{0}</a>', value) if value else SafeString("")

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label,
            help_text=field.help,
            required=False,
            max_length=LIMIT,
            widget=forms.EmailInput({"autocomplete": "off"}),
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": LIMIT}
