"""Several lines of text."""

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.markdown import markdown_html
from core.text import check_unicode
from expressions.values import KINDS
from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, WrongValue, field_types, through_text

LIMIT = 50_000


@field_types.register
class LongTextType(FieldType):
    """Several lines of text, at most 50,000 characters."""

    key = "long_text"
    label = gettext_lazy("Long text")
    icon = "align-left"
    group = Group.TEXT
    description = gettext_lazy("Several lines: a description, an agreement, a reason.")
    can_be_searched = True
    kind = "text"
    readings: ClassVar = dict.fromkeys(KINDS, through_text)
    sortable = False

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.TextField(null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise WrongValue(_("Text is expected."))
        if len(raw) > LIMIT:
            raise WrongValue(_("At most %d characters.") % LIMIT)
        try:
            text = check_unicode(raw, field=field.key)
        except Invalid as error:
            raise WrongValue(error.fields[field.key][0]) from error
        return text.replace("\r\n", "\n").strip() or None

    def html(self, value: str | None, field: FieldDef, context: DisplayContext) -> SafeString:
        """Emphasis, lists, quotes and links of Markdown."""
        return format_html('<div class="prose">{}</div>', markdown_html(value)) if value else SafeString("")

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(
            label=field.label,
            help_text=field.help,
            required=False,
            max_length=LIMIT,
            widget=forms.Textarea({"rows": 4}),
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "maxLength": LIMIT}
