"""Inputs that are more than one HTML control; scripts make them comfortable."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from core.text import id_from
from processes.definition_types import FieldDef
from processes.models.pipeline import COLORS
from records.models import Attachment
from web.forms.conditions import is_shallow


class JsonWidget(forms.Widget):
    """An editor of something kept as JSON in a hidden input."""

    template_name: str
    input_type = "text"

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return mark_safe(render_to_string(self.template_name, self.get_context(name, value, attrs)))  # noqa: S308

    def format_value(self, value: Any) -> str:
        if isinstance(value, str) and value not in ("", "null"):
            return value
        return json.dumps(self.empty() if isinstance(value, str) or not value else value, ensure_ascii=False)

    def use_required_attribute(self, initial: Any) -> bool:
        return False

    def empty(self) -> Any:
        """What stands there before anybody types."""
        return []


class OptionsWidget(JsonWidget):
    """Options of a choice: rows with a colour and a label."""

    template_name = "processes/_options.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "options": _options(value), "colors": COLORS}


class ConditionWidget(JsonWidget):
    """A condition over records that another input chooses; the builder follows that input."""

    template_name = "processes/_linked_condition.html"

    def __init__(self, *, by: str, schemas: Mapping[str, Any]) -> None:
        super().__init__()
        self.by, self.schemas = by, schemas

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        tree = json.loads(self.format_value(value))
        context = super().get_context(name, value, attrs)
        return {**context, "by": self.by, "schemas": self.schemas, "is_deep": not is_shallow(tree)}

    def empty(self) -> Any:
        return None


class FilesWidget(forms.Widget):
    """Files that are there, and a place for new ones. Those that the reader may not know stay out of sight."""

    template_name = "records/_files_input.html"
    needs_multipart_form = True
    use_fieldset = True

    def __init__(self, field: FieldDef, *, url: str, known: Callable[[Collection[int]], Sequence[Attachment]]) -> None:
        super().__init__()
        self.field = field
        self.url = url
        self.known = known

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        context = {
            **self.get_context(name, value, attrs),
            "files": self.known([pk for text in self.format_value(value) if (pk := id_from(text)) is not None]),
            "field": self.field,
            "url": self.url,
            "accept": ",".join(f".{ending}" for ending in self.field.settings["extensions"]),
            "describedby": (attrs or {}).get("aria-describedby", ""),
            "invalid": (attrs or {}).get("aria-invalid", ""),
        }
        return mark_safe(render_to_string(self.template_name, context))  # noqa: S308

    def format_value(self, value: Any) -> list[str]:
        return [str(item) for item in value or ()]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name)

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class PairsWidget(JsonWidget):
    """Names and values: headers of a call, or (with `of_fields`) fields of the process and what they become."""

    template_name = "automation/_pairs.html"

    def __init__(self, *, of_fields: bool) -> None:
        super().__init__()
        self.of_fields = of_fields

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "of_fields": self.of_fields}

    def empty(self) -> Mapping[str, Any]:
        return {}


def _options(value: Any) -> list[dict[str, str]]:
    """What was typed last, even if it is not right yet."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [item if isinstance(item, dict) else {"label": str(item)} for item in found or []]
