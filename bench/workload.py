"""The process “Requests” with 20 fields and 6 stages, and its records: the same for everybody who is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

PEOPLE = 20
SOURCES = ("site", "phone", "mail", "visit")
STAGES = (
    ("received", "Received", "open"),
    ("in_work", "In work", "open"),
    ("waiting", "Waiting", "open"),
    ("approval", "Approval", "open"),
    ("completed", "Completed", "won"),
    ("rejected", "Rejected", "lost"),
)
"""Key, name and kind."""

FIELDS = (
    ("customer", "text"),
    ("phone", "text"),
    ("email", "text"),
    ("city", "text"),
    ("contract", "text"),
    ("details", "long_text"),
    ("resolution", "long_text"),
    ("estimate", "number"),
    ("spent", "number"),
    ("discount", "number"),
    ("quantity", "integer"),
    ("attempts", "integer"),
    ("request_date", "date"),
    ("answer_by", "date"),
    ("visit_at", "datetime"),
    ("called_at", "datetime"),
    ("is_urgent", "boolean"),
    ("is_paid", "boolean"),
    ("source", "choice"),
    ("manager", "person"),
)
"""Key and field type."""
ON_CARD = ("customer", "estimate", "request_date", "source")

_CITIES = ("Berlin", "Kazan", "Lyon", "Perm", "Oslo", "Tver", "Turin")
_DETAILS = "The printer on the second floor does not print; paper is in, the lamp is red, two people have looked. " * 3
_BEGIN = datetime(2026, 1, 1, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """One record: number, place of its stage, place of its people in the list of people, moment, field values."""

    number: int
    stage: int
    assignee: int
    at: datetime
    values: dict[str, Any]

    @property
    def title(self) -> str:
        """What people call it."""
        return f"Request {self.number} of {self.values['customer']}"


def samples(count: int) -> Iterator[Sample]:
    """The records 1 … `count`; two records of a number are always the same."""
    for number in range(1, count + 1):
        yield sample(number)


def sample(number: int) -> Sample:
    """One record. Values are spread by multiplication with primes, so that columns do not go together."""
    day = date(2026, 1, 1) + timedelta(days=number * 7 % 365)
    at = _BEGIN + timedelta(seconds=number)
    values = {
        "customer": f"Customer {number * 31 % 997}",
        "phone": f"+4930{number * 7919 % 10_000_000:07d}",
        "email": f"customer{number * 31 % 997}@example.test",
        "city": _CITIES[number * 13 % len(_CITIES)],
        "contract": f"C-{number * 17 % 10_000:05d}",
        "details": _DETAILS,
        "resolution": "Done." if number % 3 == 0 else None,
        "estimate": Decimal(number * 7907 % 1_000_000) / 100,
        "spent": Decimal(number * 6007 % 100_000) / 100,
        "discount": Decimal(number % 30),
        "quantity": number * 11 % 50,
        "attempts": number * 3 % 7,
        "request_date": day,
        "answer_by": day + timedelta(days=14),
        "visit_at": at + timedelta(days=3),
        "called_at": at + timedelta(hours=2) if number % 2 else None,
        "is_urgent": number * 29 % 5 == 0,
        "is_paid": number * 37 % 3 == 0,
        "source": SOURCES[number * 19 % len(SOURCES)],
        "manager": number * 23 % PEOPLE,
    }
    return Sample(number, number * 41 % len(STAGES), number * 5 % PEOPLE, at, values)


def as_json(values: dict[str, Any], people: list[int]) -> dict[str, Any]:
    """The values as a client sends them; the manager is a place in `people`."""
    plain = {key: _plain(value) for key, value in values.items()}
    return {**plain, "manager": people[values["manager"]]}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
