"""The settings form that a field type or robot declares, dressed for a page."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from automation.choices import JsonMapField, PeopleField, PersonField, SecretField
from core.actor import SYSTEM, Actor
from core.registry import Extension, SettingsForm
from processes.field_types.choice import OptionsField
from processes.field_types.rollup import LinkedCondition
from processes.schema import schema_of
from web.forms.conditions import builder_of
from web.forms.widgets import ConditionWidget, OptionsWidget, PairsWidget

PREFIX = "settings"


def declared_form(
    extension: Extension,
    settings: Mapping[str, Any] | None = None,
    *,
    data: QueryDict | None = None,
    context: Any = None,
    prefix: str | None = None,
    actor: Actor = SYSTEM,
) -> SettingsForm:
    """The extension's form, showing stored `settings`, or submitted `data` with what is wrong about them."""
    form = extension.Settings(data=data, initial=dict(settings or {}), context=context, prefix=prefix)
    for name, field in form.fields.items():
        _dress(field, is_stored=bool((settings or {}).get(name)))
        if isinstance(field, LinkedCondition):
            field.widget = ConditionWidget(
                by=form.add_prefix(field.by), schemas=_schemas(field, actor, form[name].value())
            )
        by = getattr(field, "narrowed_by", None)
        if by is not None:
            told = {form.add_prefix(other): fitting for other, fitting in by.items()}
            field.widget.attrs |= {"data-narrowed": json.dumps(told)}
    return form


def settings_from(extension: Extension, data: QueryDict, *, context: Any = None) -> dict[str, Any]:
    """What a submitted form says about the declared settings, as plain JSON for `clean_settings`."""
    form = declared_form(extension, context=context, prefix=PREFIX)
    return {name: _raw(field, data, form.add_prefix(name)) for name, field in form.fields.items()}


def _dress(field: forms.Field, *, is_stored: bool) -> None:
    """Give a declared field the input that serves it best."""
    if isinstance(field, OptionsField):
        field.widget = OptionsWidget()
    elif isinstance(field, JsonMapField):
        field.widget = PairsWidget(of_fields=field.of_fields)
    elif isinstance(field, PeopleField):
        field.widget.attrs["data-controller"] = "select"
    elif isinstance(field, PersonField) and not field.required:
        field.choices = [("", "—"), *field.choices]  # type: ignore[misc]
    elif isinstance(field, SecretField):
        field.widget.attrs["autocomplete"] = "new-password"
        if is_stored:
            field.widget.attrs["placeholder"] = _("Stored. Leave empty to keep it.")
    if getattr(field, "has_placeholders", False):
        field.widget.attrs["data-placeholders"] = ""


def _schemas(field: LinkedCondition, actor: Actor, given: Any) -> dict[str, list[dict[str, Any]]]:
    """What the builder offers, by what the other input says."""
    return {
        choice: builder_of(definition, actor, schema=schema_of(definition), given=given)
        for choice, definition in field.processes.items()
    }


def _raw(field: forms.Field, data: QueryDict, name: str) -> Any:
    value = field.widget.value_from_datadict(data, {}, name)
    if isinstance(field, forms.JSONField) and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
