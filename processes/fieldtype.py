"""What a field type must say, and the registry of all of them.

A type is one class in one file of `processes/field_types/`. What it says here gives it the form, the API in and out,
JSON Schema, filter, sort, list cell, import, export, conditions and history text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django import forms
from django.db import models
from django.db.models import Expression, F
from django.template.defaultfilters import linebreaksbr
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from core.registry import Extension, Registry
from expressions.folding import Folded, folded
from expressions.values import Money

if TYPE_CHECKING:
    from processes.definition_types import FieldDef

PERSON = "person"
DEPARTMENT = "department"
RECORD = "record"
FILE = "file"
"""Families of rows that values name by id."""

Cell = str | int | Decimal | date | datetime | Money | None
"""What a cell of a workbook may hold; a moment is local and knows no time zone."""


class WrongValue(ValueError):
    """A value that a field cannot take; its text is for the person who gave it."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class DisplayContext:
    """What showing values needs besides the values: the names of the rows they speak of, by family and id.

    A row whose name the reader may not know is not in it.
    """

    names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def name(self, family: str, row_id: int) -> str:
        """The name of a row; a word in its place where the reader may not know it."""
        return self.names.get(family, {}).get(row_id) or _("Restricted")


@dataclass(frozen=True, slots=True)
class TextContext:
    """What reading a file's text needs besides the text: which rows of a family a name may mean, by id."""

    find_people: Callable[[str], Sequence[int]] = lambda text: ()
    find_departments: Callable[[str], Sequence[int]] = lambda text: ()
    find_records: Callable[[int, str], Sequence[int]] = lambda process_id, text: ()


@dataclass(frozen=True, slots=True)
class ConversionContext:
    """What turning values of one type into those of another needs besides the values."""

    display: DisplayContext = field(default_factory=DisplayContext)
    text: TextContext = field(default_factory=TextContext)


Reading = Callable[[Any, "FieldDef", "FieldDef", ConversionContext], Any]
"""Makes a value of one field (the first) a value of another (the second); the value is not empty. Raises WrongValue."""


def through_text(value: Any, source: "FieldDef", target: "FieldDef", context: ConversionContext) -> Any:
    """By what a person would read and write: the words of one type as the other finds them in a file."""
    text = source.type.plain_text(value, source, context.display).strip()
    return target.type.parse(target.type.from_text(text, target, context.text), target) if text else None


def as_given(value: Any, source: "FieldDef", target: "FieldDef", context: ConversionContext) -> Any:
    """The value itself, as far as the other field takes it."""
    return target.type.parse(value, target)


class Group(models.TextChoices):
    """Where a kind of answer stands in the chooser."""

    TEXT = "text", gettext_lazy("Text")
    NUMBERS = "numbers", gettext_lazy("Numbers")
    DATES = "dates", gettext_lazy("Dates")
    CHOICE = "choice", gettext_lazy("Choice")
    PEOPLE = "people", gettext_lazy("People")
    LINKS = "links", gettext_lazy("Links")
    COMPUTED = "computed", gettext_lazy("Computed")
    FILES = "files", gettext_lazy("Files")

    @property
    def color(self) -> str:
        """Of the palette."""
        return _COLORS[self]


_COLORS: Mapping[Group, str] = {
    Group.TEXT: "slate",
    Group.NUMBERS: "blue",
    Group.DATES: "amber",
    Group.CHOICE: "violet",
    Group.PEOPLE: "teal",
    Group.LINKS: "indigo",
    Group.COMPUTED: "pink",
    Group.FILES: "green",
}


class FieldType(Extension):
    """The kind of answer a field takes.

    A *value* is what a record holds (an id for a person); `None` is the only empty value. Most types keep it in one
    column; one that needs several says so by `columns`, `split` and `join`.
    """

    icon: ClassVar[str] = "forms"
    group: ClassVar[Group]
    description: ClassVar[Text]
    """What it is good for, in one line."""
    kind: str
    """The value kind of `expressions.values`, which decides the operators of conditions."""
    sortable: bool = True
    """Whether a list can be sorted by it."""
    summable: bool = False
    """Whether values add up; such a value stands out on a card as its amount."""
    is_chip: bool = False
    """Whether a card shows the value as a chip in its foot rather than as a line of text."""
    is_computed: ClassVar[bool] = False
    """Whether the product makes the value, so that nobody writes it."""
    is_of_process: ClassVar[bool] = False
    """Whether its settings name other fields by id, so that the process must be there before it."""
    is_numbered: ClassVar[bool] = False
    """Whether a record gets the value when it is created, from a series of the field's own."""
    can_be_imported: ClassVar[bool] = True
    """Whether a file's text can say a value."""
    can_be_unique: ClassVar[bool] = False
    can_be_searched: ClassVar[bool] = False
    """Whether the words of values may be found by the search."""
    defaults: ClassVar[frozenset[str]] = frozenset({"constant"})
    """What a default may be: of `constant`, `now` (the moment or day of the write) and `me` (who writes)."""
    readings: ClassVar[Mapping[str, Reading]] = {"text": through_text}
    """Kind of another field's values → how they become values of this type. What is not here does not convert."""
    refers: str = ""
    """The family of the rows that values name by id; empty for values that name none."""

    @property
    def plain_key(self) -> str:
        """The type of value that people see: for a computed one, what it gives."""
        return self.key

    def completed(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings with what other fields say: a lookup shows the options of the field it looks up."""
        return settings

    def bound(self, settings: Mapping[str, Any]) -> "Self | FieldType":
        """The type as it behaves with a field's settings: what a formula gives depends on the formula."""
        return self

    def is_refilled(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether existing records get new values when the settings change so."""
        return False

    def model_field(self, field: "FieldDef") -> "models.Field[Any, Any]":
        """The column; always nullable, because a field may be added to a million records."""
        raise NotImplementedError

    def attname(self, field: "FieldDef") -> str:
        """The attribute of the typed model that holds the value (the first part of it)."""
        return field.column

    def columns(self, field: "FieldDef") -> "Mapping[str, models.Field[Any, Any]]":
        """Name → column, for all parts of the value; the names begin with `field.column`."""
        return {field.column: self.model_field(field)}

    def attributes(self, field: "FieldDef") -> tuple[str, ...]:
        """The attributes of the typed model that hold the parts of the value, in the order of `columns`."""
        return (self.attname(field),)

    def split(self, value: Any) -> tuple[Any, ...]:
        """The parts of a value, as `attributes` hold them."""
        return (value,)

    def join(self, parts: Sequence[Any]) -> Any:
        """The value of its parts."""
        return parts[0]

    def parse(self, raw: Any, field: "FieldDef") -> Any:
        """The value of a JSON value or of a person's text; empty input gives None. Raises WrongValue.

        Whether the rows that it names exist is checked by the write.
        """
        raise NotImplementedError

    def refuse_new(self, value: Any, present: Any, field: "FieldDef") -> None:
        """Raise WrongValue for a value that a record may keep but not get: an option that is out of use."""

    def from_text(self, text: str, field: "FieldDef", context: TextContext) -> Any:
        """What `parse` takes, from what a person wrote into a file in the active language; the text is not empty.

        Raises WrongValue.
        """
        return text

    def to_text(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value in a file, as `from_text` reads it; empty text for None."""
        return self.display(value, field, context)

    def to_cell(self, value: Any, field: "FieldDef", context: DisplayContext) -> Cell:
        """The value in a workbook: a number or a day where people count with it, else the text of files."""
        return self.to_text(value, field, context)

    def plain_text(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value as a text that stands by itself: what becomes of it when its field becomes one of text."""
        return self.to_text(value, field, context)

    def to_json(self, value: Any) -> Any:
        """The value for JSON: REST, events, exports."""
        return value

    def from_json(self, raw: Any) -> Any:
        """The value of what `to_json` once gave; it is not checked again."""
        return raw

    def display(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value for a person, in the active language; empty text for None."""
        return "" if value is None else str(value)

    def html(self, value: Any, field: "FieldDef", context: DisplayContext) -> SafeString:
        """The value on a page: links, stars, formatted text; by default what `display` says."""
        return linebreaksbr(self.display(value, field, context))

    def form_field(self, field: "FieldDef") -> forms.Field:
        """The input of a form. It need not validate: `parse` does."""
        return forms.CharField(label=field.label, help_text=field.help, required=False)

    def form_value(self, value: Any) -> Any:
        """What the input of a form begins with for a value."""
        return value

    def json_schema(self, field: "FieldDef") -> dict[str, Any]:
        """JSON Schema of a value, without the null that every optional field takes."""
        raise NotImplementedError

    def short_display(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value where there is little room and no label beside it: on a tile of the board."""
        return self.display(value, field, context)

    def list_display(self, value: Any, field: "FieldDef", context: DisplayContext) -> str:
        """The value in a list, under its label; shorter than `display` where a tip may say the rest."""
        return self.display(value, field, context)

    def color(self, value: Any, field: "FieldDef") -> str:
        """A palette name for the value; empty where it has no colour."""
        return ""

    def words(self, value: Any) -> str:
        """The words by which the search finds a value; only types with `can_be_searched` are asked."""
        return "" if value is None else str(value)

    def words_meant(self, text: str) -> Sequence[str]:
        """Words of values of this type that a whole text searched for may mean beside the words that stand in it."""
        return ()

    def ids_in(self, value: Any) -> Sequence[int]:
        """Ids of the rows that a value names."""
        return ()

    def sorting(self, field: "FieldDef") -> tuple[str, Expression | F] | None:
        """What a list is sorted by, with the kind of what that gives; None where it cannot be sorted."""
        if not self.sortable:
            return None
        column = F(field.attname)
        return (self.kind, Folded(column)) if self.kind == "text" else (self.kind, column)

    def compared(self, field: "FieldDef") -> Expression | F:
        """What must differ between two records where the field is unique."""
        column = F(field.attname)
        return Folded(column) if self.kind == "text" else column

    def compared_value(self, value: Any) -> Any:
        """A value as `compared` gives it."""
        return folded(value) if self.kind == "text" else value


field_types: Registry[FieldType] = Registry("field type")
