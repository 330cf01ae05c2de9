"""One of several options."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import models
from django.db.models import Case, Expression, F, IntegerField, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.registry import SettingsForm
from core.text import KEY_PATTERN, clean_line, fold, key_from
from processes.definition_types import FieldDef, Words
from processes.fieldtype import (
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)
from processes.models.pipeline import COLORS

MOST_OPTIONS = 200
LONGEST_LABEL = 100


class OptionsField(forms.JSONField):
    """A list of options: `{"key", "label", "color"}`, or labels alone; keys are made where they are missing."""

    def clean(self, value: Any) -> list[dict[str, Any]]:
        raw = super().clean(value) or []
        if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_OPTIONS:
            raise forms.ValidationError(_("Give 1 to %d options.") % MOST_OPTIONS)
        options: list[dict[str, Any]] = []
        for item in raw:
            options.append(self._option(item, options))
        return options

    def json_schema(self) -> dict[str, Any]:
        """Labels, or options with what is said of each."""
        label = {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}
        said = {
            "key": {"type": "string", "pattern": KEY_PATTERN.pattern.replace(r"\Z", "$")},
            "label": label,
            "labels": {"type": "object", "additionalProperties": label, "description": "Language → label."},
            "color": {"enum": [*COLORS]},
            "retired": {"type": "boolean", "description": "Stays where it is chosen and cannot be chosen anew."},
        }
        option = {"type": "object", "properties": said, "required": ["label"], "additionalProperties": False}
        return {"type": "array", "minItems": 1, "maxItems": MOST_OPTIONS, "items": {"anyOf": [label, option]}}

    def _option(self, item: Any, before: list[dict[str, Any]]) -> dict[str, Any]:
        data = {"label": item} if isinstance(item, str) else item
        if not isinstance(data, dict) or set(data) - {"key", "label", "labels", "color", "retired"}:
            raise forms.ValidationError(_("An option has a label, a key and a colour."))
        taken = {option["key"] for option in before}
        label = _label(data.get("label"))
        key = data.get("key") or key_from(label, taken=taken, fallback="option")
        if not isinstance(key, str) or not KEY_PATTERN.match(key) or key in taken:
            raise forms.ValidationError(_("The key “%s” is malformed or used twice.") % key)
        color = data.get("color") or COLORS[len(before) % len(COLORS)]
        if color not in COLORS:
            raise forms.ValidationError(_("There is no such colour."))
        option: dict[str, Any] = {"key": key, "label": label, "color": color}
        if labels := self._labels(data.get("labels")):
            option["labels"] = labels
        if data.get("retired"):
            option["retired"] = True
        return option

    def _labels(self, raw: Any) -> dict[str, str]:
        if raw in (None, ""):
            return {}
        if not isinstance(raw, dict) or not set(raw) <= {code for code, _name in settings.LANGUAGES}:
            raise forms.ValidationError(_("Words by language code are expected."))
        return {code: _label(text) for code, text in raw.items() if text}


def _label(raw: Any) -> str:
    try:
        return clean_line(raw, field="options", limit=LONGEST_LABEL)
    except Invalid as error:
        raise forms.ValidationError(str(error.fields["options"][0])) from error


class ChoiceSettings(SettingsForm):
    """The options."""

    options = OptionsField(label=gettext_lazy("Options"))


def same_option(key: str, source: FieldDef, target: FieldDef) -> str:
    """The key of the option of another field that is called the same. Raises WrongValue."""
    option = option_of(key, source)
    if option is None:
        raise WrongValue(_("“%s” is none of the options.") % key)
    wanted = fold(option["label"])
    called = [str(other["key"]) for other in target.settings["options"] if fold(other["label"]) == wanted]
    if not called:
        raise WrongValue(_("“%s” is none of the options.") % label_of(key, source))
    return key if key in called else called[0]


def only_option(value: list[str], source: FieldDef, target: FieldDef, context: ConversionContext) -> str:
    """The one option of several choices. Raises WrongValue where there are more."""
    return same_option(only_one(value), source, target)


def only_one(values: Sequence[Any]) -> Any:
    """The one of several. Raises WrongValue."""
    if len(values) != 1:
        raise WrongValue(_("There are %d values.") % len(values))
    return values[0]


@field_types.register
class ChoiceType(FieldType):
    """One of several options; stored by key, so options may be renamed."""

    key = "choice"
    label = gettext_lazy("Choice")
    icon = "list-check"
    group = Group.CHOICE
    description = gettext_lazy("One of the answers that you list, each with a colour.")
    kind = "choice"
    readings: ClassVar = {
        **dict.fromkeys(("text", "boolean", "integer", "number", "date", "person", "department"), through_text),
        "choices": only_option,
    }
    is_chip = True
    Settings = ChoiceSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.CharField(max_length=40, null=True)

    def parse(self, raw: Any, field: FieldDef) -> str | None:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str) or option_of(raw, field) is None:
            raise WrongValue(_("Choose one of the options."))
        return raw

    def refuse_new(self, value: str, present: str | None, field: FieldDef) -> None:
        if value != present and (option_of(value, field) or {}).get("retired"):
            raise WrongValue(_("This option is not in use any more."))

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> str:
        """An option by its label, or by its key."""
        return option_called(text, field)

    def to_text(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else text_of_option(value, field)

    def plain_text(self, value: str, field: FieldDef, context: DisplayContext) -> str:
        return self.display(value, field, context)

    def display(self, value: str | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else label_of(value, field)

    def color(self, value: str | None, field: FieldDef) -> str:
        return "" if value is None else (option_of(value, field) or {}).get("color", "")

    def form_field(self, field: FieldDef) -> forms.Field:
        choices = [("", "—"), *offered(field)]
        return forms.ChoiceField(label=field.label, help_text=field.help, required=False, choices=choices)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "enum": [option["key"] for option in field.settings["options"]]}

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F]:
        """By the place of the option among all options."""
        return "integer", in_order(field.attname, [option["key"] for option in field.settings["options"]])


def option_of(key: str, field: FieldDef) -> Mapping[str, Any] | None:
    """The option of a key; None for one that is gone."""
    return next((option for option in field.settings["options"] if option["key"] == key), None)


def label_of(key: str, field: FieldDef) -> str:
    """What the option of a key is called in the active language; the key itself when it is gone."""
    option = option_of(key, field)
    return key if option is None else str(Words(option["label"], option.get("labels", {})))


def offered(field: FieldDef) -> list[tuple[str, str]]:
    """Options for a form, those out of use last and marked so: a record that has one keeps it."""
    in_use = [(o["key"], label_of(o["key"], field)) for o in field.settings["options"] if not o.get("retired")]
    retired = [
        (o["key"], _("%s (out of use)") % label_of(o["key"], field))
        for o in field.settings["options"]
        if o.get("retired")
    ]
    return in_use + retired


def option_called(text: str, field: FieldDef) -> str:
    """The key of the option with this key or label (in any language). Raises WrongValue."""
    keys, labels = _called(field)
    key = text if text in keys else labels.get(fold(text))
    if key is None:
        raise WrongValue(_("“%s” is none of the options.") % text[:100])
    return key


def text_of_option(key: str, field: FieldDef) -> str:
    """The label of an option as `option_called` reads it back: the key where another option is called the same."""
    label = label_of(key, field)
    keys, labels = _called(field)
    return label if label not in keys and labels.get(fold(label)) == key else key


@lru_cache(maxsize=1024)
def _called(field: FieldDef) -> tuple[frozenset[str], Mapping[str, str]]:
    """The keys of all options, and folded label → key; of options called the same, the first."""
    labels: dict[str, str] = {}
    for option in field.settings["options"]:
        for label in (option["label"], *option.get("labels", {}).values()):
            labels.setdefault(fold(label), option["key"])
    return frozenset(option["key"] for option in field.settings["options"]), labels


def in_order(attribute: str, values: Sequence[Any]) -> Expression | F:
    """The place of a value among all values; empty for one that is not among them."""
    places = (When(**{attribute: value}, then=Value(place)) for place, value in enumerate(values))
    return Case(*places, output_field=IntegerField())
