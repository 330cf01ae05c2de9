"""The page about the language names everything that it has, and its examples work."""

import json
import re
from pathlib import Path

import pytest

from expressions.conditions import parse_condition
from expressions.filters import FILTERS
from expressions.formulas import FUNCTIONS, parse_formula
from expressions.operators import OPERATORS
from expressions.placeholders import parse_template
from expressions.schema import FieldSpec
from expressions.values import CHOICE, DATE, DATETIME, MONEY, PERSON, TEXT

PAGE = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text()
SCHEMA = {
    "amount": FieldSpec(MONEY, "Amount"),
    "stage": FieldSpec(CHOICE, "Stage", {"new": "New", "offer": "Offer", "won": "Won"}),
    "deadline": FieldSpec(DATETIME, "Deadline"),
    "assignee": FieldSpec(PERSON, "Assignee"),
    "created": FieldSpec(DATETIME, "Created"),
    "contract": FieldSpec(TEXT, "Contract"),
    "signed": FieldSpec(DATE, "Signed"),
    "contact.name": FieldSpec(TEXT, "Contact"),
    "title": FieldSpec(TEXT, "Title"),
    "due": FieldSpec(DATE, "Due"),
}


def examples(heading: str, fence: str) -> str:
    """The first example under a heading."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition(f"```{fence}\n")[2].partition("```")[0]


@pytest.mark.parametrize("key", [*OPERATORS, *FILTERS])
def test_page_names_every_operator_and_filter(key: str) -> None:
    assert re.search(rf"`{key}\b", PAGE)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_page_shows_how_every_function_is_called(key: str) -> None:
    assert f"| `{FUNCTIONS[key].usage}` |" in PAGE


def test_examples_of_the_page_are_accepted() -> None:
    assert parse_condition(json.loads(examples("Conditions", "json")), SCHEMA).describe()
    assert all(parse_formula(line, SCHEMA) for line in examples("Formulas", "").splitlines())
    assert parse_template(examples("Placeholders", ""), SCHEMA).fields_used
