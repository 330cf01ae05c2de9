"""Every operator of conditions: how many operands it takes, what it means and how it is said.

An operator either tests two values itself (`holds`), is the denial of another (`denies`),
or is a shorthand that the evaluators never see (`between`, `older_than`, periods: see `parts`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from operator import eq, ge, gt, le, lt
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Text
from expressions.values import Kind


class Arity(Enum):
    """What stands under "value"."""

    NONE = "none"
    ONE = "one"
    LIST = "list"
    RANGE = "range"
    DISTANCE = "distance"


@dataclass(frozen=True)
class Operator:
    """One way to ask about a field; `sentence` has places for %(field)s and %(value)s."""

    key: str
    label: Text
    sentence: Text
    arity: Arity = Arity.ONE
    holds: Callable[[Any, Any], bool] | None = None
    denies: str = ""

    def arity_for(self, kind: Kind) -> Arity:
        """What stands under "value" for this kind: was and became take a list where the kind is one."""
        if self.key in HISTORY_OPERATORS and self.arity is Arity.ONE:
            return OPERATORS[kind.equality].arity
        return self.arity

    def label_for(self, kind: Kind) -> Text:
        """The operator's name in a list of operators."""
        return _TIME_LABELS.get(self.key, self.label) if kind.family == "time" else self.label

    def sentence_for(self, kind: Kind) -> Text:
        """The sentence about a field of this kind."""
        return _TIME_SENTENCES.get(self.key, self.sentence) if kind.family == "time" else self.sentence


def _contains(left: str, right: str) -> bool:
    return right in left


def _in(left: object, right: frozenset[object]) -> bool:
    return left in right


def _has_any(left: frozenset[object], right: frozenset[object]) -> bool:
    return not left.isdisjoint(right)


_ALL = (
    Operator("is", _("is"), _("%(field)s is %(value)s"), holds=eq),
    Operator("is_not", _("is not"), _("%(field)s is not %(value)s"), denies="is"),
    Operator("lt", _("is less than"), _("%(field)s is less than %(value)s"), holds=lt),
    Operator("le", _("is at most"), _("%(field)s is at most %(value)s"), holds=le),
    Operator("gt", _("is greater than"), _("%(field)s is greater than %(value)s"), holds=gt),
    Operator("ge", _("is at least"), _("%(field)s is at least %(value)s"), holds=ge),
    Operator("between", _("is between"), _("%(field)s is between %(first)s and %(last)s"), Arity.RANGE),
    Operator("in", _("is one of"), _("%(field)s is one of: %(value)s"), Arity.LIST, holds=_in),
    Operator("not_in", _("is none of"), _("%(field)s is none of: %(value)s"), Arity.LIST, denies="in"),
    Operator("contains", _("contains"), _("%(field)s contains %(value)s"), holds=_contains),
    Operator("not_contains", _("does not contain"), _("%(field)s does not contain %(value)s"), denies="contains"),
    Operator("starts_with", _("begins with"), _("%(field)s begins with %(value)s"), holds=str.startswith),
    Operator("ends_with", _("ends with"), _("%(field)s ends with %(value)s"), holds=str.endswith),
    Operator("has_any", _("has any of"), _("%(field)s has any of: %(value)s"), Arity.LIST, holds=_has_any),
    Operator("has_all", _("has all of"), _("%(field)s has all of: %(value)s"), Arity.LIST, holds=ge),
    Operator("has_none", _("has none of"), _("%(field)s has none of: %(value)s"), Arity.LIST, denies="has_any"),
    Operator("is_empty", _("is empty"), _("%(field)s is empty"), Arity.NONE, denies="is_filled"),
    Operator("is_filled", _("is filled"), _("%(field)s is filled"), Arity.NONE),
    Operator("changed", _("has changed"), _("%(field)s has changed"), Arity.NONE),
    Operator("was", _("was"), _("%(field)s was %(value)s")),
    Operator("became", _("has become"), _("%(field)s has become %(value)s")),
    Operator("today", _("is today"), _("%(field)s is today"), Arity.NONE),
    Operator("yesterday", _("is yesterday"), _("%(field)s is yesterday"), Arity.NONE),
    Operator("tomorrow", _("is tomorrow"), _("%(field)s is tomorrow"), Arity.NONE),
    Operator("this_week", _("is this week"), _("%(field)s is this week"), Arity.NONE),
    Operator("last_week", _("is last week"), _("%(field)s is last week"), Arity.NONE),
    Operator("next_week", _("is next week"), _("%(field)s is next week"), Arity.NONE),
    Operator("this_month", _("is this month"), _("%(field)s is this month"), Arity.NONE),
    Operator("last_month", _("is last month"), _("%(field)s is last month"), Arity.NONE),
    Operator("next_month", _("is next month"), _("%(field)s is next month"), Arity.NONE),
    Operator("this_quarter", _("is this quarter"), _("%(field)s is this quarter"), Arity.NONE),
    Operator("last_quarter", _("is last quarter"), _("%(field)s is last quarter"), Arity.NONE),
    Operator("this_year", _("is this year"), _("%(field)s is this year"), Arity.NONE),
    Operator("last_year", _("is last year"), _("%(field)s is last year"), Arity.NONE),
    Operator("older_than", _("is older than"), _("%(field)s is more than %(value)s ago"), Arity.DISTANCE),
    Operator("later_than", _("is later than"), _("%(field)s is more than %(value)s ahead"), Arity.DISTANCE),
    Operator("within_last", _("is within the last"), _("%(field)s is within the last %(value)s"), Arity.DISTANCE),
    Operator("within_next", _("is within the next"), _("%(field)s is within the next %(value)s"), Arity.DISTANCE),
)

OPERATORS: Mapping[str, Operator] = {operator.key: operator for operator in _ALL}

_TIME_LABELS: Mapping[str, Text] = {
    "lt": _("is before"),
    "le": _("is on or before"),
    "gt": _("is after"),
    "ge": _("is on or after"),
}
_TIME_SENTENCES: Mapping[str, Text] = {
    "lt": _("%(field)s is before %(value)s"),
    "le": _("%(field)s is on or before %(value)s"),
    "gt": _("%(field)s is after %(value)s"),
    "ge": _("%(field)s is on or after %(value)s"),
}

HISTORY_OPERATORS = frozenset({"changed", "was", "became"})
