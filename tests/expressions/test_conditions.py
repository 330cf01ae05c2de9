"""What conditions mean, and what the parser refuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from expressions.conditions import ALWAYS, evaluate, explain, parse_condition, to_q
from expressions.errors import InvalidExpression, NotFilterable
from expressions.schema import FieldSpec, Moment, Scope
from expressions.values import (
    BOOLEAN,
    CHOICE,
    CHOICES,
    DATE,
    DATETIME,
    INTEGER,
    MONEY,
    NUMBER,
    PEOPLE,
    PERSON,
    REFERENCE,
    TEXT,
    Money,
)

NOW = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)  # a Wednesday
MOSCOW = ZoneInfo("Europe/Moscow")
SCHEMA = {
    "amount": FieldSpec(MONEY, "Amount"),
    "budget": FieldSpec(NUMBER, "Budget"),
    "count": FieldSpec(INTEGER, "Count"),
    "title": FieldSpec(TEXT, "Title"),
    "stage": FieldSpec(CHOICE, "Stage", {"new": "New", "won": "Won"}),
    "tags": FieldSpec(CHOICES, "Tags", {"vip": "VIP", "old": "Old"}),
    "urgent": FieldSpec(BOOLEAN, "Urgent"),
    "due": FieldSpec(DATE, "Due"),
    "created": FieldSpec(DATETIME, "Created"),
    "assignee": FieldSpec(PERSON, "Assignee"),
    "observers": FieldSpec(PEOPLE, "Observers"),
    "company": FieldSpec(REFERENCE, "Company"),
}


def scope(*, before: dict[str, Any] | None = None, me: int | None = 5, **values: Any) -> Scope:
    return Scope(values=values, before=before or {}, now=NOW, zone=MOSCOW, me=me)


def holds(field: str, op: str, value: Any = None, *, given: Scope) -> bool:
    return evaluate(parse_condition({"field": field, "op": op, "value": value}, SCHEMA), given)


@pytest.mark.parametrize("nothing", [None, "", []])
def test_empty_and_missing_are_one_thing(nothing: Any) -> None:
    for given in (scope(), scope(title=nothing, tags=nothing)):
        assert holds("title", "is_empty", given=given)
        assert holds("tags", "is_empty", given=given)
        assert not holds("title", "is", "x", given=given)
        assert holds("title", "is_not", "x", given=given)
        assert holds("tags", "has_none", ["vip"], given=given)


def test_zero_and_no_are_not_empty() -> None:
    assert holds("amount", "is_filled", given=scope(amount=Decimal(0)))
    assert holds("urgent", "is_filled", given=scope(urgent=False))


def test_two_empty_fields_are_not_equal_to_each_other() -> None:
    condition = {"field": "amount", "op": "is", "value": {"field": "budget"}}
    assert not evaluate(parse_condition(condition, SCHEMA), scope())


def test_text_compares_folded() -> None:
    assert holds("title", "contains", "ёлк", given=scope(title="Новая ЕЛКА"))
    assert holds("title", "in", ["ПЕТР", "x"], given=scope(title="Пётр"))


def test_money_compares_by_its_amount() -> None:
    assert holds("amount", "gt", "99.5", given=scope(amount=Money(Decimal("99.51"), "RUB")))


def test_a_day_is_a_whole_day_of_the_zone() -> None:
    late = datetime(2026, 3, 18, 20, 59, 59, tzinfo=UTC)
    for moment, expected in ((late, True), (late + timedelta(seconds=1), False)):
        given = scope(created=moment)
        assert holds("created", "is", "2026-03-18", given=given) is expected
        assert holds("created", "le", "2026-03-18", given=given) is expected
        assert holds("created", "gt", "2026-03-18", given=given) is not expected
        assert holds("created", "today", given=given) is expected


@pytest.mark.parametrize(
    ("op", "value", "first", "last"),
    [
        ("today", None, 0, 0),
        ("yesterday", None, -1, -1),
        ("tomorrow", None, 1, 1),
        ("this_week", None, -2, 4),
        ("last_week", None, -9, -3),
        ("next_week", None, 5, 11),
        ("this_month", None, -17, 13),
        ("last_month", None, -45, -18),
        ("next_month", None, 14, 43),
        ("this_quarter", None, -76, 13),
        ("this_year", None, -76, 288),
        ("last_year", None, -441, -77),
        ("last_quarter", None, -168, -77),
        ("within_last", "3d", -3, 0),
        ("within_next", "1w", 0, 7),
        ("older_than", "3d", -999, -4),
        ("later_than", "1mo", 32, 999),
        ("between", [{"now": "-1d"}, {"now": "+1d"}], -1, 1),
    ],
)
def test_relative_dates_cover_these_days(op: str, value: Any, first: int, last: int) -> None:
    today = NOW.date()
    days = [shift for shift in range(-999, 1000) if holds("due", op, value, given=scope(due=today + timedelta(shift)))]
    assert (days[0], days[-1]) == (first, last)
    assert days == list(range(first, last + 1))


def test_me_is_whoever_asks() -> None:
    assert holds("assignee", "is", {"me": True}, given=scope(assignee=5))
    assert holds("observers", "has_any", [9, {"me": True}], given=scope(observers=[5]))
    assert not holds("assignee", "is", {"me": True}, given=scope(assignee=5, me=None))


def test_became_needs_a_change_to_the_value() -> None:
    assert holds("stage", "became", "won", given=scope(stage="won", before={"stage": "new"}))
    assert not holds("stage", "became", "won", given=scope(stage="won"))
    assert not holds("stage", "became", "won", given=scope(stage="won", before={"title": "x"}))
    assert not holds("stage", "became", "won", given=scope(stage="new", before={"stage": "won"}))
    assert holds("tags", "became", ["vip"], given=scope(tags=["old", "vip"], before={"tags": ["old"]}))
    assert not holds("tags", "became", ["old"], given=scope(tags=["old", "vip"], before={"tags": ["old"]}))


def test_was_asks_the_value_before() -> None:
    assert holds("stage", "was", "new", given=scope(stage="won", before={"stage": "new"}))
    assert holds("stage", "was", "won", given=scope(stage="won"))
    assert not holds("stage", "was", "new", given=scope(stage="new", before={"stage": None}))


def test_changed_sees_through_forms_of_the_same_value() -> None:
    assert holds("title", "changed", given=scope(title="A", before={"title": "a"}))
    assert not holds("title", "changed", given=scope(title="", before={"title": None}))
    assert not holds("tags", "changed", given=scope(tags=["a", "b"], before={"tags": ["b", "a"]}))
    assert not holds("budget", "changed", given=scope(budget=Decimal("1.0"), before={"budget": Decimal(1)}))
    assert holds(
        "amount",
        "changed",
        given=scope(amount=Money(Decimal(1), "EUR"), before={"amount": Money(Decimal(1), "USD")}),
    )


def test_an_empty_all_is_always_true() -> None:
    assert (
        parse_condition({}, SCHEMA) == parse_condition(None, SCHEMA) == parse_condition({"all": []}, SCHEMA) == ALWAYS
    )
    assert evaluate(ALWAYS, scope())
    assert ALWAYS.is_always


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ([], "", "A condition or a group"),
        ({"any": []}, "any", "Add a condition"),
        ({"all": [], "any": []}, "", "“any” is not a part"),
        ({"all": {"a": 1}}, "all", "A list of conditions"),
        ({"any": [{"field": "amnt", "op": "is", "value": 1}]}, "any.0.field", "Did you mean “amount”?"),
        ({"field": ["x"], "op": "is"}, "field", "Choose a field"),
        ({"field": "amount", "op": "contains", "value": "1"}, "op", "has no operator “contains”"),
        ({"field": "amount", "op": "is", "value": True}, "value", "A number is expected"),
        ({"field": "amount", "op": "is", "value": "1e999"}, "value", "too long"),
        ({"field": "amount", "op": "is", "value": float("nan")}, "value", "A number is expected"),
        ({"field": "amount", "op": "is", "value": 10**400}, "value", "too long"),
        ({"field": "count", "op": "is", "value": 1.5}, "value", "whole number"),
        ({"field": "count", "op": "is", "value": 2**63}, "value", "too long"),
        ({"field": "title", "op": "is", "value": "a\0"}, "value", "cannot be stored"),
        ({"field": "title", "op": "is", "value": "\ud800"}, "value", "cannot be stored"),
        ({"field": "title", "op": "is", "value": ""}, "value", "Fill this in"),
        ({"field": "title", "op": "is"}, "value", "Text is expected"),
        ({"field": "title", "op": "is_empty", "value": "x"}, "value", "takes no value"),
        ({"field": "title", "op": "in", "value": []}, "value", "at least one"),
        ({"field": "title", "op": "in", "value": ["a"] * 201}, "value", "more than 200"),
        ({"field": "title", "op": "in", "value": ["a", 1]}, "value.1", "Text is expected"),
        ({"field": "stage", "op": "is", "value": "wun"}, "value", "Did you mean “won”?"),
        ({"field": "tags", "op": "has_any", "value": ["vop"]}, "value.0", "Did you mean “vip”?"),
        ({"field": "due", "op": "is", "value": "2026-02-30"}, "value", "2026-01-31"),
        ({"field": "due", "op": "is", "value": "0001-01-01"}, "value", "out of range"),
        ({"field": "created", "op": "is", "value": "2026-02-03T10:00"}, "value", "+03:00"),
        ({"field": "due", "op": "is", "value": {"now": "+3q"}}, "value.now", "length of time"),
        ({"field": "due", "op": "older_than", "value": "-3d"}, "value", "negative"),
        ({"field": "due", "op": "older_than", "value": "99999w"}, "value", "too long"),
        ({"field": "due", "op": "between", "value": ["2026-01-01"]}, "value", "beginning and an end"),
        ({"field": "due", "op": "is", "value": {"field": "amount"}}, "value.field", "cannot be compared"),
        ({"field": "title", "op": "is", "value": {"me": True}}, "value", "does not fit"),
        ({"field": "title", "op": "in", "value": [{"field": "title"}]}, "value.0", "does not fit"),
        ({"field": "company", "op": "is", "value": -1}, "value", "number of an item"),
        ({"field": "title", "op": "is", "value": "x", "extra": 1}, "", "“extra” is not a part"),
    ],
)
def test_parser_refuses_and_says_where(data: Any, path: str, message: str) -> None:
    with pytest.raises(InvalidExpression) as caught, translation.override("en"):
        parse_condition(data, SCHEMA)
    assert caught.value.details["path"] == path
    assert message in str(caught.value)
    assert list(caught.value.fields) == ([path] if path else [])


def test_parser_limits_depth_and_size() -> None:
    leaf = {"field": "title", "op": "is_filled"}
    nested: dict[str, Any] = leaf
    for _level in range(7):
        nested = {"all": [nested]}
    assert parse_condition(nested, SCHEMA).fields_used() == {"title"}
    with pytest.raises(InvalidExpression, match="nested more than 8"):
        parse_condition({"all": [nested]}, SCHEMA)
    assert parse_condition({"all": [leaf] * 99}, SCHEMA)
    with pytest.raises(InvalidExpression, match="more than 100"):
        parse_condition({"all": [leaf] * 100}, SCHEMA)


def test_parser_limits_the_values_of_a_whole_condition() -> None:
    wide = {"field": "title", "op": "in", "value": ["x"] * 200}
    assert parse_condition({"all": [wide] * 5}, SCHEMA)
    with pytest.raises(InvalidExpression, match="more than 1000 values"):
        parse_condition({"all": [wide] * 6}, SCHEMA)
    with pytest.raises(InvalidExpression, match="too long"):
        parse_condition({"field": "title", "op": "in", "value": ["x" * 1000] * 101}, SCHEMA)


def test_fields_used_counts_both_sides() -> None:
    condition = parse_condition({"field": "due", "op": "lt", "value": {"field": "created"}}, SCHEMA)
    assert condition.fields_used() == {"due", "created"}


@pytest.mark.parametrize("op", ["was", "became", "changed"])
def test_history_has_no_sql(op: str) -> None:
    condition = parse_condition({"field": "stage", "op": op, "value": None if op == "changed" else "new"}, SCHEMA)
    assert condition.needs_history
    with pytest.raises(NotFilterable):
        to_q(condition, {"stage": "stage"}, Moment(now=NOW, zone=MOSCOW))


def test_a_field_without_a_column_cannot_filter() -> None:
    condition = parse_condition({"field": "stage", "op": "is", "value": "new"}, SCHEMA)
    with pytest.raises(NotFilterable):
        to_q(condition, {}, Moment(now=NOW, zone=MOSCOW))


def test_describe_makes_sentences() -> None:
    data = {
        "any": [
            {"field": "amount", "op": "ge", "value": 1000},
            {
                "all": [
                    {"field": "stage", "op": "is", "value": "won"},
                    {"field": "due", "op": "lt", "value": {"now": "-2d"}},
                ]
            },
            {"none": [{"field": "assignee", "op": "is", "value": 3}]},
        ]
    }
    with translation.override("en"):
        sentence = parse_condition(data, SCHEMA).describe(lambda kind, number: "Ann")
    assert sentence == (
        "“Amount” is at least 1,000 or (“Stage” is “Won” and “Due” is before 2 days ago)"
        " or (none of this holds: “Assignee” is Ann)"
    )


def test_explain_tells_each_comparison_with_the_value_found() -> None:
    condition = parse_condition(
        {
            "all": [
                {"field": "stage", "op": "is", "value": "won"},
                {"field": "tags", "op": "has_any", "value": ["vip"]},
            ]
        },
        SCHEMA,
    )
    findings = explain(condition, scope(stage="new", tags=["vip", "old"]))
    assert [(item.value, item.holds) for item in findings] == [("“New”", False), ("“VIP”, “Old”", True)]
