"""The shape of the process behind a log: its stages and fields, found from the data."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from core.errors import Invalid
from core.text import RESERVED_KEYS, clean_line, key_from
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.field_types.number import SCALE, to_decimal
from processes.fieldtype import WrongValue
from processes.models import Stage
from processes.models.pipeline import COLORS
from smartcrm.eventlog.reading import CASE_PREFIX, Log, LogCase

MOST_OPTIONS = 30
"""A column with more distinct values is text."""
LONGEST_OPTION = 100
LONGEST_LINE = 1000
ON_CARD = 3
"""Choices and days that a card shows."""
RARE = 0.01
"""A stage that ends fewer cases than this share of all does not close them."""
LEADING_ZERO = re.compile(r"[+-]?0\d")
"""Begins a code that only looks like a number."""
OPEN_COLORS = tuple(color for color in COLORS if color not in ("green", "red"))


@dataclass(frozen=True, slots=True)
class Question:
    """An attribute of the cases as a field: its column, its draft, and the field's JSON value of a cell."""

    column: str
    draft: FieldDraft
    value: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The process that a log describes."""

    stage_keys: Mapping[str, str]
    """Activity → key of its stage."""
    stages: tuple[StageDraft, ...]
    questions: tuple[Question, ...]
    empty: tuple[str, ...]
    """Columns without a single value."""

    def draft(self, *, name: str, key: str, noun: str, noun_plural: str) -> ProcessDraft:
        """The process to be; records may move between any stages, as they have done."""
        return ProcessDraft(
            name=name,
            key=key,
            noun=noun,
            noun_plural=noun_plural,
            stages=self.stages,
            fields=[question.draft for question in self.questions],
        )


def shape_of(log: Log) -> Shape:
    """The stages in the order of their mean place in the cases, closed ones last; a field for every attribute."""
    places = _mean_places(log.cases)
    closed = _closing(log.cases) - {min(places, key=places.__getitem__)}
    activities = sorted(places, key=lambda name: (name in closed, places[name], name))
    keys: dict[str, str] = {}
    for activity in activities:
        keys[activity] = key_from(activity, taken=set(keys.values()), fallback="stage")
    stages = tuple(_stage(number, name, keys[name], name in closed) for number, name in enumerate(activities))
    filled = {column: _cells(log.cases, column) for column in log.attributes}
    return Shape(
        stage_keys=keys,
        stages=stages,
        questions=_questions({column: cells for column, cells in filled.items() if cells}),
        empty=tuple(column for column, cells in filled.items() if not cells),
    )


def _mean_places(cases: Sequence[LogCase]) -> dict[str, float]:
    """Activity → its mean place in the cases, from 0 (always first) to 1 (always last)."""
    places: dict[str, list[float]] = {}
    for case in cases:
        last = max(len(case.events) - 1, 1)
        for number, event in enumerate(case.events):
            places.setdefault(event.activity, []).append(number / last)
    return {activity: sum(found) / len(found) for activity, found in places.items()}


def _closing(cases: Sequence[LogCase]) -> set[str]:
    """Activities with which most of the cases that come to them end; rare ends close nothing."""
    passing = Counter(activity for case in cases for activity in {event.activity for event in case.events})
    ending = Counter(case.events[-1].activity for case in cases)
    return {
        activity for activity, count in ending.items() if count > passing[activity] / 2 and count >= RARE * len(cases)
    }


def _stage(number: int, name: str, key: str, is_closed: bool) -> StageDraft:
    if is_closed:
        return StageDraft(name, Stage.Kind.WON, "green", key)
    return StageDraft(name, color=OPEN_COLORS[number % len(OPEN_COLORS)], key=key)


def _cells(cases: Sequence[LogCase], column: str) -> list[str]:
    return [case.attributes[column] for case in cases if case.attributes[column]]


def _questions(filled: Mapping[str, Sequence[str]]) -> tuple[Question, ...]:
    questions: list[Question] = []
    for column, cells in filled.items():
        label = _label(column)
        key = key_from(label, taken={question.draft.key for question in questions}, fallback="field")
        if label.lower() in RESERVED_KEYS:
            key = f"case_{label.lower()}"
        on_card = sum(question.draft.on_card for question in questions) < ON_CARD
        questions.append(_question(column, cells, label, key, on_card=on_card))
    return tuple(questions)


def _label(column: str) -> str:
    words = column.removeprefix(CASE_PREFIX).replace("_", " ").replace(":", " ").strip() or column
    return f"{words[:1].upper()}{words[1:]}"[:100]


def _question(column: str, cells: Sequence[str], label: str, key: str, *, on_card: bool) -> Question:
    def draft(type_: str, *, is_on_card: bool = False, **settings: Any) -> FieldDraft:
        return FieldDraft(label, type_, key=key, on_card=is_on_card, settings=settings)

    if all(_is_day(cell) for cell in cells):
        return Question(column, draft("date", is_on_card=on_card), lambda cell: _moment(cell).date().isoformat())
    if all(_is_moment(cell) for cell in cells):
        return Question(column, draft("datetime", is_on_card=on_card), str)
    if (decimals := _decimals(cells)) is not None:
        type_draft = draft("number", decimals=decimals) if decimals else draft("integer")
        return Question(column, type_draft, str)
    if options := _options(cells):
        found = [{"key": option_key, "label": text} for text, option_key in options.items()]
        return Question(column, draft("choice", is_on_card=on_card, options=found), options.__getitem__)
    type_ = "text" if all(_is_line(cell, LONGEST_LINE) for cell in cells) else "long_text"
    return Question(column, draft(type_), str)


def _is_line(cell: str, limit: int) -> bool:
    try:
        return bool(clean_line(cell, field="cell", limit=limit))
    except Invalid:
        return False


def _moment(cell: str) -> datetime:
    return datetime.fromisoformat(cell)


def _is_moment(cell: str) -> bool:
    try:
        return bool(datetime.fromisoformat(cell)) and not cell.isdigit()
    except ValueError:
        return False


def _is_day(cell: str) -> bool:
    """A day alone, or its midnight."""
    return _is_moment(cell) and _moment(cell).time() == time()


def _decimals(cells: Sequence[str]) -> int | None:
    """Decimals that keep every number; None where some cell is no number that a field can keep."""
    most = 0
    for cell in cells:
        if LEADING_ZERO.match(cell):
            return None
        try:
            exponent = to_decimal(cell).normalize().as_tuple().exponent
        except WrongValue:
            return None
        most = max(most, -int(exponent))
    return most if most <= SCALE else None


def _options(cells: Sequence[str]) -> dict[str, str]:
    """Text → key of its option, the most frequent first; nothing where the values are too many or too different."""
    counts = Counter(cells)
    few = len(counts) <= MOST_OPTIONS and len(counts) * 2 <= len(cells)
    if not few or not all(_is_line(text, LONGEST_OPTION) for text in counts):
        return {}
    options: dict[str, str] = {}
    for text, _count in counts.most_common():
        options[text] = key_from(text, taken=set(options.values()), fallback="option")
    return options
