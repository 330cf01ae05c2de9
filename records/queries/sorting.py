"""Sorting and keyset pages: in which order a list stands, and what comes after a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func, OrderBy, Q, Value
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from core.errors import Invalid
from expressions.errors import shown
from expressions.folding import Folded
from processes.definition_types import Definition, FieldDef
from processes.field_types.choice import in_order
from processes.permissions import Access
from processes.schema import BASE_COLUMNS, OF_STAGES
from records.queries.cursors import Cursor, write_cursor
from records.queries.narrowing import as_shown
from records.queries.rows import Row

SortExpression = Expression | F


class _Compared(Func):
    """`(sort value, id) < (value, id)` as one comparison of rows, which an index on both answers."""

    output_field = BooleanField()

    def __init__(self, expression: SortExpression, sign: str, value: Any, record_id: int) -> None:
        super().__init__(expression, F("record_id"), Value(value), Value(record_id))
        self.sign = sign

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Both sides as rows."""
        parts = [compiler.compile(source) for source in self.get_source_expressions()]
        sides = [f"({parts[at][0]}, {parts[at + 1][0]})" for at in (0, 2)]
        return f"{sides[0]} {self.sign} {sides[1]}", tuple(value for _sql, params in parts for value in params)


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order of a list: by an expression, then by id in the same direction; empty values at the end."""

    key: str
    kind: str
    descending: bool
    expression: SortExpression
    nullable: bool

    @property
    def text(self) -> str:
        """The order as it is written: a key, with a minus for descending."""
        return f"-{self.key}" if self.descending else self.key

    def order(self, *, backward: bool = False) -> Sequence[OrderBy]:
        """For `order_by`; backwards for the page before a cursor."""
        descending = self.descending != backward
        nulls = {"nulls_first": True} if backward else {"nulls_last": True}
        by_id = OrderBy(F("record_id"), descending=descending)
        if self.key == "id":
            return (by_id,)
        return OrderBy(self.expression, descending=descending, **(nulls if self.nullable else {})), by_id

    def beyond(self, value: Any, record_id: int, *, backward: bool) -> Q:
        """The rows after (or before) the one with this sort value and id."""
        sign = "<" if self.descending != backward else ">"
        same_empty = Q(**{f"record_id__{'lt' if sign == '<' else 'gt'}": record_id})
        if self.key == "id":
            return same_empty
        if value is not None:
            ahead = Q(_Compared(self.expression, sign, value, record_id))
            return ahead | Q(_IsNull(self.expression)) if self.nullable and not backward else ahead
        empty = Q(_IsNull(self.expression))
        return (empty & same_empty) | ~empty if backward else empty & same_empty

    def cursor(self, row: Row, *, backward: bool) -> str:
        """Where the page after (or before) a row begins."""
        return write_cursor(Cursor(row.sort_value, row.record_id, backward), self.text)


class _IsNull(Func):
    """Whether an expression is empty."""

    template = "(%(expressions)s) IS NULL"
    output_field = BooleanField()


def sorting_for(access: Access, sort: str) -> Sorting:
    """The order written as a key with or without a minus. Raises Invalid for what cannot be sorted by."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    definition = access.definition
    if key in BASE_COLUMNS and (definition.has_stages or key not in OF_STAGES):
        kind, expression, nullable = _base(definition)[key]
        return Sorting(key, kind, descending, expression, nullable)
    field = next((field for field in access.readable_fields if field.key == key), None)
    found = field.type.sorting(field) if field is not None else None
    if field is None or found is None:
        message = _("The list cannot be sorted by “%(name)s”.") % {"name": shown(key)}
        raise Invalid(message, {"sort": [message]})
    kind, expression = found
    if field in access.partial_fields:
        expression = as_shown(access, field, expression)
    return Sorting(key, kind, descending, expression, nullable=True)


def is_sortable(field: FieldDef) -> bool:
    """Whether a list can be sorted by the field."""
    return field.type.sorting(field) is not None


def _base(definition: Definition) -> Mapping[str, tuple[str, SortExpression, bool]]:
    """Base key → kind, expression, whether it may be empty."""
    stages = [stage.id for pipeline in definition.pipelines for stage in pipeline.stages]
    return {
        "id": ("integer", F("record_id"), False),
        "title": ("text", Folded(F("title")), False),
        "pipeline": ("integer", in_order("pipeline_id", [p.id for p in definition.pipelines]), True),
        "stage": ("integer", in_order("stage_id", stages), True),
        "assignee": ("text", F("assignee__folded_name"), True),
        "author": ("text", F("author__folded_name"), True),
        "created_at": ("datetime", F("created_at"), False),
        "updated_at": ("datetime", F("updated_at"), False),
        "stage_changed_at": ("datetime", F("stage_changed_at"), False),
        "closed_at": ("datetime", F("closed_at"), True),
    }
