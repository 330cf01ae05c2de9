"""What formulas compute, and what the parser refuses."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.utils import translation

from expressions.errors import InvalidExpression
from expressions.formulas import FUNCTIONS, evaluation_order, parse_formula
from expressions.formulas.functions.dates import workday_after
from expressions.formulas.types import MAX_TEXT
from expressions.schema import FieldSpec, Schema
from expressions.values import BOOLEAN, DATE, DATETIME, KINDS, NUMBER, TEXT, Money
from tests.expressions.test_conditions import SCHEMA, scope

VALUES: dict[str, Any] = {
    "amount": Money(Decimal("1000.50"), "RUB"),
    "budget": Decimal(3),
    "count": 7,
    "title": "Ёлка и ель",
    "stage": "won",
    "tags": ["vip", "old"],
    "urgent": True,
    "due": date(2026, 1, 31),
    "created": datetime(2026, 1, 31, 21, 30, tzinfo=UTC),  # half past midnight of 1 February in Moscow
    "assignee": 5,
    "observers": [5, 6],
}


def result(source: str, **values: Any) -> object:
    return parse_formula(source, SCHEMA).evaluate(scope(**(VALUES | values)))


COMPUTED = [
    ("1 + 2 * 3 - 4 / 2", Decimal(5)),
    ("-2 - -3", Decimal(1)),
    ("(1 + 2) * 3", Decimal(9)),
    ("0.1 + 0.2", Decimal("0.3")),
    ("7 % 3", Decimal(1)),
    ("-7 % 3", Decimal(2)),
    ("amount * 2", Decimal(2001)),
    ("{count} + budget", Decimal(10)),
    ("1 / 3", Decimal("0.3333333333333333333333333333")),
    ("1 / 0", None),
    ("1 % 0", None),
    ('"a" & 1.50 & "b" & due & true', "a1.5b2026-01-31true"),
    ('"say \\"hi\\" \\\\n \\n"', 'say "hi" \\n \n'),
    ("1 < 2 and 2 <= 2 and 3 <> 4 and not 1 = 2", True),
    ("1 > 2 or 2 >= 3 OR FALSE", False),
    ('title = "ЕЛКА И ЁЛЬ"', True),
    ('stage = "won"', True),
    ('"abc" < "abd"', True),
    ("due < created", True),
    ("due = dateof(created - 1)", True),
    ('if(amount > 500, "big", "small")', "big"),
    ("IF(amount > 5000; 1)", None),
    ('switch(stage, "new", 1, "won", 2, 3)', Decimal(2)),
    ('switch(stage, "new", 1)', None),
    ('switch(title, "елка и ель", "yes", "no")', "yes"),
    ("coalesce(empty, budget, 1)", Decimal(3)),
    ('ifempty(trim("  "), "none")', "none"),
    ("isempty(company) and not isempty(title)", True),
    ("label(stage)", "Won"),
    ("abs(-5)", Decimal(5)),
    ("round(2.5)", Decimal(3)),
    ("round(-2.5)", Decimal(-3)),
    ("round(1234.5678, 2)", Decimal("1234.57")),
    ("round(1234.5678, -2)", Decimal(1200)),
    ("floor(-1.5)", Decimal(-2)),
    ("ceil(-1.5)", Decimal(-1)),
    ("min(3, empty, 2)", Decimal(2)),
    ("max(due, date(2026, 2, 1))", date(2026, 2, 1)),
    ("sum(1, empty, 2)", Decimal(3)),
    ("average(1, empty, 2)", Decimal("1.5")),
    ('number(" 1 234,50 ")', Decimal("1234.50")),
    ('number("x")', None),
    ("len(title) + len(tags)", Decimal(12)),
    ('lower("АБ") & upper("вг")', "абВГ"),
    ('trim("  a  ")', "a"),
    ('left("abcd", 2) & right("abcd", 1) & mid("abcd", 2, 2)', "abdbc"),
    ('contains(title, "ЕЛЬ") and contains(tags, "vip") and contains(observers, assignee)', True),
    ('startswith(title, "елка") and endswith(title, "ель")', True),
    ('replace("a-b-c", "-", "+")', "a+b+c"),
    ('replace("a-b", "-", empty)', "ab"),
    ('concat("a", empty, 1)', "a1"),
    ("text(2 / 3, 2)", "0.67"),
    ("text(2.50)", "2.5"),
    ("date(2026, 2, 30)", None),
    ("year(due) * 100 + month(due)", Decimal(202601)),
    ("day(created)", Decimal(1)),
    ("weekday(due)", Decimal(6)),
    ("hour(created)", Decimal(0)),
    ('dateadd(due, 1, "months")', date(2026, 2, 28)),
    ('dateadd(due, -1, "weeks")', date(2026, 1, 24)),
    ('dateadd(created, 90, "minutes")', datetime(2026, 1, 31, 23, 0, tzinfo=UTC)),
    ("due + 1", date(2026, 2, 1)),
    ("1 + due", date(2026, 2, 1)),
    ("due - 31", date(2025, 12, 31)),
    ("due - date(2026, 1, 1)", Decimal(30)),
    ("created - (created - 1)", Decimal(1)),
    ('datediff(date(2026, 1, 31), date(2026, 2, 28), "months")', Decimal(0)),
    ('datediff(date(2026, 1, 31), date(2026, 3, 31), "months")', Decimal(2)),
    ('datediff(date(2026, 3, 31), date(2026, 1, 31), "months")', Decimal(-2)),
    ('datediff(date(2024, 2, 29), date(2026, 2, 28), "years")', Decimal(1)),
    ('datediff(due, created, "days")', Decimal(1)),
    ("workdays(date(2026, 1, 30), date(2026, 2, 2))", Decimal(2)),
    ("workdays(date(2026, 1, 1), date(2026, 12, 31))", Decimal(261)),
    ("startofmonth(created)", date(2026, 2, 1)),
    ("endofmonth(due)", date(2026, 1, 31)),
    ("minute(created)", Decimal(30)),
    ("quarter(due) + quarter(date(2026, 4, 1)) * 10 + quarter(date(2026, 12, 31)) * 100", Decimal(421)),
    ("week(due)", Decimal(5)),
    ("week(date(2027, 1, 1))", Decimal(53)),
    ("addworkdays(date(2026, 1, 30), 1)", date(2026, 2, 2)),
    ("addworkdays(due, 1)", date(2026, 2, 2)),
    ("addworkdays(due, -1)", date(2026, 1, 30)),
    ("addworkdays(date(2026, 2, 1), -6)", date(2026, 1, 23)),
    ("addworkdays(due, 0)", date(2026, 1, 31)),
    ("addworkdays(due, 999999999)", None),
    ("roundup(1.21, 1) + roundup(-1.21)", Decimal("-0.7")),
    ("rounddown(1.29, 1) + rounddown(-1.99)", Decimal("0.2")),
    ("power(2, 10)", Decimal(1024)),
    ("power(-8, 0.5)", None),
    ("power(10, 1000000)", None),
    ("sqrt(9)", Decimal(3)),
    ("sqrt(-1)", None),
    ("sign(-0.5) + sign(0) * 10", Decimal(-1)),
    ("count(1, empty, title, company, assignee, tags)", Decimal(4)),
    ('find("a-b-c", "-") * 10 + find("abc", "-")', Decimal(20)),
    ('textbefore("a-b-c", "-") & textafter("a-b-c", "-")', "ab-c"),
    ('isempty(textbefore("abc", "-")) and isempty(textafter("abc", "-"))', True),
    ('proper("анна-мария o\'neil ABC")', "Анна-Мария O'neil Abc"),
    ('repeat("ab", 3)', "ababab"),
    ('repeat("ab", 0)', None),
    ("today()", date(2026, 3, 18)),
    ("now()", datetime(2026, 3, 18, 12, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("source", "expected"), COMPUTED)
def test_formulas_compute(source: str, expected: object) -> None:
    assert result(source) == expected


def test_every_function_is_tried() -> None:
    tried = " ".join(source.lower() for source, _expected in COMPUTED)
    assert [key for key in FUNCTIONS if f"{key}(" not in tried] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("amount + 1", None),
        ("sum(amount, 1)", Decimal(1)),
        ("sum(amount)", None),
        ("max(amount)", None),
        ("amount > 1", False),
        ("amount <> 1", True),
        ("not (amount > 1)", True),
        ("urgent or true", True),
        ("urgent and true", False),
        ("if(urgent, 1, 2)", Decimal(2)),
        ('title & "x"', "x"),
        ("title & title", None),
        ("len(title)", Decimal(0)),
        ("upper(title)", None),
        ("due + 1", None),
        ("1 + due", None),
        ("year(due)", None),
        ('contains(title, "x")', False),
        ('contains(tags, "vip")', False),
    ],
)
def test_empty_values_make_sense(source: str, expected: object) -> None:
    assert parse_formula(source, SCHEMA).evaluate(scope(title="", tags=[])) == expected


@pytest.mark.parametrize(
    ("source", "kind"),
    [("amount", NUMBER), ("title", TEXT), ("stage", TEXT), ("1 = 1", BOOLEAN), ("due", DATE), ("created", DATETIME)],
)
def test_kind_is_inferred(source: str, kind: object) -> None:
    assert parse_formula(source, SCHEMA).kind is kind


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_every_kind_can_be_read(kind: str) -> None:
    assert parse_formula("isempty(x) and count(x) = 0", {"x": FieldSpec(KINDS[kind], "X")}).evaluate(scope()) is True


def test_fields_and_use_of_time_are_known() -> None:
    formula = parse_formula("if({due} < today(), amount, 0)", SCHEMA)
    assert formula.fields_used == {"due", "amount"}
    assert formula.uses_time
    assert not parse_formula("amount", SCHEMA).uses_time


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("amnt + 1", 1, 1, "There is no field “amnt”. Did you mean “amount”?"),
        ("1 +\n {amnt}", 2, 2, "Did you mean “amount”?"),
        ("roud(1)", 1, 1, "Did you mean “round”?"),
        ("1 + ", 1, 5, "ends too early"),
        ("(1 + 2", 1, 7, "ends too early"),
        ("1 + 2)", 1, 6, "“)” is unexpected"),
        ("1 2", 1, 3, "“2” is unexpected"),
        ('"abc', 1, 1, "no closing quotation mark"),
        ("{}", 1, 1, "in braces"),
        ("amount # 2", 1, 8, "“#” is unexpected"),
        ("1 < 2 < 3", 1, 7, "“<” is unexpected"),
        ('title + 1', 1, 1, "joined with “&”"),
        ('title * 1', 1, 1, "Expected here: number; found: text"),
        ("amount and urgent", 1, 1, "Expected here: yes or no"),
        ("if(1, 2, 3)", 1, 4, "Expected here: yes or no"),
        ("if(urgent, 1, title)", 1, 15, "All results must be of one kind"),
        ("round()", 1, 1, "round(number, digits)"),
        ("abs(1, 2)", 1, 1, "abs(number)"),
        ('stage = "wun"', 1, 9, "there are: new, won"),
        ('switch(stage, "wun", 1)', 1, 15, "there are: new, won"),
        ('contains(tags, "wip")', 1, 16, "there are: vip, old"),
        ("stage < stage", 1, 1, "no order"),
        ("amount = empty", 1, 10, "isempty"),
        ("tags = tags", 1, 1, "contains"),
        ('amount = "1"', 1, 10, "cannot be compared"),
        ('dateadd(due, 1, "day")', 1, 17, "Did you mean “days”?"),
        ('dateadd(due, 1, "hours")', 1, 17, "A date has no “hours”"),
        ("observers", 1, 1, "The result of a formula is"),
        ("empty", 1, 1, "never has a value"),
        ("label(title)", 1, 7, "“choice” is expected"),
        ("  ", 1, 1, "A formula is expected"),
        ("9" * 31, 1, 1, "too long"),
        ('"\0"', 1, 1, "cannot be stored"),
        ("-" * 60 + "1", 1, 11, "more than 50 deep"),
        ("sum(" + "1," * 50 + "1)", 1, 1, "at most 50 values"),
    ],
)  # fmt: skip
def test_parser_refuses_and_says_where(source: str, line: int, column: int, message: str) -> None:
    with pytest.raises(InvalidExpression) as caught, translation.override("en"):
        parse_formula(source, SCHEMA)
    assert message in str(caught.value)
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)


@pytest.mark.parametrize("source", [None, 1, "1+" * 2000 + "1"])
def test_parser_refuses_what_is_no_formula_or_too_long(source: object) -> None:
    with pytest.raises(InvalidExpression):
        parse_formula(source, SCHEMA)


def test_a_chain_of_two_thousand_parts_computes() -> None:
    assert result("1+" * 1999 + "1") == 2000
    assert result('"a"&' * 900 + '"a"') == "a" * 901


def test_numbers_stay_small() -> None:
    assert result("*".join(["9999999999"] * 300)) is None
    assert result("1" + "/9999999999" * 300) == 0
    assert result("amount + 1", amount=Decimal("1e400")) is None


def test_texts_stay_short() -> None:
    long = "x" * 9000
    assert len(str(result("title & title", title=long))) == MAX_TEXT
    assert len(str(result('replace(title, "x", title)', title=long))) == MAX_TEXT
    assert len(str(result("concat(" + ",".join(["title"] * 50) + ")", title=long))) == MAX_TEXT


def test_working_days_ahead_equal_a_walk_day_by_day() -> None:
    for start in (date(2026, 1, 26) + timedelta(days=n) for n in range(7)):
        for count in range(-15, 16):
            day, left = start, abs(count)
            while left:
                day += timedelta(days=1 if count > 0 else -1)
                left -= day.weekday() < 5
            assert workday_after(day=start, count=count) == day


def test_dates_outside_of_the_supported_years_are_empty() -> None:
    assert result("due + 900000000") is None
    assert result("date(9999, 12, 31) + 1") is None
    assert result('dateadd(created, 999999, "years")') is None


def _schema(*keys: str) -> Schema:
    return {key: FieldSpec(NUMBER, key) for key in keys}


def test_evaluation_order_puts_what_is_read_first() -> None:
    schema = _schema("net", "tax", "total", "discount")
    sources = {"total": "net + tax", "tax": "net * 0.2", "net": "discount * 2"}
    formulas = {key: parse_formula(source, schema) for key, source in sources.items()}
    assert evaluation_order(formulas) == ["net", "tax", "total"]


def test_a_circle_of_formulas_is_refused_with_the_chain_named() -> None:
    schema = _schema("a", "b", "c", "d")
    sources = {"a": "b + 1", "b": "c + 1", "c": "a + 1", "d": "a"}
    formulas = {key: parse_formula(source, schema) for key, source in sources.items()}
    with pytest.raises(InvalidExpression) as caught, translation.override("en"):
        evaluation_order(formulas)
    chain = caught.value.details["chain"]
    assert chain[0] == chain[-1]
    assert all(following in formulas[key].fields_used for key, following in pairwise(chain))
    assert " → ".join(chain) in str(caught.value)


def test_a_formula_that_reads_itself_is_refused() -> None:
    with pytest.raises(InvalidExpression):
        evaluation_order({"a": parse_formula("a + 1", _schema("a"))})
