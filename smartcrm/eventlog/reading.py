"""Reading an event log: one row per event, as pm4py and XES name its columns. Nothing is lost without a word."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from core.errors import Invalid
from core.text import check_unicode, clean_line, fold
from processes.field_types.long_text import LIMIT as LONGEST_TEXT

CASE_PREFIX = "case:"
"""Begins the names of columns that tell of the case as a whole."""
NOTHING = frozenset({"", "empty", "missing", "undefined", "unknown", "nan", "none", "null", "n/a"})
"""What exporters write where a person or a group is not known."""
LONGEST_STAGE = 100
LONGEST_TITLE = 300
LONGEST_NAME = 150


class LogError(Exception):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column says what."""

    case: str = "case:concept:name"
    activity: str = "concept:name"
    person: str = "org:resource"
    group: str = "org:group"
    time: str = "time:timestamp"
    assignee: str = "case:responsible"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One row: an activity of a case. Person and group are empty where the log does not know them."""

    line: int
    activity: str
    person: str
    group: str
    at: datetime


@dataclass(slots=True)
class LogCase:
    """One case: its events in the order of time, its attributes by column as its first row has them."""

    name: str
    assignee: str
    attributes: Mapping[str, str]
    events: list[LogEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Log:
    """What a file holds."""

    cases: list[LogCase] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    rows: int = 0
    """Rows read; each is an event of a case or a refusal."""
    attributes: tuple[str, ...] = ()
    """Columns that tell of the case besides its name and its assignee."""
    ignored: tuple[str, ...] = ()
    """Columns that are not read."""
    changing: Counter[str] = field(default_factory=Counter)
    """Attribute → rows that say something else than the first row of their case."""

    @property
    def events(self) -> int:
        """Rows that were taken."""
        return sum(len(case.events) for case in self.cases)


def read_log(path: Path, columns: Columns) -> Log:
    """Read a CSV file (UTF-8, commas, a head line). Raises LogError where it is no such file."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return _read(csv.reader(file), columns)
    except (OSError, csv.Error) as error:
        raise LogError(f"{path} cannot be read: {error}") from error


def _read(reader: "Iterator[list[str]]", columns: Columns) -> Log:
    head = next(reader, [])
    _check_head(head, columns)
    log = Log(attributes=_attributes(head, columns), ignored=_ignored(head, columns))
    cases: dict[str, LogCase] = {}
    for cells in reader:
        if not cells:
            continue
        log.rows += 1
        line: int = reader.line_num  # type: ignore[attr-defined]
        try:
            _take(log, cases, line, _row(head, cells), columns)
        except _Refused as refused:
            log.refusals.append(Refusal(line, str(refused)))
    for case in cases.values():
        case.events.sort(key=lambda event: (event.at, event.line))
    log.cases = sorted(cases.values(), key=lambda case: case.events[0].at)
    return log


class _Refused(Exception):
    """This row cannot be taken; its text says why."""


def _check_head(head: Sequence[str], columns: Columns) -> None:
    wanted = (columns.case, columns.activity, columns.time)
    missing = [name for name in wanted if name not in head]
    if missing:
        raise LogError(f"No column {', '.join(missing)}. The file has: {', '.join(head) or 'nothing'}.")
    twice = [name for name, count in Counter(head).items() if count > 1]
    if twice:
        raise LogError(f"Column {', '.join(twice)} stands there twice.")


def _attributes(head: Sequence[str], columns: Columns) -> tuple[str, ...]:
    known = (columns.case, columns.activity, columns.person, columns.group, columns.time, columns.assignee)
    return tuple(name for name in head if name.startswith(CASE_PREFIX) and name not in known)


def _ignored(head: Sequence[str], columns: Columns) -> tuple[str, ...]:
    known = (columns.case, columns.activity, columns.person, columns.group, columns.time, columns.assignee)
    return tuple(name for name in head if not name.startswith(CASE_PREFIX) and name not in known)


def _row(head: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(head):
        raise _Refused(f"{len(cells)} values for {len(head)} columns")
    return dict(zip(head, (cell.strip() for cell in cells), strict=True))


def _take(log: Log, cases: dict[str, LogCase], line: int, row: Mapping[str, str], columns: Columns) -> None:
    """Add the row's event to its case, or raise _Refused and change nothing."""
    name = _words(row[columns.case], "case", LONGEST_TITLE)
    event = LogEvent(
        line=line,
        activity=_words(row[columns.activity], "activity", LONGEST_STAGE),
        person=_name(row.get(columns.person, ""), "person"),
        group=_name(row.get(columns.group, ""), "group"),
        at=_moment(row[columns.time]),
    )
    attributes = {column: row[column] for column in log.attributes}
    for column, value in attributes.items():
        _check_text(value, column)
    if name not in cases:
        cases[name] = LogCase(name, _name(row.get(columns.assignee, ""), "assignee"), attributes)
    else:
        log.changing.update(column for column in attributes if cases[name].attributes[column] != attributes[column])
    cases[name].events.append(event)


def _words(text: str, what: str, limit: int) -> str:
    if not text:
        raise _Refused(f"no {what}")
    try:
        return clean_line(text, field=what, limit=limit)
    except Invalid as error:
        raise _Refused(f"{what}: {error.fields[what][0]}") from error


def _name(text: str, what: str) -> str:
    return "" if fold(text) in NOTHING else _words(text, what, LONGEST_NAME)


def _check_text(text: str, column: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise _Refused(f"{column}: more than {LONGEST_TEXT:,} characters")
    try:
        check_unicode(text, field=column)
    except Invalid as error:
        raise _Refused(f"{column}: {error.fields[column][0]}") from error


def _moment(text: str) -> datetime:
    """A moment; without an offset it is read in the installation's time zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _Refused(f"no time: “{text}”" if text else "no time") from error
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > timezone.now():
        raise _Refused(f"a time in the future: {text}")
    return at
