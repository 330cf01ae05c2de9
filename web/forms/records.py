"""Forms of records, made of what a process asks."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import people
from processes.definition_types import FieldDef
from processes.models import Field, Operation
from processes.permissions import Access
from records.operations.values import TITLE_LIMIT
from records.queries.filters import readable_fields

SEARCHED = 8
"""A list of more choices than this can be searched."""


class RecordForm(forms.Form):
    """A record to be. The domain checks the values; the form carries them as they were typed."""

    def __init__(self, access: Access, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"] = forms.CharField(label=_("Title"), max_length=TITLE_LIMIT)
        if access.can(Operation.ASSIGN):
            self.fields["assignee"] = _assignee_field()
        for field in readable_fields(access):
            self.fields[field.key] = control_of(field)

    def raw_values(self) -> dict[str, Any]:
        """What was typed, by key."""
        return {
            name: field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            for name, field in self.fields.items()
        }


class ValueForm(forms.Form):
    """One value of a record, edited in its place."""

    def __init__(self, field: FieldDef, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        control = control_of(field)
        if isinstance(control, forms.ModelChoiceField) and self.initial.get("value"):
            # Whoever stands there may have been deactivated since.
            control.queryset = control.queryset | User.objects.filter(pk=self.initial["value"])
        self.fields["value"] = control
        control.widget.attrs |= {"autofocus": True, "aria-label": field.label}

    def raw_value(self) -> Any:
        """What was typed."""
        return self.fields["value"].widget.value_from_datadict(self.data, self.files, "value")


def control_of(field: FieldDef) -> forms.Field:
    """The input of a field; long lists of choices are searchable."""
    control = field.type.form_field(field)
    control.required = field.required == Field.Required.ALWAYS
    if isinstance(control, forms.ChoiceField) and _is_long(control):
        control.widget.attrs["data-controller"] = "select"
    return control


def _assignee_field() -> forms.Field:
    control = forms.ModelChoiceField(label=_("Assignee"), required=False, queryset=people())
    if _is_long(control):
        control.widget.attrs["data-controller"] = "select"
    return control


def _is_long(control: forms.ChoiceField) -> bool:
    if isinstance(control, forms.ModelChoiceField):
        return control.queryset is not None and control.queryset[SEARCHED:].exists()
    choices = control.choices
    return isinstance(choices, list) and len(choices) > SEARCHED
