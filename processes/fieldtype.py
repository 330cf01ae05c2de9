"""What a field type must say, and the registry of all of them.

A type is one class in one file of `processes/field_types/`. What it says here gives it the form, the API in and out,
JSON Schema, filter, sort, list cell, import, export, conditions and history text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import models

from core.errors import Text
from core.registry import Extension, Registry

if TYPE_CHECKING:
    from processes.definition_types import FieldDef


class WrongValue(ValueError):
    """A value that a field cannot take; its text is for the person who gave it."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class DisplayContext:
    """What showing values needs besides the values: names of people by id."""

    people: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextContext:
    """What reading a file's text needs besides the text: whom a name or an address of a person may mean, by id."""

    find_people: Callable[[str], Sequence[int]] = lambda text: ()


class FieldType(Extension):
    """The kind of answer a field takes.

    A *value* is what the typed model's attribute holds (an id for a person); `None` is the only empty value.
    """

    icon: ClassVar[str] = "forms"
    kind: ClassVar[str]
    """The value kind of `expressions.values`, which decides the operators of conditions."""
    sortable: ClassVar[bool] = True
    summable: ClassVar[bool] = False
    """Whether values add up; such a value stands out on a card as its amount."""
    is_chip: ClassVar[bool] = False
    """Whether a card shows the value as a chip in its foot rather than as a line of text."""

    def model_field(self, field: "FieldDef") -> "models.Field[Any, Any]":
        """The column; always nullable, because a field may be added to a million records."""
        raise NotImplementedError

    def attname(self, field: "FieldDef") -> str:
        """The attribute of the typed model that holds the value."""
        return field.column

    def parse(self, raw: Any, field: "FieldDef") -> Any:
        """The value of a JSON value or of a person's text; empty input gives None. Raises WrongValue."""
        raise NotImplementedError

    def from_text(self, text: str, field: "FieldDef", context: TextContext) -> Any:
        """What `parse` takes, from what a person wrote into a file in the active language; the text is not empty.

        Raises WrongValue.
        """
        return text

    def to_json(self, value: Any) -> Any:
        """The value for JSON: REST, events, exports."""
        return value

    def from_json(self, raw: Any) -> Any:
        """The value of what `to_json` once gave; it is not checked again."""
        return raw

    def display(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value for a person, in the active language; empty text for None."""
        return "" if value is None else str(value)

    def form_field(self, field: "FieldDef") -> forms.Field:
        """The input of a form. It need not validate: `parse` does."""
        return forms.CharField(label=field.label, help_text=field.help, required=False)

    def json_schema(self, field: "FieldDef") -> dict[str, Any]:
        """JSON Schema of a value, without the null that every optional field takes."""
        raise NotImplementedError

    def short_display(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value where there is little room and no label beside it: on a tile of the board."""
        return self.display(value, field, context)

    def color(self, value: Any, field: "FieldDef") -> str:
        """A palette name for the value; empty where it has no colour."""
        return ""

    def people_in(self, value: Any) -> list[int]:
        """Ids of people that showing the value needs the names of."""
        return []


field_types: Registry[FieldType] = Registry("field type")
