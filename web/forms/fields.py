"""The form of a field: its words, its rules and where it is shown."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from processes.definition import field_def
from processes.fieldtype import FieldType, field_types
from processes.models import Field, Process, Section, Stage

CONSTANT, NOW, ME, NOTHING = "constant", "now", "me", ""
DEFAULTS = {
    NOTHING: _("Empty"),
    CONSTANT: _("This value"),
    NOW: _("The moment of creation"),
    ME: _("Who creates the record"),
}
PLAIN = ("label", "help", "required", "on_card", "in_list", "is_unique", "is_searchable", "visible_if")
"""Inputs that are what is stored."""
OTHER_WORDS = tuple((code, name) for code, name in settings.LANGUAGES)


class FieldForm(forms.Form):
    """A question, what rules hold for its answers and where they are shown; key and type are set once."""

    label = forms.CharField(label=_("Name"), max_length=100)
    type = forms.ChoiceField(label=_("Kind of answer"), choices=field_types.choices)
    key = forms.CharField(
        label=_("Key for programs"),
        max_length=40,
        required=False,
        help_text=_("Made from the name if you leave it empty; it stays for good."),
    )
    help = forms.CharField(label=_("Help under the field"), max_length=255, required=False)
    required = forms.ChoiceField(
        label=_("An answer is required"), choices=Field.Required, initial=Field.Required.NEVER, required=False
    )
    required_from = forms.ModelChoiceField(label=_("From the stage"), queryset=Stage.objects.none(), required=False)
    section = forms.ModelChoiceField(
        label=_("Section"), queryset=Section.objects.none(), required=False, empty_label=_("No section")
    )
    begins_with = forms.ChoiceField(label=_("A new record begins with"), choices=list(DEFAULTS.items()), required=False)
    on_card = forms.BooleanField(label=_("On the card of the board"), required=False)
    in_list = forms.BooleanField(label=_("In the list"), required=False, initial=True)
    is_unique = forms.BooleanField(label=_("No two records share a value"), required=False)
    is_searchable = forms.BooleanField(label=_("The search finds it"), required=False)
    visible_if = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, process: Process, kind: FieldType, field: Field | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kind, self._field = kind, field
        if field is not None:
            del self.fields["type"], self.fields["key"]
        for code, name in OTHER_WORDS:
            self.fields[f"label_{code}"] = forms.CharField(label=name, max_length=100, required=False)
            self.fields[f"help_{code}"] = forms.CharField(label=name, max_length=255, required=False)
        self.fields["required_from"].queryset = (  # type: ignore[attr-defined]
            Stage.objects.filter(pipeline__process=process).select_related("pipeline")
        )
        self.fields["section"].queryset = Section.objects.filter(process=process)  # type: ignore[attr-defined]
        self._leave_out()
        if "constant" in self._defaults():
            shown = field_def(field or Field(process=process, key="value", label="", type=kind.key))
            if field is not None or not kind.Settings().fields:
                self.fields["default"] = shown.type.form_field(shown)
                self.fields["default"].label = _("Value")
                self.fields["default"].required = False

    @classmethod
    def showing(cls, field: Field, kind: FieldType, data: Any = None) -> "FieldForm":
        """The form as a field is now, or as it was submitted."""
        initial: dict[str, Any] = {name: getattr(field, name) for name in PLAIN}
        initial |= {"required_from": field.required_from_id, "section": field.section_id}
        default = field.default or {}
        initial["begins_with"] = next(iter(default), NOTHING)
        if CONSTANT in default:
            initial["default"] = kind.form_value(kind.from_json(default[CONSTANT]))
        initial |= {f"label_{code}": text for code, text in field.labels.items()}
        initial |= {f"help_{code}": text for code, text in field.helps.items()}
        return cls(data, process=field.process, kind=kind, field=field, initial=initial)

    @property
    def translations(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Name and help in every language of the product."""
        return [(self[f"label_{code}"], self[f"help_{code}"]) for code, _name in OTHER_WORDS]

    def changes(self) -> dict[str, Any]:
        """What the operations take, by name. Raises Invalid for a default that was chosen and not given."""
        data = self.cleaned_data
        found: dict[str, Any] = {name: data[name] for name in PLAIN if name in self.fields}
        found |= {"visible_if": data["visible_if"] or None, "section": data["section"]}
        if "required" in self.fields:
            found["required"] = data["required"] or Field.Required.NEVER
            found["required_from"] = data["required_from"]
        found["labels"] = {code: data[f"label_{code}"] for code, _name in OTHER_WORDS if data[f"label_{code}"]}
        found["helps"] = {code: data[f"help_{code}"] for code, _name in OTHER_WORDS if data[f"help_{code}"]}
        if "begins_with" in self.fields:
            found["default"] = self._default(data["begins_with"])
        return found

    def _default(self, begins_with: str) -> Mapping[str, Any] | None:
        if begins_with == NOTHING:
            return None
        if begins_with != CONSTANT:
            return {begins_with: True}
        control = self.fields.get("default")
        raw = control and control.widget.value_from_datadict(self.data, self.files, self.add_prefix("default"))
        if raw in (None, "", []):
            raise Invalid(_("Give the value."), {"default": [_("Give the value.")]})
        return {CONSTANT: raw}

    def _defaults(self) -> frozenset[str]:
        return frozenset() if self._kind.is_computed else self._kind.defaults

    def _leave_out(self) -> None:
        """What the type does not know is not asked."""
        if self._kind.is_computed:
            del self.fields["required"], self.fields["required_from"]
        if not self._kind.can_be_unique:
            del self.fields["is_unique"]
        if not self._kind.can_be_searched:
            del self.fields["is_searchable"]
        known = [(key, label) for key, label in DEFAULTS.items() if key == NOTHING or key in self._defaults()]
        if len(known) == 1:
            del self.fields["begins_with"]
        else:
            self.fields["begins_with"].choices = known  # type: ignore[attr-defined]
