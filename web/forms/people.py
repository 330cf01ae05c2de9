"""Forms about people, their roles and tokens."""

import zoneinfo
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from accounts.operations.tokens import SERVICE_SCOPES
from accounts.queries import givable_roles
from accounts.tree import Node
from web.forms.departments import DepartmentChoice

SCOPE_LABELS = {
    "read": _("Read records"),
    "write": _("Create and change records"),
    "admin": _("Design processes, rights and automation"),
}


class InvitationForm(forms.Form):
    """Somebody who shall come in."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=150)
    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput)
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of the letter and, at first, of the pages.")
    )
    by_mail = forms.BooleanField(label=_("Send the link by mail"), required=False, initial=True)
    is_admin = forms.BooleanField(
        label=_("Administrator"), required=False, help_text=_("May do everything, in every process.")
    )

    def __init__(self, *args: Any, nodes: Iterable[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nodes = list(nodes)
        if nodes:
            self.fields["department"] = DepartmentChoice(
                nodes, label=_("Department"), required=False, empty_label=_("None")
            )
        self.order_fields(["name", "email", "department", "language", "by_mail", "is_admin"])


class PersonDepartmentForm(forms.Form):
    """Where somebody works."""

    def __init__(self, *args: Any, nodes: Iterable[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"] = DepartmentChoice(
            nodes, label=_("Department"), required=False, empty_label=_("None")
        )


class JoinForm(forms.Form):
    """The first password."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters; not one of the common ones."),
    )


class RoleForm(forms.Form):
    """What a role is called."""

    name = forms.CharField(label=_("Name"), max_length=150)


class NewRoleForm(RoleForm):
    """A role to be, and whose rights it begins with."""

    like = forms.ModelChoiceField(
        Role.objects.order_by("position"),
        label=_("Rights as"),
        empty_label=_("none yet"),
        required=False,
        help_text=_("It may do in every process what that role may, and can be changed afterwards."),
    )


class TokenForm(forms.Form):
    """A token and what it may do."""

    name = forms.CharField(
        label=_("Name"), max_length=150, help_text=_("What it is for: “Website form”, “Accounting”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        help_text=_("Of what you may do yourself."),
        choices=list(SCOPE_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    expires = forms.TypedChoiceField(
        label=_("Stops working"),
        coerce=int,
        choices=[(30, _("in 30 days")), (90, _("in 90 days")), (365, _("in a year")), (0, _("never"))],
        initial=90,
    )

    def described(self) -> dict[str, Any]:
        """What the form says of the token, as the operation takes it; `expires_at` is None for never."""
        data = self.cleaned_data
        expires_at = timezone.now() + timedelta(days=data["expires"]) if data["expires"] else None
        return {"name": data["name"], "scopes": data["scopes"], "expires_at": expires_at}


class ServiceTokenForm(forms.Form):
    """What a service token is called and which roles it has."""

    name = forms.CharField(
        label=_("Name"), max_length=150, help_text=_("The history of records says this name for what the program does.")
    )
    roles = forms.ModelMultipleChoiceField(
        givable_roles(),
        label=_("Roles"),
        required=False,
        help_text=_("It may do what any of them may. No record is its own, so scopes like “Own” give it nothing."),
        widget=forms.CheckboxSelectMultiple,
    )


class NewServiceTokenForm(ServiceTokenForm, TokenForm):
    """A service token to be."""

    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        help_text=_("Of what its roles may do."),
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SERVICE_SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("name", "roles", "scopes", "expires")

    def described(self) -> dict[str, Any]:
        """With its roles."""
        return {**super().described(), "roles": self.cleaned_data["roles"]}


class ProfileForm(forms.Form):
    """How somebody is called and how the product looks to them."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=150)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(zone, zone.replace("_", " ")) for zone in sorted(zoneinfo.available_timezones())],
        widget=forms.Select(attrs={"data-controller": "select"}),
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme, widget=forms.RadioSelect)
