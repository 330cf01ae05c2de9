"""One tree, two evaluators: SQL selects exactly the rows for which Python says yes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import product
from typing import Any

import pytest
from django.db import connection, models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.plugin import DjangoDbBlocker

from expressions.conditions import Condition, evaluate, parse_condition, to_q
from expressions.operators import HISTORY_OPERATORS, OPERATORS, Arity
from expressions.schema import Moment, Scope
from tests.expressions.rows import COLUMNS, KEYS, NOW, SCHEMA, ZONES, random_row, row_model
from tests.expressions.strategies import conditions, value_for

pytestmark = pytest.mark.django_db

ROWS = 150


@dataclass(frozen=True)
class Table:
    """A real table of random rows, and the same rows as plain values by id."""

    model: type[models.Model]
    plain: dict[int, dict[str, Any]] = field(repr=False)


@pytest.fixture(scope="module")
def table(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Table]:
    model, source = row_model(), random.Random(20260329)
    plain = {number: random_row(source) for number in range(1, ROWS + 1)}
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(model)
        model._default_manager.bulk_create(model(pk=number, **row) for number, row in plain.items())
    yield Table(model, plain)
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.delete_model(model)


def assert_agree(table: Table, condition: Condition, *, zone: tzinfo, me: int | None) -> int:
    """Both evaluators choose the same rows; returns how many."""
    moment = Moment(now=NOW, zone=zone, me=me)
    chosen = set(table.model._default_manager.filter(to_q(condition, COLUMNS, moment)).values_list("pk", flat=True))
    expected = {
        number
        for number, row in table.plain.items()
        if evaluate(condition, Scope(values=row, now=NOW, zone=zone, me=me))
    }
    assert chosen == expected, condition.describe()
    return len(chosen)


AGREE = settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@AGREE
@given(data=conditions(), zone=st.sampled_from(ZONES), me=st.sampled_from([None, 2]))
def test_trees_agree(table: Table, data: dict[str, Any], zone: tzinfo, me: int | None) -> None:
    condition = parse_condition(data, SCHEMA)
    chosen = assert_agree(table, condition, zone=zone, me=me)
    assert assert_agree(table, condition.denied(), zone=zone, me=me) == ROWS - chosen


@pytest.mark.parametrize(
    ("key", "op"),
    [
        (key, op)
        for key in KEYS
        for op in SCHEMA[key].kind.operators
        if key.endswith("_a") and op not in HISTORY_OPERATORS
    ],
)
def test_every_operator_of_every_kind_agrees(table: Table, key: str, op: str) -> None:
    chosen: list[int] = []

    @settings(AGREE, max_examples=25)
    @given(value=value_for(key, op) if op_takes_value(key, op) else st.none())
    def check(value: Any) -> None:
        condition = parse_condition({"field": key, "op": op, "value": value}, SCHEMA)
        for zone, me in product(ZONES[:3], [None, 2]):
            chosen.append(assert_agree(table, condition, zone=zone, me=me))

    check()
    assert any(chosen)


def test_the_denial_of_an_unsatisfiable_condition_is_everything(table: Table) -> None:
    nobody = parse_condition({"field": "person_a", "op": "is", "value": {"me": True}}, SCHEMA)
    too_large = parse_condition({"field": "person_a", "op": "in", "value": [2**62]}, SCHEMA)
    for condition in (nobody, too_large):
        assert assert_agree(table, condition, zone=ZONES[0], me=None) == 0
        assert assert_agree(table, condition.denied(), zone=ZONES[0], me=None) == ROWS


def test_a_condition_filters_by_an_annotation(table: Table) -> None:
    condition = parse_condition({"field": "number_a", "op": "gt", "value": 1}, SCHEMA)
    moment = Moment(now=NOW, zone=ZONES[0])
    rows = table.model._default_manager.annotate(twice=models.F("number_b") * 2)
    chosen = rows.filter(to_q(condition, {"number_a": "twice"}, moment)).count()
    assert chosen == sum(1 for row in table.plain.values() if row["number_b"] is not None and row["number_b"] * 2 > 1)


def op_takes_value(key: str, op: str) -> bool:
    return OPERATORS[op].arity_for(SCHEMA[key].kind) is not Arity.NONE
