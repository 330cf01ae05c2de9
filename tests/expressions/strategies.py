"""Random conditions, as the JSON a builder or a program would send."""

from typing import Any

from hypothesis import strategies as st

from expressions.moments import PERIODS
from expressions.operators import HISTORY_OPERATORS, OPERATORS, Arity
from expressions.values import DateKind, Kind, ListKind
from tests.expressions.rows import KEYS, SCHEMA, pool

DISTANCES = ["0d", "1min", "30min", "5h", "1d", "3d", "1w", "1mo", "3mo", "1y"]


def constants(key: str) -> st.SearchStrategy[Any]:
    """A constant of a field in JSON: one of the pool or, for texts, a piece of one; a day for a moment."""
    kind = SCHEMA[key].kind
    single: Kind = kind.single if isinstance(kind, ListKind) else kind
    found = st.sampled_from(pool(key)).map(single.to_json)
    if key.startswith("text"):
        return found | st.sampled_from(["е", "Ё", "ЛК", "s", "σ", "Σ", "%", "_", "\\", "'", "STR", "ß", " ", "i", "😀"])
    if key.startswith("datetime"):
        return found | st.sampled_from(pool("date_a")).map(lambda day: day.isoformat())
    return found


def operands(key: str, *, fields: bool = True) -> st.SearchStrategy[Any]:
    """A constant, another field, now or me."""
    kind = SCHEMA[key].kind
    options = [constants(key)]
    if fields:
        others = [other for other in KEYS if SCHEMA[other].kind.family == kind.family]
        options.append(st.sampled_from(others).map(lambda other: {"field": other}))
    if kind.accepts_me:
        options.append(st.just({"me": True}))
    if isinstance(kind, DateKind):
        signed = st.tuples(st.sampled_from("+-"), st.sampled_from(DISTANCES)).map("".join)
        options.append(signed.map(lambda distance: {"now": distance}))
    return st.one_of(options)


def value_for(key: str, op: str) -> st.SearchStrategy[Any]:
    """What stands under "value" for an operator."""
    kind = SCHEMA[key].kind
    arity = OPERATORS[op].arity_for(kind)
    if arity is Arity.DISTANCE:
        return st.sampled_from(DISTANCES)
    if arity is Arity.ONE:
        return operands(key)
    if arity is Arity.RANGE:
        return st.lists(operands(key), min_size=2, max_size=2)
    items = st.lists(operands(key, fields=False), min_size=1, max_size=3).filter(_no_now)
    if not isinstance(kind, ListKind):
        return items
    return items | st.sampled_from([key, f"{key[:-2]}_a", f"{key[:-2]}_b"]).map(lambda other: {"field": other})


def _no_now(items: list[Any]) -> bool:
    return not any(isinstance(item, dict) and "now" in item for item in items)


@st.composite
def comparisons(draw: st.DrawFn, *, history: bool = False) -> dict[str, Any]:
    """A field, an operator of its kind and a value."""
    key = draw(st.sampled_from(KEYS))
    operators = [op for op in SCHEMA[key].kind.operators if history or op not in HISTORY_OPERATORS]
    # A dozen periods would crowd out the rest.
    op = draw(st.sampled_from([op for op in operators if op not in PERIODS]) | st.sampled_from(operators))
    found: dict[str, Any] = {"field": key, "op": op}
    if OPERATORS[op].arity_for(SCHEMA[key].kind) is not Arity.NONE:
        found["value"] = draw(value_for(key, op))
    return found


def _groups(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(items, min_size=1, max_size=4)
    groups = st.tuples(st.sampled_from(["all", "any", "none"]), lists).map(lambda pair: {pair[0]: pair[1]})
    return groups | st.just({"all": []})


def conditions(*, history: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Trees of comparisons, a few levels deep."""
    leaves = comparisons(history=history)
    return st.recursive(leaves, _groups, max_leaves=8)
