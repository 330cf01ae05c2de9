"""The columns of a file that goes out: base keys and fields, and what each says of a record."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.text import fold
from processes.definition_types import Definition, FieldDef, Words
from processes.fieldtype import PERSON, Cell, DisplayContext, field_types
from processes.permissions import Access
from processes.queries import visible_pipelines
from processes.schema import BASE_LABELS
from records.queries.rows import Row
from records.queries.table import TableColumn, columns_for

AS_LISTED = ("id", "title", "pipeline", "stage", "assignee")
"""Base columns of a file that holds what the list shows; its fields and when it was changed follow."""

_MOMENT = FieldDef(0, "moment", Words("moment"), field_types["datetime"])
"""A moment that no field holds, as if one did."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column. `field` is None for a base key."""

    key: str
    label: str
    field: FieldDef | None

    def cell(self, row: Row, context: DisplayContext) -> Cell:
        """What a workbook says of a record here."""
        if self.field is None:
            return _BASE_CELLS[self.key](row, context)
        return self.field.type.to_cell(row.value(self.field), self.field, context)

    def text(self, row: Row, context: DisplayContext) -> str:
        """What a file of text says of a record here."""
        if self.field is None:
            return _BASE_TEXTS.get(self.key, _as_text(self.key))(row, context)
        return self.field.type.to_text(row.value(self.field), self.field, context)


def export_columns(access: Access, keys: Sequence[str]) -> list[ExportColumn]:
    """The columns of these keys, in their order. Raises Invalid for none, and for what the access cannot show."""
    known = {column.key: column for column in columns_for(access)}
    unknown = [key for key in keys if key not in known]
    if unknown or not keys:
        message = _("There is no field “%(name)s”.") % {"name": unknown[0][:100]} if unknown else _("Choose a column.")
        raise Invalid(message, {"columns": [message]})
    wanted = [known[key] for key in dict.fromkeys(keys)]
    labels = _labels(wanted)
    return [ExportColumn(column.key, label, column.field) for column, label in zip(wanted, labels, strict=True)]


def all_keys(access: Access) -> list[str]:
    """Everything that the access shows."""
    return [column.key for column in columns_for(access)]


def listed_keys(access: Access) -> list[str]:
    """What the list shows, with the number of the record before it and its pipeline, where there are several."""
    base = [key for key in AS_LISTED if key != "pipeline" or len(visible_pipelines(access)) > 1]
    known = {column.key: column for column in columns_for(access)}
    fields = [column.key for column in known.values() if column.field is not None and column.field.in_list]
    return [*(key for key in base if key in known), *fields, "updated_at"]


def _labels(columns: Sequence[TableColumn]) -> list[str]:
    """What heads the columns; those that would be called the same are called by their keys."""
    counts = Counter(fold(str(column.label)) for column in columns)
    bases = {fold(str(label)) for label in BASE_LABELS.values()}

    def is_clear(column: TableColumn) -> bool:
        name = fold(str(column.label))
        return counts[name] == 1 and (column.field is None or name not in bases)

    return [str(column.label) if is_clear(column) else column.key for column in columns]


def stage_text(definition: Definition, stage_id: int) -> str:
    """The name of a stage; with the pipeline before it where others of the process are called the same."""
    stage = definition.stage_by_id[stage_id]
    namesakes = [other for other in definition.stage_by_id.values() if fold(other.name) == fold(stage.name)]
    if len(namesakes) == 1:
        return stage.name
    return f"{definition.pipeline_by_id[stage.pipeline_id].name} / {stage.name}"


def _person(attribute: str) -> Callable[[Row, DisplayContext], str]:
    def text(row: Row, context: DisplayContext) -> str:
        person = getattr(row, attribute)
        return "" if person is None else context.name(PERSON, person)

    return text


def _moment(attribute: str) -> Callable[[Row, DisplayContext], Cell]:
    """To the second: nobody reads on."""

    def cell(row: Row, context: DisplayContext) -> Cell:
        return _MOMENT.type.to_cell(_whole(getattr(row, attribute)), _MOMENT, context)

    return cell


def _moment_text(attribute: str) -> Callable[[Row, DisplayContext], str]:
    def text(row: Row, context: DisplayContext) -> str:
        return _MOMENT.type.to_text(_whole(getattr(row, attribute)), _MOMENT, context)

    return text


def _whole(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


_MOMENTS = ("created_at", "updated_at", "stage_changed_at", "closed_at")
_BASE_CELLS: Mapping[str, Callable[[Row, DisplayContext], Cell]] = {
    "id": lambda row, context: row.record_id,
    "title": lambda row, context: row.title,
    "pipeline": lambda row, context: row.definition.pipeline_by_id[row.pipeline_id].name,
    "stage": lambda row, context: stage_text(row.definition, row.stage_id),
    "assignee": _person("assignee_id"),
    "author": _person("author_id"),
    **{key: _moment(key) for key in _MOMENTS},
}
_BASE_TEXTS: Mapping[str, Callable[[Row, DisplayContext], str]] = {key: _moment_text(key) for key in _MOMENTS}


def _as_text(key: str) -> Callable[[Row, DisplayContext], str]:
    return lambda row, context: str(_BASE_CELLS[key](row, context))
