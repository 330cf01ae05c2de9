"""A type whose values the product makes: it behaves as the plain type of what it gives."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Expression, F
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from processes.definition_types import FieldDef
from processes.fieldtype import Cell, DisplayContext, FieldType, WrongValue, field_types

GIVES = {"type": "string", "description": "The type as which its values behave."}
"""JSON Schema of the setting that names it."""


class ComputedType(FieldType):
    """What a computed field gives, by its settings: they name the plain type in `gives`. Nobody writes it."""

    is_computed = True
    readings: ClassVar = {}
    is_chip = False

    def __init__(self, gives: str = "number") -> None:
        self._plain = field_types[gives]
        self.kind = self._plain.kind
        self.sortable = self._plain.sortable
        self.summable = self._plain.summable
        self.refers = self._plain.refers

    @property
    def plain_key(self) -> str:
        return self._plain.key

    def bound(self, settings: Mapping[str, Any]) -> Self:
        return type(self)(settings["gives"])

    def is_refilled(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        return before != after

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return self._plain.model_field(field)

    def attname(self, field: FieldDef) -> str:
        return self._plain.attname(field)

    def columns(self, field: FieldDef) -> Mapping[str, models.Field[Any, Any]]:
        """Without foreign keys: a row that is gone empties the value when it is computed anew."""
        columns = self._plain.columns(field)
        for column in columns.values():
            if isinstance(column, models.ForeignKey):
                vars(column)["db_constraint"] = False
                column.remote_field.on_delete = models.DO_NOTHING
        return columns

    def attributes(self, field: FieldDef) -> tuple[str, ...]:
        return self._plain.attributes(field)

    def split(self, value: Any) -> tuple[Any, ...]:
        return self._plain.split(value)

    def join(self, parts: Sequence[Any]) -> Any:
        return self._plain.join(parts)

    def parse(self, raw: Any, field: FieldDef) -> Any:
        raise WrongValue(_("This value is computed; it cannot be written."))

    def fitted(self, value: Any, field: FieldDef) -> Any:
        """A result as the column can hold it; None where it cannot."""
        if value is None or isinstance(value, date | bool):
            return value
        try:
            return self._plain.parse(value, field)
        except WrongValue:
            return None

    def of_nothing(self, field: FieldDef) -> Any:
        """The value of a new record, to which nothing is linked yet."""
        return None

    def to_json(self, value: Any) -> Any:
        return self._plain.to_json(value)

    def from_json(self, raw: Any) -> Any:
        return self._plain.from_json(raw)

    def ids_in(self, value: Any) -> Sequence[int]:
        return self._plain.ids_in(value)

    def display(self, value: Any, field: FieldDef, context: DisplayContext) -> str:
        return self._plain.display(value, field, context)

    def list_display(self, value: Any, field: FieldDef, context: DisplayContext) -> str:
        return self._plain.list_display(value, field, context)

    def short_display(self, value: Any, field: FieldDef, context: DisplayContext) -> str:
        return self._plain.short_display(value, field, context)

    def color(self, value: Any, field: FieldDef) -> str:
        return self._plain.color(value, field)

    def html(self, value: Any, field: FieldDef, context: DisplayContext) -> SafeString:
        return self._plain.html(value, field, context)

    def to_text(self, value: Any, field: FieldDef, context: DisplayContext) -> str:
        return self._plain.to_text(value, field, context)

    def to_cell(self, value: Any, field: FieldDef, context: DisplayContext) -> Cell:
        return self._plain.to_cell(value, field, context)

    def plain_text(self, value: Any, field: FieldDef, context: DisplayContext) -> str:
        return self._plain.plain_text(value, field, context)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {**self._plain.json_schema(field), "readOnly": True}

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F] | None:
        return self._plain.sorting(field)
