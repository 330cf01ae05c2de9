"""An address of the web."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, WrongValue, field_types

LIMIT = 2000
SCHEMES = ("http", "https")
"""Nothing else becomes a link: `javascript:` and `data:` would run on our page."""
_validate = URLValidator(schemes=list(SCHEMES))


@field_types.register
class UrlType(FieldType):
    """An address with http or https; `example.com` alone is taken for https."""

    key = "url"
    label = gettext_lazy("Web address")
    icon = "link"
    group = Group.TEXT
    description = gettext_lazy("The address of a page, opened with one click.")
    kind = "text"
    can_be_unique = True
    can_be_searched = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.TextField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None or raw == "":
            return None
        message = _("An address like https://example.com is expected.")
        text = raw.strip() if isinstance(raw, str) else ""
        if not text or len(text) > LIMIT or not text.isprintable() or "\\" in text:
            raise WrongValue(message)
        if "://" not in text:
            text = f"https://{text}"
        try:
            _validate(text)
        except ValidationError as error:
            raise WrongValue(message) from error
        scheme, rest = text.split("://", 1)
        return f"{scheme.lower()}://{rest}"

    def short_display(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else _short(value)

    def list_display(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else _short(value)

    def html(self, value: str | None, field: FieldDef, context: DisplayContext) -> SafeString:
        if not value:
            return SafeString("")
        return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', value, _short(value))

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label,
            help_text=field.help,
            required=False,
            max_length=LIMIT,
            widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"}),
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": LIMIT}


def _short(value: str) -> str:
    """The host without www, and what follows if there is something to follow."""
    parts = urlsplit(value)
    path = parts.path if parts.path != "/" else ""
    rest = f"{path}?{parts.query}" if parts.query else path
    return f"{parts.netloc.rpartition('@')[2].removeprefix('www.')}{rest}"
