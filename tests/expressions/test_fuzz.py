"""Whatever is sent, a parser answers with a result or a declared error, and soon (F23)."""

import copy
import random
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from expressions.conditions import evaluate, parse_condition
from expressions.formulas import FUNCTIONS, parse_formula
from expressions.formulas.types import MAX_TEXT
from expressions.placeholders import parse_template
from expressions.schema import Scope
from tests.expressions.rows import KEYS, KINDS, NOW, SCHEMA, ZONES, random_row
from tests.expressions.strategies import conditions

# The promise is 50 ms; the guard leaves room for a machine that is busy with other tests.
GUARD = 0.5
R = TypeVar("R")
FUZZ = settings(max_examples=600, deadline=None)
SCOPE = Scope(values={}, now=NOW, zone=ZONES[1], me=2)

words = st.sampled_from(
    ["all", "any", "none", "field", "op", "value", "now", "me", "is", "in", "between", "+3d", *KEYS]
)
odd = st.sampled_from(
    ["9" * 5000, "1e999999999", "2026-01-01", "0001-01-01T00:00:00+23:59", "-", "\0", "\ud800", 10**4000]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=30), words, odd
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def readable(error: Invalid) -> None:
    """The message can be shown and sent."""
    assert str(error).encode()


def answers(parse: Callable[[], R]) -> R | None:
    """The result, or None after a declared error. A slow input is slow twice; a collection of garbage is not."""
    result, seconds = timed(parse)
    assert seconds < GUARD or timed(parse)[1] < GUARD
    return result


def timed(parse: Callable[[], R]) -> tuple[R | None, float]:
    """The result, or None after a declared error, and the seconds of this thread that it took."""
    started = time.thread_time()
    try:
        result = parse()
    except Invalid as error:
        readable(error)
        result = None
    return result, time.thread_time() - started


@FUZZ
@given(data=junk)
def test_condition_parser_survives_junk(data: Any) -> None:
    condition = answers(lambda: parse_condition(data, SCHEMA))
    if condition is not None:
        assert evaluate(condition, SCOPE) in (True, False)


@FUZZ
@given(data=conditions(history=True), part=junk, source=st.randoms(use_true_random=False))
def test_condition_parser_survives_damaged_conditions(data: dict[str, Any], part: Any, source: Any) -> None:
    damaged = copy.deepcopy(data)
    place: Any = damaged
    while isinstance(place, dict | list) and place:
        key = source.choice(list(place)) if isinstance(place, dict) else source.randrange(len(place))
        if not isinstance(place[key], dict | list) or source.random() < 0.3:
            place[key] = part
            break
        place = place[key]
    condition = answers(lambda: parse_condition(damaged, SCHEMA))
    if condition is not None:
        assert evaluate(condition, SCOPE) in (True, False)


@FUZZ
@given(data=conditions(history=True))
def test_a_condition_survives_a_trip_through_json(data: dict[str, Any]) -> None:
    condition = parse_condition(data, SCHEMA)
    again = parse_condition(condition.to_json(), SCHEMA)
    assert again == condition
    assert again.describe() == condition.describe() != ""


pieces = st.sampled_from(
    [
        "{{",
        "}}",
        "|",
        ":",
        '"',
        "\\",
        ".",
        "\n",
        "text_a",
        "number_a",
        "datetime_a",
        "choices_a",
        "upper",
        "money",
        "date",
        "default",
        "join",
        "9",
        '"x"',
        '"iso"',
    ]
)
texts = st.lists(pieces | st.text(st.characters(), max_size=5), max_size=30).map("".join)


@FUZZ
@given(source=texts | texts.map(lambda text: "{{ text_a " + text + " }}"))
def test_placeholder_parser_survives_junk(source: str) -> None:
    template = answers(lambda: parse_template(source, SCHEMA))
    for target in ("text", "html", "json", "url"):
        if template is not None:
            assert isinstance(template.render(SCOPE, target=target), str)


@pytest.mark.parametrize("source", ["{{" * 10_000, '{{ "' + '\\"' * 9_000, "{{ a" + " " * 19_000, "{{ a." * 4_000])
def test_long_placeholders_are_refused_at_once(source: str) -> None:
    assert answers(lambda: parse_template(source, SCHEMA)) is None


atoms = st.sampled_from(
    ["1", "0", "2.5", "999999999999999", '"x"', '""', '"days"', "true", "empty", *(f"{{{key}}}" for key in KEYS)]
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "%", "&", "=", "<>", "<", ">=", " and ", " or ", " @ "])
    calls = st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, max_size=4))
    return st.one_of(
        st.tuples(inner, signs, inner).map("".join),
        calls.map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"not {text}"),
    )


@st.composite
def typed_calls(draw: st.DrawFn) -> str:
    """Mostly well-formed formulas: every function with fields that its parameters may like."""
    fields = {name: st.sampled_from([f"{name}_a", f"{name}_b"]) for name in KINDS}
    liked = st.one_of(*fields.values(), st.sampled_from(["1", "-3", '"е"', '"days"', '"hours"', "empty"]))
    key = draw(st.sampled_from(sorted(FUNCTIONS)))
    args = draw(st.lists(liked, min_size=FUNCTIONS[key].least, max_size=min(FUNCTIONS[key].most, 4)))
    return f"{key}({', '.join(args)})"


PLAIN_TYPES = {"number": Decimal, "text": str, "boolean": bool, "date": date, "datetime": datetime}


def assert_sound(source: str, rows: list[dict[str, Any]]) -> bool:
    """What the checker accepts computes for every row, and to the kind it promised; tells whether it accepts."""
    formula = answers(lambda: parse_formula(source, SCHEMA))
    if formula is None:
        return False
    for row in rows:
        found = answers(partial(formula.evaluate, Scope(values=row, now=NOW, zone=ZONES[1], me=2)))
        assert found is None or type(found) is PLAIN_TYPES[formula.kind.key], (source, found)
        assert not isinstance(found, str) or 0 < len(found) <= MAX_TEXT
        assert not isinstance(found, Decimal) or found.is_finite()
    return True


ROWS = [random_row(random.Random(number)) for number in range(8)]


@FUZZ
@given(source=st.recursive(atoms, _larger, max_leaves=12))
def test_accepted_formulas_compute_what_they_promise(source: str) -> None:
    assert_sound(source, ROWS)


@settings(FUZZ, max_examples=2000)
@given(one=typed_calls(), sign=st.sampled_from(["+", "-", "*", "/", "%", "&", "=", "<", "<>"]), other=typed_calls())
def test_accepted_calls_compute_what_they_promise(one: str, sign: str, other: str) -> None:
    for source in (one, f"{one} {sign} {other}", f"coalesce({one}, {other})"):
        event("accepted" if assert_sound(source, ROWS) else "refused")


@FUZZ
@given(source=st.lists(atoms | pieces | st.text(st.characters(), max_size=5), max_size=30).map("".join))
def test_formula_parser_survives_junk(source: str) -> None:
    assert_sound(source, ROWS[:1])


@pytest.mark.parametrize(
    "source",
    ["(" * 3999, '"' * 3999, "{" * 3999, "-" * 3999, "not " * 999, "if(" * 1300, "1+" * 1999, '"\\' * 1999, "1" * 3999],
)
def test_long_formulas_are_refused_at_once(source: str) -> None:
    assert answers(lambda: parse_formula(source, SCHEMA)) is None


def test_deep_nesting_is_refused_at_once() -> None:
    nested: Any = []
    for _level in range(5000):
        nested = {"all": [nested]}
    assert answers(lambda: parse_condition(nested, SCHEMA)) is None
