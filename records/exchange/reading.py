"""What a row of a file asks for: values by key, the record it means, the stage it wants."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from accounts.queries import departments_called, people_called
from core.errors import Invalid, SmartCRMError, Text
from core.text import fold, id_from
from processes.definition_types import PipelineDef, StageDef
from processes.field_types.person import person_from_text
from processes.fieldtype import TextContext, WrongValue
from processes.models import Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.exchange.cells import unguarded
from records.exchange.plan import ASSIGNEE, ID, STAGE, TITLE, Plan, Target
from records.exchange.source import UNREADABLE, SourceRow
from records.operations.passing import GatePending
from records.queries.linked import records_called


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is rejected: the column (None for the row as a whole) and words for a person."""

    column: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for. Empty cells are in no value: they leave a present record's values alone."""

    row: SourceRow
    values: Mapping[str, Any] = field(default_factory=dict)
    key: Any = None
    """The plain value by which a present record is found; None when the row has none."""
    stages: Sequence[StageDef] = ()
    """The stages of that name in the pipelines that one sees, in their order; none when the row names no stage."""
    reasons: Sequence[Reason] = ()


class RowReader:
    """Reads some rows by a plan; everybody whom they name is looked up at once, by one query, records by three for
    each process that is linked; departments one by one, each once."""

    def __init__(self, plan: Plan, rows: Sequence[SourceRow], access: Access) -> None:
        self._plan = plan
        self._may_assign = access.can(Operation.ASSIGN)
        self._stages = _stages_by_name(visible_pipelines(access))
        self._people = people_called(_names_in(plan, rows))
        linked = _linked_in(plan, rows)
        records = {process: records_called(access.actor, process, texts) for process, texts in linked.items()}
        self._context = TextContext(
            find_people=lambda text: self._people.get(fold(text), ()),
            find_departments=lru_cache(departments_called),
            find_records=lambda process, text: records[process].get(text, ()),
        )

    def read(self, row: SourceRow) -> Wanted:
        """What a row asks for, or the reasons why it cannot be read."""
        if row.problem:
            return Wanted(row, reasons=[Reason(None, row.problem)])
        values: dict[str, Any] = {}
        reasons: list[Reason] = []
        for index, target in self._plan.columns:
            text = _text_of(row, index)
            try:
                if text:
                    values[target.key] = self._value(target, text)
            except WrongValue as error:
                reasons.append(Reason(index, str(error.message)))
        if reasons:
            return Wanted(row, reasons=sorted([*reasons, *self._refused(values)], key=_by_column))
        try:
            key = self._key(values)
        except WrongValue as error:
            return Wanted(row, reasons=[Reason(self._plan.column_of[self._plan.key], str(error.message))])
        values.pop(ID, None)
        return Wanted(row, key=key, stages=values.pop(STAGE, ()), values=values)

    def for_new(self, wanted: Wanted) -> dict[str, Any]:
        """The values of a new record. Without a person in its column nobody is responsible; whoever may not assign
        is responsible themselves."""
        nobody = {ASSIGNEE: None} if self._may_assign and ASSIGNEE in self._plan.column_of else {}
        return {**nobody, **wanted.values}

    def _refused(self, values: Mapping[str, Any]) -> list[Reason]:
        """What the fields would say to the values that could be read, so that a person hears of all at once."""
        found: list[Reason] = []
        for index, target in self._plan.columns:
            try:
                if target.field is not None and target.key in values:
                    target.field.type.parse(values[target.key], target.field)
            except WrongValue as error:
                found.append(Reason(index, str(error.message)))
        return found

    def _value(self, target: Target, text: str) -> Any:
        if UNREADABLE in text:
            raise WrongValue(_("This cell holds bytes that cannot be read in this encoding."))
        if target.field is not None:
            return target.field.type.from_text(text, target.field, self._context)
        return _BASE[target.key](self, text)

    def _key(self, values: Mapping[str, Any]) -> Any:
        key = self._plan.key
        if not key or key not in values:
            return None
        target = self._plan.definition.field_by_key.get(key)
        return values[key] if target is None else target.type.parse(values[key], target)

    def _number(self, text: str) -> int:
        number = id_from(text.removeprefix("#").removeprefix("№").strip())
        if number is None:
            raise WrongValue(_("The number of a record is expected."))
        return number

    def _title(self, text: str) -> str:
        return text

    def _person(self, text: str) -> int:
        return person_from_text(text, self._context)

    def _stage(self, text: str) -> Sequence[StageDef]:
        found = self._stages.get(fold(text))
        if found is None:
            raise WrongValue(_("There is no stage “%s”.") % text[:100])
        return found


_BASE = {
    ID: RowReader._number,
    TITLE: RowReader._title,
    ASSIGNEE: RowReader._person,
    STAGE: RowReader._stage,
}


def _by_column(reason: Reason) -> int:
    return -1 if reason.column is None else reason.column


def reasons_of(error: SmartCRMError, plan: Plan) -> list[Reason]:
    """A refusal of an operation, put to the columns that it speaks of."""
    fields: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, Invalid) else {}
    found = [
        Reason(plan.column_of.get(key), _said(plan, key, str(message)))
        for key, messages in fields.items()
        for message in messages
    ]
    is_told = found and not isinstance(error, GatePending)
    return found if is_told else [*found, Reason(None, str(error.message))]


def _said(plan: Plan, key: str, message: str) -> str:
    """The message; it names the field when the file has no column for it."""
    target = plan.definition.field_by_key.get(key)
    return message if key in plan.column_of or target is None else f"{target.label}: {message}"


def _text_of(row: SourceRow, index: int) -> str:
    return unguarded(row.cells[index].strip()).strip()


_BETWEEN = re.compile(r"[;,\n]")
"""What stands between several people in one cell."""
_SEPARATORS = (re.compile(r"[;\n]"), _BETWEEN)
"""What may stand between several records: a title may have commas."""


def _names_in(plan: Plan, rows: Sequence[SourceRow]) -> set[str]:
    """What stands in the columns of people."""
    columns = [index for index, target in plan.columns if target.names_people]
    cells = {_text_of(row, index) for row in rows if not row.problem for index in columns}
    return cells | {part.strip() for cell in cells for part in _BETWEEN.split(cell)} - {""}


def _linked_in(plan: Plan, rows: Sequence[SourceRow]) -> dict[int, set[str]]:
    """Process → what stands in the columns of links to its records: cells, and their parts."""
    found: dict[int, set[str]] = {}
    for index, target in plan.columns:
        if target.field is None or not target.field.is_link:
            continue
        cells = {_text_of(row, index) for row in rows if not row.problem}
        parts = {part.strip() for cell in cells for by in _SEPARATORS for part in by.split(cell)}
        found.setdefault(target.field.settings["process"], set()).update((cells | parts) - {""})
    return found


def _stages_by_name(pipelines: Iterable[PipelineDef]) -> dict[str, list[StageDef]]:
    found: dict[str, list[StageDef]] = {}
    for pipeline in pipelines:
        for stage in pipeline.stages:
            exact = (fold(f"{pipeline.name} / {stage.name}"), f"{pipeline.key}.{stage.key}")
            for word in dict.fromkeys((fold(stage.name), stage.key, *exact)):
                found.setdefault(word, []).append(stage)
    return found
