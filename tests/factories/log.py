"""A made-up event log of the shape that process mining tools write: cases, activities, people, attributes, times."""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

HEAD = (
    "case:channel",
    "case:concept:name",
    "case:deadline",
    "case:department",
    "case:enddate",
    "case:group",
    "case:responsible",
    "case:fee",
    "case:note",
    "case:startdate",
    "concept:instance",
    "concept:name",
    "lifecycle:transition",
    "org:group",
    "org:resource",
    "time:timestamp",
)
PATH = (
    "Confirmation of receipt",
    "T02 Check confirmation of receipt",
    "T04 Determine confirmation of receipt",
    "T05 Print and send confirmation of receipt",
    "T06 Determine necessity of stop advice",
    "T10 Determine necessity to stop indication",
)
"""The way of most cases; the last activity ends them."""
ADJUST = "T03 Adjust confirmation of receipt"
UNLICENSED = (
    "T11 Create document X request unlicensed",
    "T12 Check document X request unlicensed",
    "T14 Determine document X request unlicensed",
    "T15 Print document X request unlicensed",
)
"""The way of some instead of the last activity."""
ADVICE = tuple(f"T07-{number} Draft intern advice aspect {number}" for number in range(1, 6))
"""Taken by few, on the way."""
CHANNELS = ("Internet", "Internet", "Internet", "Desk", "Post", "e-mail")
PEOPLE = (*(f"Resource{number:02}" for number in range(1, 21)), "TEST", "test", "admin1")
GROUPS = ("Group 1", "Group 2", "Group 3", "Group 4", "EMPTY")
BEGIN = datetime(2010, 10, 1, 8, 0, tzinfo=UTC)


def log_rows(*, cases: int, seed: int = 7) -> Iterator[dict[str, str]]:
    """The rows of a log, case after case, the same for the same seed. About six rows a case."""
    chance = random.Random(seed)
    for number in range(cases):
        yield from _case(number, chance)


def write_log(path: Path, *, cases: int, seed: int = 7, more: tuple[dict[str, str], ...] = ()) -> Path:
    """Write a log of some cases, and `more` rows after them, as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        writer.writerows(log_rows(cases=cases, seed=seed))
        writer.writerows(more)
    return path


def log_row(**changes: str) -> dict[str, str]:
    """One good row of a case of its own; `changes` by `case`, `activity`, `time` or the last word of the column."""
    words = {"case": "case:concept:name", "activity": "concept:name", "time": "time:timestamp"}
    row = next(log_rows(cases=1)) | {"case:concept:name": "case-extra"}
    for word, value in changes.items():
        row[words.get(word) or next(name for name in HEAD if name.endswith(f":{word}"))] = value
    return row


def _case(number: int, chance: random.Random) -> Iterator[dict[str, str]]:
    begin = BEGIN + timedelta(hours=7 * number, minutes=chance.randrange(400))
    about = {
        "case:channel": chance.choice(CHANNELS),
        "case:concept:name": f"case-{1000 + number}",
        "case:deadline": (begin + timedelta(days=56)).isoformat(sep=" "),
        "case:department": chance.choice(("General", "General", "Experts")),
        "case:enddate": (begin + timedelta(days=chance.randrange(3, 60))).isoformat() if number % 9 else "",
        "case:group": chance.choice(("", "", "Group 2", "Group 5")),
        "case:responsible": chance.choice(PEOPLE),
        "case:fee": f"{chance.randrange(5, 900)}.50",
        "case:note": f"Request number {number} of the {begin:%d.%m.%Y}",
        "case:startdate": begin.date().isoformat(),
    }
    at = begin
    for place, activity in enumerate(_way(number, chance)):
        at += timedelta(minutes=chance.randrange(1, 4000) if place else 0, milliseconds=chance.randrange(1000))
        person = chance.choice(PEOPLE)
        yield about | {
            "concept:instance": f"task-{number}-{place}",
            "concept:name": activity,
            "lifecycle:transition": "complete",
            "org:group": GROUPS[PEOPLE.index(person) % len(GROUPS)],
            "org:resource": person,
            "time:timestamp": at.isoformat(sep=" "),
        }


def _way(number: int, chance: random.Random) -> list[str]:
    """Activities of one case: the usual way, now and then shorter, with a repeat, an advice or another end."""
    way = list(PATH)
    if chance.random() < 0.1:
        del way[chance.randrange(1, len(way)) :]
    if chance.random() < 0.15 and len(way) > 2:
        way[2:2] = [ADJUST, way[1]]
    if chance.random() < 0.1 and len(way) > 3:
        way.insert(3, ADVICE[number % len(ADVICE)])
    if number % 17 == 4:
        way = [*PATH[:-1], *UNLICENSED]
    if number % 19 == 6:
        way.append(way[-1])
    return way
