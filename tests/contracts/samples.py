"""Values of every field type. A type without samples fails the contract tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.factories import make_department, make_user

OPTIONS = [{"key": "red", "label": "Красный; тёплый"}, {"key": "blue", "label": "Blue, cold"}]


@dataclass(frozen=True)
class World:
    """The rows that values may name."""

    people: Sequence[int]
    departments: Sequence[int]
    linked: int
    """Id of the process whose records are linked."""
    records: Sequence[int]


@dataclass(frozen=True)
class Sample:
    """How a type is set up, JSON values that it takes, and what reading one of them gives where that differs."""

    values: Sequence[Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    wrong: Sequence[Any] = ()
    """JSON values that it refuses."""
    is_shared: bool = True
    """Whether several records may have the same value; files belong to one record (tests/records/test_files.py)."""


def samples(world: World) -> dict[str, Sample]:
    """Type → sample. Two values of each type at least, and all of them different."""
    anna, boris = world.people
    sales, support = world.departments
    first, second = world.records
    rub, eur = {"amount": 1234.5, "currency": "RUB"}, {"amount": -7, "currency": "EUR"}
    street = {"line": "Lenina 1, flat 5", "city": "Moscow", "postcode": "101000"}
    return {
        "text": Sample(
            ["plain", "кавычки «ёлочки» \"'", "<b>&amp;</b>", "=cmd|' /C calc'!A0", "‮RTL‬ 😀"], wrong=[1, [], {}]
        ),
        "long_text": Sample(["one\ntwo", "**bold** <script>alert(1)</script>", "@SUM(A1)\n- a\n- b"], wrong=[1, ["a"]]),
        "integer": Sample([0, -5, 2**40], wrong=[1.5, True, "x", [1], {}]),
        "number": Sample([0, 1234.56, -0.5], wrong=["NaN", "1e400", True, [1], {"a": 1}]),
        "money": Sample(
            [rub, eur, {"amount": 0, "currency": "RUB"}],
            {"currency": "RUB", "others": ["EUR"]},
            wrong=[True, [1], {"amount": 1, "currency": "XXX"}, "a lot"],
        ),
        "date": Sample(["2026-11-24", "1999-01-01"], wrong=["2026-13-01", 5, True, "yesterday"]),
        "datetime": Sample(["2026-11-24T10:30:00+00:00", "1999-01-01T00:00:00+00:00"], wrong=["now", 5, []]),
        "boolean": Sample([True, False], wrong=["perhaps", 2, []]),
        "choice": Sample(["red", "blue"], {"options": OPTIONS}, wrong=["green", 1, ["red"]]),
        "choices": Sample([["red"], ["red", "blue"]], {"options": OPTIONS}, wrong=[["green"], [1], {"a": 1}]),
        "person": Sample([anna, boris], wrong=[0, 10**9, "Anna", True, [anna]]),
        "people": Sample([[anna], [boris, anna]], wrong=[[10**9], ["Anna"], {"a": 1}]),
        "department": Sample([sales, support], wrong=[10**9, "Sales", True]),
        "email": Sample(["Anna@example.com", "b+c@example.org"], wrong=["anna", "a@b", 5, "a@example.com\nBcc: x@y.z"]),
        "phone": Sample(["+74951234567", "+12025550123;ext=12"], wrong=["call me", 5, "+7", "0" * 500]),
        "url": Sample(
            ["https://example.com/a?b=c", "http://example.org"],
            wrong=["javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", 5],
        ),
        "rating": Sample([1, 5], wrong=[0, 6, 1.5, True, "five"]),
        "address": Sample([street, {"line": "Baker Street 221B"}], wrong=[5, ["a"], {"planet": "Mars"}]),
        "link": Sample([first, second], {"process": world.linked}, wrong=[10**9, "x", True, {}]),
        "links": Sample([[first], [second, first]], {"process": world.linked}, wrong=[[10**9], ["x"], {}]),
        "file": Sample([], {"most_files": 5}, wrong=[10**9, "x", True, {}], is_shared=False),
        "formula": Sample([], {"formula": "q_number * 2 + len(q_text)"}, wrong=[5]),
        "lookup": Sample([], {"link": "q_link", "field": "amount"}, wrong=[5]),
        "rollup": Sample([], {"relation": "q_links", "function": "sum", "field": "amount"}, wrong=[5]),
        "auto_number": Sample([], {"mask": "REQ-{YYYY}-{0000}"}, wrong=["REQ-1"]),
    }


def make_people() -> list[int]:
    """Two people of names that files and pages must cope with."""
    return [make_user("Анна Петрова").pk, make_user("O'Brien, <Boris>").pk]


def make_departments() -> list[int]:
    """Two departments."""
    return [make_department("Sales & <Co>").pk, make_department("Поддержка").pk]
