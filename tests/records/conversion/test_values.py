"""What becomes of one value in a field of another type."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from expressions.values import Money
from processes.conversion import converted, read_past, targets_for
from processes.definition_types import FieldDef, Words
from processes.field_types.address import Address
from processes.fieldtype import ConversionContext, WrongValue, field_types
from records.conversion import Conversion, settled
from tests.records.conversion.helpers import OPTIONS

SETTINGS: dict[str, dict[str, Any]] = {
    "choice": OPTIONS,
    "choices": OPTIONS,
    "money": {"currency": "RUB", "others": ["USD"]},
    "number": {"decimals": 2},
    "link": {"process": 1},
    "links": {"process": 1},
}


def defined(kind: str, settings: dict[str, Any] | None = None) -> FieldDef:
    given = SETTINGS.get(kind, {}) if settings is None else settings
    return FieldDef(1, "x", Words("X"), field_types[kind], settings=given)


MOMENT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
PAIRS = [
    ("text", "12.5", "number", Decimal("12.5")),
    ("text", "1 234,50", "number", Decimal("1234.50")),
    ("text", "twelve", "number", WrongValue),
    ("text", "7", "integer", 7),
    ("text", "7.5", "integer", WrongValue),
    ("text", "★★★", "rating", 3),
    ("text", "24.11.2026", "date", date(2026, 11, 24)),
    ("text", "soon", "date", WrongValue),
    ("text", "2026-11-24 22:30", "datetime", MOMENT),
    ("text", "site", "choice", "a"),
    ("text", "Fax", "choice", WrongValue),
    ("text", "Site; b", "choices", ["a", "b"]),
    ("text", "Anna@Example.COM", "email", "Anna@example.com"),
    ("text", "Anna", "email", WrongValue),
    ("text", "8 495 123-45-67", "phone", "+74951234567"),
    ("text", "example.com/a", "url", "https://example.com/a"),
    ("text", "javascript:alert(1)", "url", WrongValue),
    ("text", "да", "boolean", True),
    ("text", "perhaps", "boolean", WrongValue),
    ("text", "1 500 $", "money", Money(Decimal("1500"), "USD")),
    ("text", "one", "long_text", "one"),
    ("long_text", "one\n\ntwo", "text", "one two"),
    ("long_text", "x" * 1001, "text", WrongValue),
    ("number", Decimal("12.500000"), "money", Money(Decimal("12.5"), "RUB")),
    ("number", Decimal("12.000000"), "integer", 12),
    ("number", Decimal("12.500000"), "integer", WrongValue),
    ("number", Decimal("1234.500000"), "text", "1234.5"),
    ("number", Decimal("1.000000"), "boolean", True),
    ("integer", 12, "number", Decimal(12)),
    ("integer", 1200, "text", "1200"),
    ("rating", 4, "integer", 4),
    ("rating", 4, "text", "4"),
    ("integer", 6, "rating", WrongValue),
    ("money", Money(Decimal("12.500000"), "RUB"), "number", Decimal("12.5")),
    ("money", Money(Decimal("12.500000"), "USD"), "number", WrongValue),
    ("money", Money(Decimal("12.000000"), "RUB"), "integer", 12),
    ("money", Money(Decimal("1200.000000"), "USD"), "text", "1200 USD"),
    ("date", date(2026, 11, 24), "datetime", datetime(2026, 11, 24, tzinfo=UTC)),
    ("date", date(2026, 11, 24), "text", "24 Nov 2026"),
    ("datetime", MOMENT, "date", date(2026, 11, 24)),
    ("boolean", True, "text", "Yes"),
    ("boolean", False, "choice", WrongValue),
    ("choice", "b", "text", "By phone; or mail"),
    ("choice", "b", "choices", ["b"]),
    ("choice", "gone", "choices", WrongValue),
    ("choices", ["b"], "choice", "b"),
    ("choices", ["a", "b"], "choice", WrongValue),
    ("choices", ["a"], "text", "Site"),
    ("email", "anna@example.com", "text", "anna@example.com"),
    ("phone", "+74951234567", "text", "+7 495 123-45-67"),
    ("address", Address("Street 1", "City"), "text", "Street 1, City"),
    ("person", 5, "people", [5]),
    ("link", 5, "links", [5]),
    ("links", [5], "link", 5),
    ("links", [5, 6], "link", WrongValue),
]


@pytest.mark.parametrize(("source", "value", "target", "expected"), PAIRS)
def test_value_converts_or_says_why_not(source: str, value: Any, target: str, expected: Any) -> None:
    one, other = defined(source), defined(target)
    assert field_types[target] in targets_for(one)
    if expected is WrongValue:
        with pytest.raises(WrongValue) as refused:
            converted(value, one, other, ConversionContext())
        assert str(refused.value.message)
    else:
        assert converted(value, one, other, ConversionContext()) == expected
    assert converted(None, one, other, ConversionContext()) is None


def test_conversion_does_not_depend_on_the_language_of_whoever_writes() -> None:
    conversion = Conversion(defined("text"), defined("number"))
    found = []
    for language in ("en", "ru"):
        with translation.override(language), settled():
            found.append(conversion.convert("1,234"))
    assert found == [Decimal(1234)] * 2


def test_option_of_the_same_name_is_meant_even_where_another_has_the_same_key() -> None:
    other = {"options": [{"key": "b", "label": "Fax"}, {"key": "c", "label": "site"}, {"key": "a", "label": "Site"}]}
    swapped = {"options": [{"key": "b", "label": "Site"}, {"key": "a", "label": "Fax"}]}
    assert converted("a", defined("choice"), defined("choices", other), ConversionContext()) == ["a"]
    assert converted("a", defined("choice"), defined("choices", swapped), ConversionContext()) == ["b"]


def test_links_to_another_process_do_not_convert() -> None:
    with pytest.raises(WrongValue):
        converted(5, defined("link"), defined("links", {"process": 2}), ConversionContext())


@pytest.mark.parametrize("kind", field_types, ids=lambda kind: kind.key)
def test_nothing_becomes_what_is_computed_and_files_become_text_only(kind: Any) -> None:
    if kind.key in ("formula", "lookup", "rollup"):
        return
    offered = {other.key for other in targets_for(defined(kind.key))}
    assert not offered & {"file", "formula", "lookup", "rollup", "auto_number", kind.key}
    assert kind.is_computed or {"text", "long_text"} - {kind.key} <= offered
    assert not (kind.is_computed and offered)


def test_values_that_are_none_of_the_present_type_are_recognised() -> None:
    for kind, raw in (
        ("number", "x"),
        ("people", "anna"),
        ("people", ["a"]),
        ("money", {"line": "x"}),
        ("date", "x"),
        ("boolean", 1),
        ("integer", True),
        ("choices", "a"),
        ("text", 5),
    ):
        with pytest.raises(WrongValue):
            read_past(defined(kind), raw)
    assert read_past(defined("people"), [1]) == [1]
    assert read_past(defined("number"), 5) == Decimal(5)
