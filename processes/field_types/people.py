"""Several of the people here."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy

from accounts.models import User
from processes.definition_types import FieldDef, Words
from processes.field_types.choices import listed, named_parts
from processes.field_types.person import person_from_text, to_person
from processes.fieldtype import (
    PERSON,
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    field_types,
    through_text,
)


def as_only_one(value: int, source: FieldDef, target: FieldDef, context: ConversionContext) -> list[int]:
    """One of several."""
    return [value]


@field_types.register
class PeopleType(FieldType):
    """Several active people, by id, each once, in the order in which they were given."""

    key = "people"
    label = gettext_lazy("Several people")
    icon = "users"
    group = Group.PEOPLE
    description = gettext_lazy("Several colleagues: a team, the participants.")
    kind = "people"
    readings: ClassVar = {"text": through_text, "person": as_only_one}
    sortable = False
    is_chip = True
    refers = PERSON
    defaults = frozenset({"constant", "me"})

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return ArrayField(models.BigIntegerField(), null=True)

    def parse(self, raw: Any, field: FieldDef) -> list[int] | None:
        return list(dict.fromkeys(to_person(item) for item in listed(raw))) or None

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> list[int]:
        return named_parts(text, lambda part: person_from_text(part, context))

    def to_text(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        return "; ".join(context.name(PERSON, person) for person in value or ())

    def display(self, value: list[int] | None, field: FieldDef, context: DisplayContext) -> str:
        return ", ".join(context.name(PERSON, person) for person in value or ())

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.ModelMultipleChoiceField(
            label=field.label, help_text=field.help, required=False, queryset=User.objects.active().by_name()
        )

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "integer", "description": "id of a person"}, "uniqueItems": True}

    def ids_in(self, value: list[int] | None) -> Sequence[int]:
        return value or ()


OBSERVERS_FIELD = FieldDef(0, "observers", Words("observers"), field_types["people"])
"""The people who watch a record, as if they were a field."""
