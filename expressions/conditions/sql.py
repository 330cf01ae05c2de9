"""The SQL evaluator: a condition becomes a Q that selects exactly the rows for which Python says yes.

An elementary test over NULL is unknown, which a filter takes as no; `all` and `any` keep that true.
Every "not" is written `IS NOT TRUE`, so an unknown is denied as a no and never leaks out.
Filter with the Q as it is; to deny it, deny the condition (`Condition.denied()`), not the Q.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, cast

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func, IntegerField, Q, TextField, Value
from django.db.models.functions import Length, NullIf, Right, StrIndex, TruncDate
from django.db.models.lookups import (
    Contains,
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Lookup,
    StartsWith,
)
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from expressions.conditions.nodes import Comparison, Constant, FieldValue, Me, Node, Now
from expressions.conditions.primitives import Items, Period, Primitive, bounds, listed, reduced, single
from expressions.errors import NotFilterable
from expressions.folding import Folded
from expressions.operators import HISTORY_OPERATORS
from expressions.schema import Moment
from expressions.values import DATETIME, TEXT, DateKind, Kind

# From a field's key to any name that filter() understands: a column, a path over relations, an annotation.
Columns = Mapping[str, str]

_KEYWORDS = {
    "is": "exact",
    "lt": "lt",
    "le": "lte",
    "gt": "gt",
    "ge": "gte",
    "in": "in",
    "has_any": "overlap",
    "has_all": "contains",
}
_ORDER: "Mapping[str, type[Lookup[Any]]]" = {
    "is": Exact,
    "lt": LessThan,
    "le": LessThanOrEqual,
    "gt": GreaterThan,
    "ge": GreaterThanOrEqual,
}
_TEXT: "Mapping[str, type[Lookup[Any]]]" = {
    "is": Exact,
    "in": In,
    "contains": Contains,
    "starts_with": StartsWith,
    "ends_with": EndsWith,
}


class IsNotTrue(Func):
    """The denial in which an unknown counts as a no."""

    template = "(%(expressions)s) IS NOT TRUE"
    arity = 1

    def __init__(self, condition: Q) -> None:
        super().__init__(condition, output_field=BooleanField())

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        try:
            return super().as_sql(compiler, connection, function, template, arg_joiner, **extra_context)
        except EmptyResultSet:
            return "TRUE", ()
        except FullResultSet:
            return "FALSE", ()


class BeginsWith(Func):
    """Whether a text begins with another one."""

    function = "starts_with"
    output_field = BooleanField()


@dataclass(frozen=True)
class _Writer:
    """Writes the Q of one condition for one moment."""

    columns: Columns
    moment: Moment

    def node(self, node: Node) -> Q:
        if isinstance(node, Comparison):
            return self.comparison(node)
        items = [self.node(item) for item in node.items]
        if node.mode == "all":
            return reduce(and_, items) if items else _always(True)
        found = reduce(or_, items) if items else _always(False)
        return found if node.mode == "any" else Q(IsNotTrue(found))

    def comparison(self, node: Comparison) -> Q:
        if node.op in HISTORY_OPERATORS:
            raise NotFilterable(_("Only the history knows whether a field was, became or changed; a list cannot ask."))
        column = self.column(node.field)
        denied, primitives = reduced(node)
        if node.op == "is_empty":
            return node.kind.empty(column)
        found = reduce(and_, [self.primitive(column, node.kind, item) for item in primitives])
        return Q(IsNotTrue(found)) if denied else found

    def column(self, key: str) -> str:
        try:
            return self.columns[key]
        except KeyError:
            raise NotFilterable(_("A list cannot be filtered by this field."), field=key) from None

    def primitive(self, column: str, kind: Kind, primitive: Primitive) -> Q:
        op, operand = primitive.op, primitive.operand
        if operand is None:
            return kind.filled(column)
        if isinstance(operand, FieldValue):
            return self.fields(column, kind, op, operand)
        if isinstance(kind, DateKind):
            return self.temporal(column, kind, op, cast(Constant | Now | Period, operand))
        value = self.value(kind, op, cast(Constant | Me | Items, operand))
        if value is None:
            return _always(False)
        if kind is TEXT:
            return Q(_TEXT[op](Folded(F(column)), value))
        return Q(**{f"{column}__{_KEYWORDS[op]}": value})

    def value(self, kind: Kind, op: str, operand: Constant | Me | Items) -> object | None:
        """The right-hand side in the form that is compared."""
        if isinstance(operand, Items):
            values = listed(op, operand, kind, self.moment)
            return sorted(values, key=str) if values else None
        value = single(operand, self.moment)
        return None if value is None else kind.read(value)

    def temporal(self, column: str, kind: DateKind, op: str, operand: Constant | Now | Period) -> Q:
        first, last = bounds(operand, kind, self.moment)
        if op == "is":
            return Q(**{f"{column}__gte": first, f"{column}__lte": last})
        return Q(**{f"{column}__{_KEYWORDS[op]}": first if op in ("lt", "ge") else last})

    def fields(self, column: str, kind: Kind, op: str, operand: FieldValue) -> Q:
        """One column beside another of the same row."""
        other = self.column(operand.key)
        if kind is TEXT:
            return Q(_TEXT_FIELDS[op](Folded(F(column)), NullIf(Folded(F(other)), Value("", TextField()))))
        if isinstance(kind, DateKind) and operand.kind is not kind:
            return Q(_ORDER[op](self.day(kind, column), self.day(operand.kind, other)))
        found = Q(**{f"{column}__{_KEYWORDS[op]}": F(other)})
        # Two empty texts are equal and every array contains the empty one, but with empty nothing compares.
        return found & operand.kind.filled(other) if operand.kind.stores_empty else found

    def day(self, kind: Kind, column: str) -> Expression | F:
        return TruncDate(F(column), tzinfo=self.moment.zone) if kind is DATETIME else F(column)


def _ends_with(left: Expression, right: Expression) -> Expression:
    return cast(Expression, Exact(Right(left, Length(right)), right))


def _contains(left: Expression, right: Expression) -> Expression:
    return cast(Expression, GreaterThan(StrIndex(left, right), Value(0, IntegerField())))


_TEXT_FIELDS: Mapping[str, Callable[[Any, Any], Any]] = {
    "is": Exact,
    "contains": _contains,
    "starts_with": BeginsWith,
    "ends_with": _ends_with,
}


def _always(answer: bool) -> Q:
    return Q(Value(answer, output_field=BooleanField()))


def write_q(node: Node, columns: Columns, moment: Moment) -> Q:
    """The Q of a tree."""
    return _Writer(columns, moment).node(node)
