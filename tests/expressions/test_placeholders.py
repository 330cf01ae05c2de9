"""What placeholders show, where they are escaped, and what the parser refuses."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from expressions.errors import InvalidExpression
from expressions.filters import FILTERS
from expressions.placeholders import MAX_PLACEHOLDERS, MAX_RESULT, MAX_SOURCE, Target, parse_template
from expressions.schema import FieldSpec, Scope
from expressions.values import BOOLEAN, CHOICE, CHOICES, DATE, DATETIME, MONEY, NUMBER, PERSON, TEXT, Money

SCHEMA = {
    "title": FieldSpec(TEXT, "Title"),
    "amount": FieldSpec(MONEY, "Amount"),
    "rate": FieldSpec(NUMBER, "Rate"),
    "stage": FieldSpec(CHOICE, "Stage", {"new": "New one", "won": "Won"}),
    "tags": FieldSpec(CHOICES, "Tags", {"vip": "VIP", "old": "Old"}),
    "urgent": FieldSpec(BOOLEAN, "Urgent"),
    "due": FieldSpec(DATE, "Due"),
    "created": FieldSpec(DATETIME, "Created"),
    "assignee": FieldSpec(PERSON, "Assignee"),
    "assignee.name": FieldSpec(TEXT, "Assignee: name"),
    "assignee.boss.email": FieldSpec(TEXT, "Assignee: head: e-mail"),
}
VALUES: dict[str, Any] = {
    "title": 'Boiler "A" <b>',
    "amount": Money(Decimal("1234567.50"), "RUB"),
    "rate": Decimal("1234.5"),
    "stage": "new",
    "tags": ["vip", "old"],
    "urgent": True,
    "due": date(2026, 3, 9),
    "created": datetime(2026, 3, 9, 21, 30, tzinfo=UTC),
    "assignee": {"id": 7, "name": "Анна", "boss": {"email": "boss@example.com"}},
}


def render(source: str, *, target: Target = "text", language: str = "en", **values: Any) -> str:
    scope = Scope(values=VALUES | values, now=datetime(2026, 3, 9, tzinfo=UTC), zone=ZoneInfo("Europe/Moscow"))
    with translation.override(language):
        return parse_template(source, SCHEMA).render(scope, target=target)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("no placeholders }} here", "no placeholders }} here"),
        ("{{title}}", 'Boiler "A" <b>'),
        ("{{ assignee.name }} / {{ assignee.boss.email }}", "Анна / boss@example.com"),
        ("{{ assignee }}", "Анна"),
        ("{{ stage }}, {{ stage | raw }}, {{ stage | upper }}", "New one, new, NEW ONE"),
        ("{{ tags }} {{ tags | join:'/' }}".replace("'", '"'), "VIP, Old VIP/Old"),
        ("{{ urgent }}", "yes"),
        ("{{ rate }} {{ rate | number:0 }} {{ rate | number:2 }}", "1,234.5 1,234 1,234.50"),
        ("{{ rate | raw }}", "1234.5"),
        ("{{ amount }} {{ amount | money:\"USD\" }}", "RUB1,234,567.50 $1,234,567.50"),
        ("{{ due }} {{ due | date:\"iso\" }} {{ due | raw }}", "Mar 9, 2026 2026-03-09 2026-03-09"),
        ("{{ created | date:\"iso\" }} {{ created | time }}", "2026-03-10 12:30\u202fAM"),
        ("{{ title | truncate:7 }}", "Boiler…"),
        ("{{ title | lower | capitalize }}", 'Boiler "a" <b>'),
        ('{{ "{{ title }}" }} {{ "a\\"b\\\\" }}', '{{ title }} a"b\\'),
    ],
)  # fmt: skip
def test_placeholders_show(source: str, text: str) -> None:
    assert render(source) == text


def test_russian_readers_get_russian_forms() -> None:
    assert render("{{ amount }}", language="ru") == "1\xa0234\xa0567,50\xa0₽"
    assert render("{{ amount }}", language="ru", amount=Money(Decimal("100000.00"), "RUB")) == "100\xa0000\xa0₽"
    assert render("{{ created }}", language="ru") == "10 мар. 2026\u202fг., 00:30"


@pytest.mark.parametrize("nothing", [None, "", []])
def test_an_empty_value_is_an_empty_text_or_its_default(nothing: Any) -> None:
    assert render("[{{ title }}]", title=nothing) == "[]"
    assert render('[{{ title | upper | default:"<none>" }}]', title=nothing, target="html") == "[&lt;none&gt;]"
    assert render('[{{ title | default:"x" | upper }}]', title=nothing) == "[X]"
    assert render("[{{ amount | money }}{{ due | date }}]", amount=nothing, due=nothing) == "[]"
    assert render("[{{ assignee.name }}{{ assignee.boss.email }}]", assignee=nothing) == "[]"


def test_zero_and_no_are_not_empty() -> None:
    assert render('{{ rate | default:"x" }} {{ urgent | default:"x" }}', rate=Decimal(0), urgent=False) == "0 no"


def test_html_is_escaped_in_text_and_attributes() -> None:
    assert render('<a title="{{ title }}">', target="html") == '<a title="Boiler &quot;A&quot; &lt;b&gt;">'


def test_url_is_escaped_whole() -> None:
    assert render("/x/{{ title }}?d={{ due }}", title="a/b?c&д", target="url") == "/x/a%2Fb%3Fc%26%D0%B4?d=2026-03-09"


def test_json_writes_whole_values_and_pieces_of_text() -> None:
    source = (
        '{"title": {{ title }}, "say": "He said: \\"{{ title }}\\"!", "rate": {{ rate }},'
        ' "money": {{ amount }}, "tags": {{ tags }}, "urgent": {{ urgent }}, "who": {{ assignee }},'
        ' "due": {{ due }}, "none": {{ stage }}}'
    )
    found = json.loads(render(source, target="json", stage=None))
    assert found == {
        "title": VALUES["title"],
        "say": f'He said: "{VALUES["title"]}"!',
        "rate": 1234.5,
        "money": 1234567.5,
        "tags": ["vip", "old"],
        "urgent": True,
        "who": 7,
        "due": "2026-03-09",
        "none": None,
    }


@pytest.mark.parametrize("value", ['"', "\\", '\\"', "\n", "\u2028", "}}", '", "admin": true, "x": "'])
def test_json_stays_the_same_document_whatever_the_value(value: str) -> None:
    found = json.loads(
        render('{"a": "{{ title }}", "b": {{ title }}, "c": "x{{ title }}"}', target="json", title=value)
    )
    assert found == {"a": value, "b": value, "c": f"x{value}"}


def test_a_value_is_never_expanded_again() -> None:
    assert render("{{ title }}", title="{{ assignee.name }}") == "{{ assignee.name }}"


def test_values_are_looked_up_in_dicts_alone() -> None:
    class Leaky:
        name = "secret"

        def __getitem__(self, key: str) -> str:
            return "secret"

    assert render("{{ assignee.name }}", assignee=Leaky()) == ""
    with pytest.raises(TypeError):
        render("{{ title }}", title=Leaky())


@pytest.mark.parametrize(
    "source",
    ["{{ title.__class__ }}", "{{ __class__ }}", "{{ title.upper }}", "{{ assignee.boss }}", "{{ title() }}"],
)
def test_only_paths_of_the_schema_exist(source: str) -> None:
    with pytest.raises(InvalidExpression):
        parse_template(source, SCHEMA)


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("{{ titel }}", 1, 4, "Did you mean “title”?"),
        ("a\nb {{ title | uper }}", 2, 14, "Did you mean “upper”?"),
        ("{{ title", 1, 1, "not closed"),
        ("{{ title ; }}", 1, 10, "“;” is unexpected"),
        ("{{ }}", 1, 4, "A field is expected"),
        ("{{ title | }}", 1, 12, "A filter is expected"),
        ("{{ title title }}", 1, 10, "is expected here"),
        ("{{ title | money }}", 1, 12, "does not fit"),
        ("{{ due | time }}", 1, 10, "does not fit"),
        ("{{ amount | money:\"rub\" }}", 1, 19, "three capital letters"),
        ("{{ due | date:\"odd\" }}", 1, 15, "not a date format"),
        ("{{ title | truncate }}", 1, 12, "a number from 1"),
        ("{{ title | truncate:0 }}", 1, 21, "a number from 1"),
        ("{{ title | upper:1 }}", 1, 18, "no argument"),
        ("{{ title | default }}", 1, 12, "short text"),
        ("{{ amount | default:\"0\" | money }}", 1, 27, "does not fit"),
        ("{{ title | default:}}", 1, 20, "is expected after “:”"),
        ("{{ title" + " | upper" * 6 + "}}", 1, 57, "more than 5 filters"),
        ("{{ title }}" * (MAX_PLACEHOLDERS + 1), 1, 2201, "more than 200 placeholders"),
    ],
)  # fmt: skip
def test_parser_refuses_and_says_where(source: str, line: int, column: int, message: str) -> None:
    with pytest.raises(InvalidExpression) as caught, translation.override("en"):
        parse_template(source, SCHEMA)
    assert message in str(caught.value)
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)


def test_sizes_are_limited() -> None:
    with pytest.raises(InvalidExpression):
        parse_template("x" * (MAX_SOURCE + 1), SCHEMA)
    with pytest.raises(InvalidExpression):
        render("{{ title }}{{ title }}", title="x" * (MAX_RESULT // 2 + 1))


def test_fields_used_are_the_keys() -> None:
    assert parse_template('{{ title }} {{ assignee.name | upper }} {{ "x" }}', SCHEMA).fields_used == {
        "title",
        "assignee.name",
    }


def test_every_filter_has_a_label() -> None:
    assert all(str(item.label) for item in FILTERS.values())
