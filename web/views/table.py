"""The list of a process: the page, its changing part, one row."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.errors import NotFound
from processes.definition_types import FieldDef
from processes.fieldtype import PERSON, DisplayContext
from processes.models import Operation, Process
from processes.permissions import Access, visible_access
from processes.queries import visible_pipelines
from records.models.saved_view import Page
from records.queries.card import Person
from records.queries.filters import all_of, condition_from
from records.queries.names import Names
from records.queries.parts import Part, parts_of
from records.queries.rows import Row
from records.queries.table import Table, TableColumn, columns_for, table_for
from records.queries.tiles import overstay_of
from web.filters import Filter, filter_of
from web.forms.bulk import actions_for
from web.middleware import PersonalRequest, is_fragment
from web.navigation import can_import, process_tabs
from web.pipelines import asked_pipeline, chosen_pipeline, creating_pipeline, within_pipeline
from web.saved_views import opening, view_bar

BASE = ("title", "stage", "assignee")
"""Base columns at the beginning of a row; its fields and when it was changed follow. Before the stage stands the
pipeline, where records of several are shown."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column's head."""

    label: str
    sort: str
    """`ascending`, `descending` or nothing."""
    query: str
    """The address's query that sorts by it (the other way round when it does already); empty if one cannot."""
    is_number: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row."""

    key: str
    text: str
    whole: str
    """What the text is short for; empty where it says everything."""
    color: str
    is_number: bool
    can_edit: bool
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One record in the list."""

    row: Row
    assignee: Person | None
    pipeline: str
    """The name of its pipeline."""
    overstay: timedelta | None
    cells: tuple[Cell, ...]
    can_update: bool
    can_assign: bool
    can_move: bool
    targets: frozenset[int]


@login_required
@require_safe
def table(request: PersonalRequest, key: str) -> HttpResponse:
    """The page, or its changing part for a script that filters."""
    access = visible_access(request.actor, key)
    found = filter_of(request.GET, access)
    views = view_bar(request, access, Page.LIST, found)
    if (elsewhere := opening(request, views)) is not None:
        return elsewhere
    pipelines, pipeline = visible_pipelines(access), asked_pipeline(request, access)
    several = len(pipelines) > 1
    narrowing = within_pipeline(access, found.narrowing, pipeline)
    page = table_for(access, narrowing, sort=request.GET.get("sort") or "-id", cursor=request.GET.get("cursor"))
    columns = _columns(access, with_pipeline=several and pipeline is None)
    create_in = creating_pipeline(access, pipeline or chosen_pipeline(request, access))
    context = {
        **_base(access, found),
        "views": views,
        "pipelines": pipelines,
        "pipeline": pipeline,
        "create_in": create_in,
        "with_pipeline": several and pipeline is None,
        "table": page,
        "headings": [_heading(column, page.sort, found) for column in columns],
        "lines": lines_of(access, page, columns),
        "next": _paged(found, page.next),
        "previous": _paged(found, page.previous),
        "tabs": process_tabs(access, "process-list", pipeline),
        "can_create": _is_used(access) and bool(access.reach(Operation.CREATE, create_in.first_stage.id)),
        "can_restore": access.can(Operation.RESTORE),
        "can_import": can_import(access),
        "can_export": access.can(Operation.VIEW) and access.can(Operation.EXPORT),
        "can_see": access.can(Operation.VIEW),
    }
    return render(request, "records/_list_fragment.html" if is_fragment(request) else "records/list.html", context)


@login_required
@require_safe
def row(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """One row as it is now; 404 where the filter or the rights hide it."""
    access = visible_access(request.actor, key)
    found = filter_of(request.GET, access)
    this = condition_from(access, {"field": "id", "op": "is", "value": record_id})
    pipelines, pipeline = visible_pipelines(access), asked_pipeline(request, access)
    several = len(pipelines) > 1
    narrowing = within_pipeline(access, found.narrowing, pipeline)
    conditions = [this] if narrowing.condition is None else [narrowing.condition, this]
    narrowing = replace(narrowing, condition=all_of(conditions))
    lines = lines_of(access, table_for(access, narrowing, limit=1, with_total=False), _columns(access))
    if not lines:
        raise NotFound(_("There is no such record."), record=record_id)
    context = {
        **_base(access, found),
        "line": lines[0],
        "with_pipeline": several and pipeline is None,
    }
    return render(request, "records/_row.html", {**context, "pipelines": pipelines})


def lines_of(access: Access, page: Table, columns: Iterable[TableColumn]) -> list[Line]:
    """The rows of a page with what the actor may do with each."""
    fields = [column for column in columns if column.key not in BASE]
    return [_line(access, row, page.names, fields) for row in page.rows]


def _line(access: Access, row: Row, names: Names, columns: list[TableColumn]) -> Line:
    pipeline = access.definition.pipeline_by_id[row.pipeline_id]
    used = _is_used(access)
    name = names.get(PERSON, {}).get(row.assignee_id) if row.assignee_id is not None else None
    return Line(
        row=row,
        pipeline=pipeline.name,
        overstay=overstay_of(row.stage, row.stage_changed_at),
        assignee=Person(row.assignee_id, name) if row.assignee_id is not None and name else None,
        cells=tuple(
            _cell(row, column.field, names, can_edit=used and access.edits(column.field, row))
            for column in columns
            if column.field is not None
        ),
        can_update=used and access.covers(Operation.UPDATE, row),
        can_assign=used and access.covers(Operation.ASSIGN, row),
        can_move=used and access.covers(Operation.MOVE, row),
        targets=pipeline.targets[row.stage_id],
    )


def _cell(row: Row, field: FieldDef, names: Names, *, can_edit: bool) -> Cell:
    value = row.value(field)
    context = DisplayContext(names)
    whole, text = field.type.display(value, field, context), field.type.list_display(value, field, context)
    color, parts = field.type.color(value, field), parts_of(field, value, names)
    can_edit = can_edit and not field.type.is_computed
    return Cell(field.key, text, "" if whole == text else whole, color, field.type.summable, can_edit, parts)


def _columns(access: Access, *, with_pipeline: bool = False) -> list[TableColumn]:
    """What the list shows: the base columns, the fields meant for a list, the last change."""
    base = ("title", "pipeline", "stage", "assignee") if with_pipeline else BASE
    known = {column.key: column for column in columns_for(access)}
    fields = [column for column in known.values() if column.field is not None and column.field.in_list]
    return [*(known[key] for key in base if key in known), *fields, known["updated_at"]]


def _heading(column: TableColumn, sort: str, found: Filter) -> Heading:
    is_sorted = sort.removeprefix("-") == column.key
    descending = sort.startswith("-")
    query = QueryDict(found.query, mutable=True)
    query["sort"] = f"-{column.key}" if is_sorted and not descending else column.key
    return Heading(
        label=str(column.label),
        sort=("descending" if descending else "ascending") if is_sorted else "",
        query=query.urlencode() if column.is_sortable else "",
        is_number=column.field is not None and column.field.type.summable,
    )


def _paged(found: Filter, cursor: str | None) -> str:
    if cursor is None:
        return ""
    query = QueryDict(found.query, mutable=True)
    query["cursor"] = cursor
    return query.urlencode()


def _base(access: Access, found: Filter) -> dict[str, Any]:
    return {
        "access": access,
        "process": access.definition,
        "filter": found,
        "bulk_actions": actions_for(access) if _is_used(access) else {},
    }


def _is_used(access: Access) -> bool:
    return access.definition.status == Process.Status.PUBLISHED
