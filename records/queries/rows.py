"""Rows of a list: plain tuples that read like typed records, at a fraction of a model instance's price."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, ClassVar

from processes.definition_types import Definition, FieldDef, StageDef
from processes.permissions import Access

BASE_ATTRIBUTES = (
    "record_id",
    "pipeline_id",
    "stage_id",
    "title",
    "assignee_id",
    "author_id",
    "department_id",
    "observer_ids",
    "version",
    "created_at",
    "updated_at",
    "stage_changed_at",
    "closed_at",
)


class Row(tuple[Any, ...]):
    """One record with the values of some fields, by attribute; `sort_value` is what the list sorts it by."""

    __slots__ = ()

    definition: ClassVar[Definition]
    fields: ClassVar[tuple[FieldDef, ...]]
    attributes: ClassVar[tuple[str, ...]]

    record_id: int
    pipeline_id: int
    stage_id: int
    title: str
    assignee_id: int | None
    author_id: int | None
    department_id: int | None
    observer_ids: list[int] | None
    version: int
    created_at: datetime
    updated_at: datetime
    stage_changed_at: datetime
    closed_at: datetime | None
    sort_value: Any

    @property
    def pk(self) -> int:
        """The record's id."""
        return self.record_id

    @property
    def stage(self) -> StageDef:
        """The stage as the definition knows it."""
        return self.definition.stage_by_id[self.stage_id]

    def value(self, field: FieldDef) -> Any:
        """The plain value of a loaded field."""
        return field.value(self.__getattribute__)


@lru_cache(maxsize=1024)
def row_class(definition: Definition, fields: tuple[FieldDef, ...]) -> type[Row]:
    """The class of rows with these fields loaded; its instances are made of `attributes` and a sort value."""
    attributes = (*BASE_ATTRIBUTES, *(name for field in fields for name in field.attributes))
    getters = {name: property(itemgetter(place)) for place, name in enumerate((*attributes, "sort_value"))}
    about = {"definition": definition, "fields": fields, "attributes": attributes, "__slots__": ()}
    return type("Row", (Row,), about | getters)


def as_shown_to(access: Access, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without the values that they do not show to the access's actor."""
    partial = access.partial_fields
    for row in rows:
        gone = {name for field in partial if not access.reads(field, row) for name in field.attributes}
        if gone:
            values = [None if name in gone else value for name, value in zip(_names(row), row, strict=True)]
            yield type(row)(values)
        else:
            yield row


def _names(row: Row) -> tuple[str, ...]:
    return (*row.attributes, "sort_value")
