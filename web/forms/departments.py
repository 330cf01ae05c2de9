"""Forms about the tree of departments."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, User
from accounts.operations.departments import DepartmentChanges, said_of
from accounts.queries import people
from accounts.tree import Node
from core.seen import mark_of

INDENT = "\u2007\u2007"


class DepartmentChoice(forms.ModelChoiceField[Department]):
    """One department of the tree, each below the one it belongs to."""

    def __init__(self, nodes: Iterable[Node], **options: Any) -> None:
        super().__init__(Department.objects.all(), **options)
        empty = str(self.empty_label or "")
        rows = [(node.id, f"{INDENT * (node.level - 1)}{node.name}") for node in nodes]
        self.choices = rows if self.required else [("", empty), *rows]


class DepartmentForm(forms.Form):
    """A department's name, place and head."""

    name = forms.CharField(label=_("Name"), max_length=150)
    head = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Head"),
        required=False,
        empty_label=_("Nobody"),
        widget=forms.Select(attrs={"data-controller": "select", "data-placeholder": _("Nobody")}),
    )

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, nodes: Iterable[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"] = DepartmentChoice(
            nodes, label=_("Belongs to"), required=False, empty_label=_("Nothing above it")
        )
        self.fields["head"].queryset = people()  # type: ignore[attr-defined]
        self.order_fields(["name", "parent", "head"])

    @classmethod
    def showing(cls, department: Department, data: Any = None, *, nodes: Iterable[Node]) -> "DepartmentForm":
        """The form with the department as it is now."""
        said = said_of(department)
        return cls(data, nodes=nodes, initial={**said, "seen": mark_of(said)})

    def described(self) -> DepartmentChanges:
        """What the form says of the department."""
        data = self.cleaned_data
        return {"name": data["name"], "parent": data["parent"], "head": data["head"]}


class NewDepartmentForm(forms.Form):
    """The name of a department in the making."""

    name = forms.CharField(label=_("Name"), max_length=150)


class DeleteDepartmentForm(forms.Form):
    """Where people and departments go when theirs is deleted."""

    def __init__(self, *args: Any, nodes: Iterable[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rehome_to"] = DepartmentChoice(nodes, label=_("What is in it goes to"))


class DepartmentRoleForm(forms.Form):
    """Which department gets a role, and how far it reaches."""

    with_descendants = forms.BooleanField(label=_("And all departments below it"), required=False, initial=True)

    def __init__(self, *args: Any, nodes: Iterable[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = DepartmentChoice(nodes, label=_("Department"))
        self.order_fields(["to", "with_descendants"])
