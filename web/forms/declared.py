"""The settings form that a field type or robot declares, dressed for a page."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from core.registry import Extension, SettingsForm
from processes.field_types.choice import OptionsField
from web.forms.widgets import OptionsWidget

WIDGETS: Mapping[type[forms.Field], type[forms.Widget]] = {OptionsField: OptionsWidget}
"""Where a declared field is better served by an input of ours."""


def declared_form(
    extension: Extension,
    settings: Mapping[str, Any] | None = None,
    *,
    context: Any = None,
    prefix: str | None = None,
) -> SettingsForm:
    """The extension's form, showing `settings`; it is for showing, `clean_settings` is what checks."""
    form = extension.Settings(initial=dict(settings or {}), context=context, prefix=prefix)
    for field in form.fields.values():
        widget = next((widget for kind, widget in WIDGETS.items() if isinstance(field, kind)), None)
        if widget:
            field.widget = widget()
    return form


def settings_from(extension: Extension, data: QueryDict, prefix: str) -> dict[str, Any]:
    """What a submitted form says about the declared settings, as plain JSON for `clean_settings`."""
    form = extension.Settings(prefix=prefix)
    return {name: _raw(field, data, form.add_prefix(name)) for name, field in form.fields.items()}


def _raw(field: forms.Field, data: QueryDict, name: str) -> Any:
    value = field.widget.value_from_datadict(data, {}, name)
    if isinstance(field, forms.JSONField) and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
