"""Inputs that robots' settings share: texts with placeholders, people, secrets."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from standardwebhooks import Webhook

from accounts.models import User
from automation.scope import template_for
from core.errors import Invalid
from core.registry import SettingsForm
from core.sealing import seal
from core.text import check_unicode
from processes.definition_types import Definition


class PlaceholderField(forms.CharField):
    """A text that may hold placeholders; checked against the process when it is saved."""

    has_placeholders: ClassVar[bool] = True

    def __init__(self, *, lines: int = 1, **kwargs: Any) -> None:
        widget = forms.TextInput() if lines == 1 else forms.Textarea({"rows": lines})
        super().__init__(**{"widget": widget, "max_length": 10_000, **kwargs})

    def check(self, text: str, definition: Definition) -> None:
        """Raises ValidationError where a placeholder is malformed or speaks of an unknown field."""
        try:
            template_for(definition, check_unicode(text, field="text"))
        except Invalid as error:
            raise forms.ValidationError(str(error.message)) from error


class PeopleField(forms.MultipleChoiceField):
    """People by the part they play for a record, by a field, or by name.

    A choice is `assignee`, `author`, `field:<key>` or `person:<id>`.
    """


class PersonField(forms.ChoiceField):
    """One such choice."""


class SecretField(forms.CharField):
    """A secret: encrypted when it is given, never shown; left empty it stays what it was."""

    widget = forms.PasswordInput

    def clean(self, value: Any) -> Any:
        return {"sealed": seal(text)} if (text := super().clean(value)) else None


class SigningSecretField(SecretField):
    """A secret that signs by Standard Webhooks."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        try:
            if value:
                Webhook(value)
        except (ValueError, RuntimeError) as error:
            raise forms.ValidationError(_("A signing secret is base64 text, usually after “whsec_”.")) from error


class JsonMapField(forms.JSONField):
    """A flat JSON object; `of_fields` says that its names are keys of the process's fields."""

    def __init__(self, *, limit: int = 50, of_fields: bool = False, **kwargs: Any) -> None:
        self.limit = limit
        self.of_fields = of_fields
        super().__init__(**{"widget": forms.Textarea({"rows": 4}), "required": False, **kwargs})

    def clean(self, value: Any) -> dict[str, Any]:
        data = super().clean(value) or {}
        if not isinstance(data, dict) or len(data) > self.limit:
            raise forms.ValidationError(_("Give at most %d pairs of a name and a value.") % self.limit)
        return data


class RobotSettings(SettingsForm):
    """Settings of a robot; `context` is the definition of its process.

    Choices of people are filled, texts are checked for placeholders.
    """

    context: Definition

    def __init__(self, *args: Any, context: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, context=context, **kwargs)
        for field in self.fields.values():
            if isinstance(field, PeopleField | PersonField):
                field.choices = people_choices(context)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, field in self.fields.items():
            if isinstance(field, PlaceholderField) and cleaned.get(name):
                self._check(field, name, cleaned[name])
        return cleaned

    def _check(self, field: PlaceholderField, name: str, text: str) -> None:
        try:
            field.check(text, self.context)
        except forms.ValidationError as error:
            self.add_error(name, error)


def people_choices(definition: Definition) -> list[Any]:
    """Choices of a PeopleField: parts, person fields, active people."""
    parts = [("assignee", gettext_lazy("Responsible person")), ("author", gettext_lazy("Who created it"))]
    parts.append(("observers", gettext_lazy("Who watches it")))
    fields = [(f"field:{field.key}", field.label) for field in definition.fields if field.type.kind == "person"]
    people = [(f"person:{pk}", name) for pk, name in User.objects.active().by_name().values_list("pk", "name")]
    return [*parts, (_("Fields"), fields), (_("People"), people)] if fields else [*parts, (_("People"), people)]


def people_of(choices: list[str], values: Mapping[str, Any]) -> list[int]:
    """The ids that such choices mean for the values of a record, each once, in order."""
    found: list[int] = []
    for choice in choices:
        kind, _colon, rest = choice.partition(":")
        named = int(rest) if kind == "person" else values.get(rest if kind == "field" else choice)
        people = named if isinstance(named, list) else [named]
        found += [person for person in people if isinstance(person, int) and person not in found]
    return found


def keep_secrets(
    form_fields: Mapping[str, forms.Field], cleaned: dict[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The cleaned settings, with the secrets that were left empty as they were before."""
    kept = {
        name: before[name]
        for name, field in form_fields.items()
        if isinstance(field, SecretField) and cleaned.get(name) is None and before.get(name)
    }
    return cleaned | kept


def without_secrets(form_fields: Mapping[str, forms.Field], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings for people and programs to see: of a secret only whether there is one."""
    return {
        name: bool(value) if isinstance(form_fields.get(name), SecretField) else value
        for name, value in settings.items()
    }
