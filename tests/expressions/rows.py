"""A throw-away table with two columns of every kind, and the values that conditions stumble over."""

import random
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.apps.registry import Apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from expressions import values
from expressions.schema import FieldSpec
from expressions.values import Kind

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # the night of the change to summer time in Europe
ZONES: list[tzinfo] = [
    ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata")
]
OPTIONS = {"new": "New", "won": "Won", "lost": "Lost", "Ёлка": "Tree", "a'b\\%": "Odd"}

TEXTS = [
    "Ёлка", "елка", "ЁЛКА и ель", "İstanbul", "istanbul", "I", "ı", "STRASSE", "straße", "STRAẞE", "ΟΔΟΣ",
    "οδος", "οδοσ", "100%", "100", "a_b", "aXb", "a\\b", "'; drop table x --", "line\nbreak", "😀 ok",
    "\U00010d50", "\U00010d70",
    "Ǆ", "ǆ", "ǅ", "\u212a", "k", "ﬁ", " ", "  x ", "A", "a", "й", "и\u0306", "NULL", "true",
]  # fmt: skip
NUMBERS = [Decimal(text) for text in ("0", "-0", "1", "1.0", "1.5", "-1.5", "0.0001", "99999999.9999", "2", "3")]
INTEGERS = [0, 1, 2, 3, -1, 2**31, -(2**31), 2**62]
DAYS = [NOW.date() + timedelta(days=days) for days in (*range(-9, 10), -31, 31, -92, 92, -365, 365)] + [
    date(1000, 1, 1),
    date(2024, 2, 29),
    date(9000, 12, 31),
]
IDS = [1, 2, 3, 7]


def _moments() -> list[datetime]:
    found = [NOW + timedelta(hours=hours) for hours in (*range(-30, 31, 5), -200, 200)]
    found += [NOW + timedelta(microseconds=step) for step in (-1, 0, 1)]
    found += [NOW + timedelta(days=days) for days in (-365, -92, -31, -15, 15, 31, 92, 365)]
    for zone in ZONES:
        for day in (NOW.date(), NOW.date() + timedelta(days=1), NOW.date() - timedelta(days=7)):
            start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
            found += [start - timedelta(microseconds=1), start, start + timedelta(microseconds=1)]
    # The hour that comes twice, in two places.
    found += [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    return found


MOMENTS = _moments()

KINDS: dict[str, tuple[Kind, list[Any], type[Any], dict[str, Any]]] = {
    "text": (values.TEXT, TEXTS, models.TextField, {}),
    "number": (values.NUMBER, NUMBERS, models.DecimalField, {"max_digits": 30, "decimal_places": 6}),
    "integer": (values.INTEGER, INTEGERS, models.BigIntegerField, {}),
    "money": (values.MONEY, NUMBERS, models.DecimalField, {"max_digits": 30, "decimal_places": 6}),
    "boolean": (values.BOOLEAN, [True, False], models.BooleanField, {}),
    "date": (values.DATE, DAYS, models.DateField, {}),
    "datetime": (values.DATETIME, MOMENTS, models.DateTimeField, {}),
    "choice": (values.CHOICE, list(OPTIONS), models.TextField, {}),
    "person": (values.PERSON, IDS, models.IntegerField, {}),
    "reference": (values.REFERENCE, IDS, models.BigIntegerField, {}),
    "choices": (values.CHOICES, list(OPTIONS), ArrayField, {"base_field": models.TextField()}),
    "people": (values.PEOPLE, IDS, ArrayField, {"base_field": models.IntegerField()}),
    "references": (values.REFERENCES, IDS, ArrayField, {"base_field": models.BigIntegerField()}),
}
KEYS = [f"{name}_{letter}" for name in KINDS for letter in "ab"]
SCHEMA = {
    key: FieldSpec(
        KINDS[key[:-2]][0], key.replace("_", " ").capitalize(), OPTIONS if key.startswith("choice") else None
    )
    for key in KEYS
}
COLUMNS = {key: key for key in KEYS}


def pool(key: str) -> list[Any]:
    """The values from which rows and constants of a field are drawn."""
    return KINDS[key[:-2]][1]


def row_model() -> type[models.Model]:
    """The model of the table, in a registry of its own."""
    registry = Apps()

    class Row(models.Model):  # noqa: DJ008
        class Meta:
            apps = registry
            app_label = "expressions_test"

    for key in KEYS:
        _kind, _pool, field, options = KINDS[key[:-2]]
        field(null=True, **options).contribute_to_class(Row, key)
    return Row


def random_row(source: random.Random) -> dict[str, Any]:
    """Plain values of one row, with many empty ones of both sorts."""
    row: dict[str, Any] = {}
    for key in KEYS:
        roll = source.random()
        if roll < 0.2:
            row[key] = None
        elif key.startswith(("choices", "people", "references")):
            row[key] = source.sample(pool(key), source.randint(0, 3))
        elif roll < 0.3 and key.startswith(("text", "choice")):
            row[key] = ""
        else:
            row[key] = source.choice(pool(key))
    return row
