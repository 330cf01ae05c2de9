"""The form of a change of type: what the field is to become."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from processes.conversion import targets_for
from processes.definition import field_def
from processes.fieldtype import FieldType
from processes.models import Field
from processes.permissions import Access
from records.queries.conversion import former_form
from records.queries.conversion_rules import completed_settings, makes_options, unread


class ConversionForm(forms.Form):
    """The new type, and consent where the way back from the last change goes."""

    type = forms.ChoiceField(label=_("New kind of answer"))
    confirm = forms.BooleanField(required=False)

    def __init__(self, *args: Any, field: Field, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = targets_for(field_def(field))
        self.former = former_form(field)
        choices = [("", _("Choose…")), *((kind.key, kind.label) for kind in self.targets)]
        self.fields["type"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> FieldType | None:
        """The type that is chosen, if the field can become one."""
        return next((kind for kind in self.targets if kind.key == self["type"].value()), None)


def first_settings(access: Access, field: Field, kind: FieldType) -> dict[str, Any]:
    """What the settings of a new type begin with: options from the values there are, the rest as the type has it."""
    if makes_options(field, kind.key, {}) and unread(access, field_def(field)).exists():
        return {}
    try:
        return kind.clean_settings(completed_settings(access, field, kind.key, {}), context=access)
    except Invalid:
        return {}
