"""The form of a saved view: what it is called and who finds it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.queries import roles
from processes.models import Operation
from processes.permissions import Access
from records.models.saved_view import Audience
from records.queries.saved_views import View


class SavedViewForm(forms.Form):
    """A view's name; for designers of the process also its audience."""

    name = forms.CharField(label=_("Name"), max_length=80)
    query = forms.CharField(widget=forms.HiddenInput, required=False)
    audience = forms.ChoiceField(
        label=_("Who finds it"), choices=Audience.choices, widget=forms.RadioSelect, initial=Audience.OWNER
    )
    role_ids = forms.MultipleChoiceField(label=_("Roles"), widget=forms.CheckboxSelectMultiple, required=False)
    is_default = forms.BooleanField(label=_("The page opens with it"), required=False)

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if access.can(Operation.DESIGN):
            self.fields["role_ids"].choices = [(str(role.pk), role.name) for role in roles()]  # type: ignore[attr-defined]
        else:
            for name in ("audience", "role_ids", "is_default"):
                del self.fields[name]

    @staticmethod
    def initial_of(view: View) -> dict[str, Any]:
        """What the form shows of a view."""
        role_ids = [str(pk) for pk in view.role_ids]
        return {"name": view.name, "audience": view.audience, "role_ids": role_ids, "is_default": view.is_default}

    def changes(self) -> dict[str, Any]:
        """What the operations take."""
        changes = {name: value for name, value in self.cleaned_data.items() if name in self.fields}
        if "audience" in changes:
            # What stands in a part of the dialog that is not shown is not meant.
            changes["role_ids"] = [int(pk) for pk in changes["role_ids"] if changes["audience"] == Audience.ROLES]
            changes["is_default"] = changes["is_default"] and changes["audience"] == Audience.ALL
        return changes
