"""One of the people here."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Expression, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.text import id_from
from processes.definition_types import FieldDef, Words
from processes.field_types.choice import only_one
from processes.fieldtype import (
    PERSON,
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)


def only_person(value: list[int], source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """The one of several people. Raises WrongValue where there are more, or nobody by that id."""
    person = only_one(value)
    context.display.name(PERSON, person)
    return person


@field_types.register
class PersonType(FieldType):
    """An active person, by id."""

    key = "person"
    label = gettext_lazy("Person")
    icon = "user"
    group = Group.PEOPLE
    description = gettext_lazy("A colleague: a manager, an approver.")
    kind = "person"
    readings: ClassVar = {"text": through_text, "people": only_person}
    refers = PERSON
    defaults = frozenset({"constant", "me"})

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    def attname(self, field: FieldDef) -> str:
        return f"{field.column}_id"

    def parse(self, raw: Any, field: FieldDef) -> int | None:
        if raw is None or raw == "":
            return None
        return to_person(raw)

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> int:
        return person_from_text(text, context)

    def display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else context.name(PERSON, value)

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.ModelChoiceField(
            label=field.label, help_text=field.help, required=False, queryset=User.objects.active().by_name()
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "description": "id of a person"}

    def ids_in(self, value: int | None) -> Sequence[int]:
        return () if value is None else (value,)

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F]:
        return "text", F(f"{field.column}__folded_name")


PERSON_FIELD = FieldDef(0, "assignee", Words("assignee"), field_types["person"])
"""The person who is responsible, as if it were a field."""


def person_from_text(text: str, context: TextContext) -> int:
    """The active person whom an e-mail address or a full name means. Raises WrongValue."""
    found = context.find_people(text)
    if len(found) > 1:
        raise WrongValue(_("Several people are called “%s”; write the e-mail address.") % text[:100])
    if not found:
        raise WrongValue(_("There is nobody called “%s”.") % text[:100])
    return found[0]


def to_person(raw: Any) -> int:
    """The id that a JSON value gives. Raises WrongValue."""
    person_id = None if isinstance(raw, bool) else id_from(str(raw))
    if person_id is None:
        raise WrongValue(_("The id of a person is expected."))
    return person_id
