"""Whatever is sent, a parser answers with a result or a declared error, and soon (F23)."""

import copy
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from expressions.conditions import evaluate, parse_condition
from expressions.placeholders import parse_template
from expressions.schema import Scope
from tests.expressions.rows import KEYS, NOW, SCHEMA, ZONES
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
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def readable(error: Invalid) -> None:
    """The message can be shown and sent."""
    assert str(error).encode()


def answers(parse: Callable[[], R]) -> R | None:
    """The result, or None after a declared error; the time is checked."""
    started = time.perf_counter()
    try:
        return parse()
    except Invalid as error:
        readable(error)
        return None
    finally:
        assert time.perf_counter() - started < GUARD


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


@pytest.mark.parametrize(
    "source", ["{{" * 10_000, '{{ "' + '\\"' * 9_000, "{{ a" + " " * 19_000, "{{ a." * 4_000]
)
def test_long_placeholders_are_refused_at_once(source: str) -> None:
    assert answers(lambda: parse_template(source, SCHEMA)) is None


def test_deep_nesting_is_refused_at_once() -> None:
    nested: Any = []
    for _level in range(5000):
        nested = {"all": [nested]}
    assert answers(lambda: parse_condition(nested, SCHEMA)) is None
