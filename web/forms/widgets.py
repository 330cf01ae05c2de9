"""Inputs that are more than one HTML control; scripts make them comfortable."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from processes.models.pipeline import COLORS


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
