"""Inputs that are more than one HTML control; scripts make them comfortable."""

import json
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from processes.models.pipeline import COLORS


class OptionsWidget(forms.Widget):
    """Options of a choice: rows with a colour and a label, kept as JSON in a hidden input."""

    template_name = "processes/_options.html"
    input_type = "text"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return {**context, "options": _options(value), "colors": COLORS}

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return mark_safe(render_to_string(self.template_name, self.get_context(name, value, attrs)))  # noqa: S308

    def format_value(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value or [])

    def use_required_attribute(self, initial: Any) -> bool:
        return False


def _options(value: Any) -> list[dict[str, str]]:
    """What was typed last, even if it is not right yet."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [item if isinstance(item, dict) else {"label": str(item)} for item in found or []]
