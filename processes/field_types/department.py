"""One of the departments."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import Expression, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Department
from core.text import id_from
from processes.definition_types import FieldDef
from processes.fieldtype import DEPARTMENT, DisplayContext, FieldType, Group, TextContext, WrongValue, field_types


@field_types.register
class DepartmentType(FieldType):
    """A department, by id."""

    key = "department"
    label = gettext_lazy("Department")
    icon = "sitemap"
    group = Group.PEOPLE
    description = gettext_lazy("A part of the company.")
    kind = "department"
    refers = DEPARTMENT

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, related_name="+")

    def attname(self, field: FieldDef) -> str:
        return f"{field.column}_id"

    def parse(self, raw: Any, field: FieldDef) -> int | None:
        if raw is None or raw == "":
            return None
        found = None if isinstance(raw, bool) else id_from(str(raw))
        if found is None:
            raise WrongValue(_("The id of a department is expected."))
        return found

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> int:
        found = context.find_departments(text)
        if len(found) != 1:
            several, none = _("Several departments are called “%s”."), _("There is no department called “%s”.")
            raise WrongValue((several if found else none) % text[:100])
        return found[0]

    def display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else context.name(DEPARTMENT, value)

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.ModelChoiceField(
            label=field.label, help_text=field.help, required=False, queryset=Department.objects.order_by("name")
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "description": "id of a department"}

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F]:
        return "text", F(f"{field.column}__name")

    def ids_in(self, value: int | None) -> Sequence[int]:
        return () if value is None else (value,)
