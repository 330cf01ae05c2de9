"""What a process should look like, in plain Python: fields with both their forms, records, sections."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OPTIONS = [{"key": "one", "label": "1"}, {"key": "cross", "label": "x"}]
SETTINGS: dict[str, dict[str, Any]] = {"choice": {"options": OPTIONS}, "number": {"decimals": 2}}
VALUES: dict[str, tuple[Any, ...]] = {
    "text": (None, "1", "2.5", "x", "40"),
    "integer": (None, 1, 40, -3),
    "number": (None, 1, 2.5, 40),
    "choice": (None, "one", "cross"),
}
"""Type → JSON values that records get."""


def _whole(number: float) -> int | None:
    return int(number) if number == int(number) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    number = _number(text)
    return None if number is None else _whole(number)


def _option(text: str) -> str | None:
    return {option["label"]: option["key"] for option in OPTIONS}.get(text)


def _label(key: str) -> str:
    return {option["key"]: option["label"] for option in OPTIONS}[key]


def _written(number: float) -> str:
    return f"{number:g}"


BECOMES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("text", "integer"): _integer,
    ("text", "number"): _number,
    ("text", "choice"): _option,
    ("integer", "text"): _written,
    ("integer", "number"): float,
    ("integer", "choice"): lambda number: _option(_written(number)),
    ("number", "text"): _written,
    ("number", "integer"): _whole,
    ("number", "choice"): lambda number: _option(_written(number)),
    ("choice", "text"): _label,
}
"""What a value of one type is as one of another; None where it is nothing."""


def become(value: Any, source: str, target: str) -> Any:
    """A value in the other type."""
    way = BECOMES.get((source, target))
    return None if value is None or way is None else way(value)


@dataclass
class Form:
    """A column: its id, its type, what stands in it."""

    id: int
    type: str
    searchable: bool = False
    values: dict[int, Any] = field(default_factory=dict)


@dataclass
class ModelField:
    """A field as it should be: its present form, and the other one while (and after) its type changes."""

    key: str
    label: str
    position: int
    form: Form
    section: int | None = None
    removed: bool = False
    former: Form | None = None
    """What it was; there is a way back."""
    coming: Form | None = None
    """What it is to be."""
    is_coming_written: bool = False
    """Whether the new column is there."""

    @property
    def others(self) -> list[Form]:
        """The forms beside the present one into which writes go."""
        return [form for form in (self.former, self.coming if self.is_coming_written else None) if form is not None]

    def write(self, record: int, value: Any) -> None:
        """A record gets a value; what stays leaves the other forms alone."""
        if value == self.form.values.get(record):
            return
        self.form.values[record] = value
        for form in self.others:
            form.values[record] = become(value, self.form.type, form.type)

    def convert_up_to(self, record: int) -> None:
        """The job has dealt with all records up to this one."""
        assert self.coming is not None
        for number, value in self.form.values.items():
            if number <= record and self.coming.values.get(number) is None:
                self.coming.values[number] = become(value, self.form.type, self.coming.type)

    def take_over(self, form: Form) -> None:
        """The present form and another one change places."""
        can, could = form.type == "text", self.form.type == "text"
        form.searchable = (self.form.searchable if could else form.searchable) and can
        self.former, self.form, self.coming = self.form, form, None


@dataclass
class Model:
    """The process as it should be."""

    fields: list[ModelField] = field(default_factory=list)
    records: dict[int, bool] = field(default_factory=dict)
    """Record → whether it is in the bin."""
    sections: list[int] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    """Columns of conversions that were stopped; a job takes them away."""

    @property
    def live(self) -> list[ModelField]:
        """The fields that are shown, in their order."""
        shown = [one for one in self.fields if not one.removed]
        return sorted(shown, key=lambda one: (one.position, one.form.id))

    @property
    def removed(self) -> list[ModelField]:
        """The fields that can be restored."""
        return [one for one in self.fields if one.removed]

    def words(self, record: int) -> list[str]:
        """By what the search finds a record, sorted: their order is that of the last write."""
        found = (one.form.values.get(record) for one in self.live if one.form.searchable)
        return sorted(text for text in found if text)
