"""The board of a process: the page, further pages of a column, one tile, moving, quick adding."""

import json
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import Invalid, Stale
from core.text import check_unicode, id_from
from processes.definition_types import PipelineDef
from processes.models import Operation
from processes.permissions import Access, visible_access
from processes.queries import visible_pipelines, visible_stage
from records.models.saved_view import Page
from records.operations import create_record, move_record
from records.queries.board import ColumnPage, Cursor, board_for, card_tile, column_page, column_totals
from records.queries.card import last_change
from web.filters import Filter, filter_of
from web.middleware import PersonalRequest, is_fragment
from web.navigation import can_import, process_tabs
from web.once import made_once
from web.pipelines import chosen_pipeline, with_pipeline
from web.saved_views import opening, view_bar
from web.templatetags.numbers import number
from web.templatetags.records import noun_after


@login_required
@require_safe
def board(request: PersonalRequest, key: str) -> HttpResponse:
    """The page, or its changing part for a script that filters."""
    access = _access(request, key)
    if not access.definition.has_stages:
        return redirect("process-list", key)
    found, pipeline = asked(request, access)
    views = view_bar(request, access, Page.BOARD, found)
    if (elsewhere := opening(request, views)) is not None:
        return elsewhere
    pipelines = visible_pipelines(access)
    if len(pipelines) > 1 and not request.GET.get("pipeline"):
        return redirect(f"{request.path}?{with_pipeline(request.GET, pipeline)}")
    picture = board_for(access, pipeline, found.narrowing)
    context = {
        **_base(access, found, pipeline),
        "views": views,
        "board": picture,
        "can_create": picture.can_create,
        "can_restore": access.can(Operation.RESTORE),
        "can_import": can_import(access),
        "tabs": process_tabs(access, "process-board", pipeline),
        "pipelines": pipelines,
        "create_in": pipeline,
        "can_see": access.can(Operation.VIEW),
    }
    return render(request, "board/_fragment.html" if is_fragment(request) else "board/page.html", context)


@login_required
@require_safe
def column(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """The next tiles of one column, with the mark where the following ones begin."""
    access = _access(request, key)
    stage = visible_stage(access, stage_id)
    found, pipeline = asked(request, access)
    page = column_page(access, stage, found.narrowing, after=_cursor(request))
    context = {**_base(access, found, pipeline), "page": page, "stage": stage}
    return render(request, "board/_tiles.html", context)


@login_required
@require_safe
def tile(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """One tile as it is now; 404 where the filter or the rights hide it."""
    access = _access(request, key)
    found, pipeline = asked(request, access)
    alone = ColumnPage((card_tile(access, record_id, found.narrowing),), None)
    return render(request, "board/_tiles.html", {**_base(access, found, pipeline), "page": alone})


@login_required
@require_safe
def totals(request: PersonalRequest, key: str) -> HttpResponse:
    """Count and sum of every column, and the whole in words: `{columns: {stage id: [count, sum]}, label}`."""
    access = _access(request, key)
    found, pipeline = asked(request, access)
    counted = column_totals(access, pipeline, found.narrowing)
    columns = {stage.id: _plain(*counted.get(stage.id, (0, None))) for stage in pipeline.stages}
    count = sum(count for count, _sum in counted.values())
    label = f"{number(count)} {noun_after(access.definition, count)}"
    return JsonResponse({"columns": columns, "label": label})


@login_required
@require_POST
def move(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Move a record: `{stage, after, before, version}` → `{version, rank, stage}`, or 409 with its state."""
    actor = request.actor
    asked_for = json_body(request)
    try:
        row = move_record(
            key,
            record_id,
            to=_number(asked_for, "stage", required=True),
            version=_number(asked_for, "version", required=True),
            after=_number(asked_for, "after"),
            before=_number(asked_for, "before"),
            actor=actor,
        )
    except Stale:
        return faster(visible_access(actor, key), record_id)
    return JsonResponse({"version": row.version, "rank": row.position, "stage": row.stage_id})


@login_required
@require_POST
def quick_add(request: PersonalRequest, key: str) -> HttpResponse:
    """Create a record from a title in a stage, once for each `once`; answers with its tile, with nothing where one does
    not see it there."""
    actor = request.actor
    asked_for = json_body(request)
    title = asked_for.get("title")
    if not isinstance(title, str) or not title.strip():
        raise Invalid(_("Write a title."), {"title": [_("Write a title.")]})
    access, stage = visible_access(actor, key), _number(asked_for, "stage")
    make = partial(create_record, key, values={"title": title}, actor=actor, stage=stage)
    row = made_once(request, access, asked_for.get("once"), [title, stage], make)
    if not access.covers(Operation.VIEW, row):
        return HttpResponse(status=201)
    alone = ColumnPage((card_tile(access, row.pk),), None)
    context = {**_base(access, *asked(request, access)), "page": alone}
    return render(request, "board/_tiles.html", context, status=201)


def asked(request: PersonalRequest, access: Access) -> tuple[Filter, PipelineDef]:
    """The filter and the pipeline of the address."""
    return filter_of(request.GET, access), chosen_pipeline(request, access)


def json_body(request: PersonalRequest) -> dict[str, Any]:
    """The JSON object of a script's request. Raises Invalid."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("JSON is expected.")) from error
    if not isinstance(body, dict):
        raise Invalid(_("A JSON object is expected."))
    return body


def _access(request: PersonalRequest, key: str) -> Access:
    return visible_access(request.actor, key)


def _base(access: Access, found: Filter, pipeline: PipelineDef) -> dict[str, Any]:
    return {"access": access, "process": access.definition, "filter": found, "pipeline": pipeline}


def _cursor(request: PersonalRequest) -> Cursor | None:
    rank, after = request.GET.get("rank", ""), id_from(request.GET.get("after", ""))
    return (check_unicode(rank[:200], field="rank"), after) if rank and after is not None else None


def _number(body: dict[str, Any], name: str, *, required: bool = False) -> Any:
    value = body.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    if is_number or (value is None and not required):
        return value
    raise Invalid(_("A number is expected."), {name: [_("A number is expected.")]})


def faster(access: Access, record_id: int) -> HttpResponse:
    """Somebody changed the record first: its present state, and who it was."""
    change = last_change(access, record_id)
    who = change.who or _("Somebody")
    message = _("%(who)s changed this first. You see the present state now.") % {"who": who}
    details = {"stage": change.stage.id, "version": change.version, "who": change.who}
    return JsonResponse({"code": "stale", "message": message, "details": details}, status=409)


def _plain(count: int, total: Any) -> list[float | int | None]:
    return [count, None if total is None else float(total)]
