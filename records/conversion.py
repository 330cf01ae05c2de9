"""Turning values of a field into those of its other form: what has to be looked up for it, and in whose language.

A conversion must not depend on who happens to write: words are read and written in the language and the time zone of
the installation, and rows are found and named for the product itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Department, User
from accounts.queries import people_called
from core.text import fold, id_from
from expressions.folding import Folded, folded
from processes.conversion import converted
from processes.definition_types import FieldDef
from processes.fieldtype import (
    DEPARTMENT,
    FILE,
    PERSON,
    RECORD,
    ConversionContext,
    DisplayContext,
    TextContext,
    WrongValue,
)
from records.models import Attachment, Record

BETWEEN = re.compile(r"[;,\n]")
"""What stands between several names in one text."""
_NAMES: Mapping[str, tuple[Any, str]] = {
    PERSON: (User, "name"),
    DEPARTMENT: (Department, "name"),
    RECORD: (Record, "title"),
    FILE: (Attachment, "name"),
}


@contextmanager
def settled() -> Iterator[None]:
    """The language and the time zone in which values are converted, whoever writes."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(settings.TIME_ZONE):
        yield


class Conversion:
    """Values of one field on their way to another, with what was looked up for them: one for each write or batch."""

    def __init__(self, source: FieldDef, target: FieldDef) -> None:
        self.source = source
        self.target = target
        self._names = _Names()
        self._rows = _Rows(target)

    def prepare(self, values: Iterable[Any]) -> None:
        """Look up what many values need at once: a query for each family, two for records."""
        present = [value for value in values if value is not None]
        if family := self.source.type.refers:
            self._names.learn(family, {row for value in present for row in self.source.type.ids_in(value)})
        if self.target.type.refers and self.source.type.kind == "text":
            self._rows.learn(self.source.type.plain_text(value, self.source, self._names) for value in present)

    def convert(self, value: Any) -> Any:
        """A value as the other field holds it, in the language that is active. Raises WrongValue."""
        return converted(value, self.source, self.target, self._context)

    def stored(self, value: Any) -> dict[str, Any]:
        """The same by attribute of the typed model, within `settled`; empty where the value does not convert."""
        try:
            return self.target.stored(self.convert(value))
        except WrongValue:
            return self.target.stored(None)

    @cached_property
    def _context(self) -> ConversionContext:
        rows = self._rows
        text = TextContext(
            find_people=rows.called,
            find_departments=rows.called,
            find_records=lambda process_id, name: rows.called(name),
        )
        return ConversionContext(self._names, text)


def words_of(values: Sequence[Any], field: FieldDef) -> list[str]:
    """What values are called when they stand by themselves; those that name what is gone are left out."""
    names = _Names()
    names.learn(field.type.refers, {row for value in values for row in field.type.ids_in(value)})
    found: list[str] = []
    with settled():
        for value in values:
            with suppress(WrongValue):
                found.append(field.type.plain_text(value, field, names))
    return found


class _Names(DisplayContext):
    """Names of rows, each looked up once. A row that is gone has none, so that its value does not convert."""

    def __init__(self) -> None:
        super().__init__(defaultdict(dict))

    def name(self, family: str, row_id: int) -> str:
        self.learn(family, {row_id})
        if not (found := self.names[family][row_id]):
            raise WrongValue(_("What it names is gone."))
        return found

    def learn(self, family: str, ids: set[int]) -> None:
        """Look up those that are new."""
        known: Any = self.names[family]
        if new := ids - known.keys():
            model, name = _NAMES[family]
            known.update(dict.fromkeys(new, ""))
            known.update(model.objects.filter(pk__in=new).values_list("pk", name))


class _Rows:
    """Rows that texts mean, each text looked up once."""

    def __init__(self, target: FieldDef) -> None:
        self._target = target
        self._known: dict[str, Sequence[int]] = {}

    def called(self, text: str) -> Sequence[int]:
        """Ids of the rows of this name."""
        self.learn([text])
        return self._known[text.strip()]

    def learn(self, texts: Iterable[str]) -> None:
        """Look up those that are new, and the parts of those that may be lists."""
        whole = {text.strip() for text in texts}
        parts = {part.strip() for text in whole for part in BETWEEN.split(text)}
        new = (whole | parts) - self._known.keys()
        if new:
            self._known |= _FINDERS[self._target.type.refers](self._target, new)


def _people(target: FieldDef, texts: set[str]) -> dict[str, Sequence[int]]:
    found = people_called(texts)
    return {text: found.get(fold(text), ()) for text in texts}


def _departments(target: FieldDef, texts: set[str]) -> dict[str, Sequence[int]]:
    wanted = {text.lower() for text in texts}
    known = Department.objects.alias(small=Lower("name")).filter(small__in=wanted).order_by("pk")
    found: dict[str, list[int]] = defaultdict(list)
    for row_id, name in known.values_list("pk", Lower("name")):
        found[name].append(row_id)
    return {text: found.get(text.lower(), ()) for text in texts}


def _records(target: FieldDef, texts: set[str]) -> dict[str, Sequence[int]]:
    """By number, with or without #, before by title."""
    live = Record.objects.filter(process_id=target.settings["process"], deleted_at=None)
    numbers = {text: id_from(text.removeprefix("#").strip()) for text in texts}
    asked = [number for number in numbers.values() if number is not None]
    by_number = set(live.filter(pk__in=asked).values_list("pk", flat=True))
    titles = {folded(text) for text in texts}
    titled = live.alias(small=Folded(F("title"))).filter(small__in=titles).order_by("pk")
    by_title: dict[str, list[int]] = defaultdict(list)
    for row_id, title in titled.values_list("pk", Folded(F("title"))):
        by_title[title].append(row_id)
    found: dict[str, Sequence[int]] = {}
    for text, number in numbers.items():
        found[text] = (number,) if number is not None and number in by_number else by_title.get(folded(text), ())
    return found


_FINDERS = {PERSON: _people, DEPARTMENT: _departments, RECORD: _records}
