"""Making a record, changing one value in its place, the bin and back."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid, NotAllowed, NotFound, Stale, Text
from core.secrets import new_secret
from processes.definition_types import StageDef
from processes.models import Operation
from processes.permissions import Access, visible_access
from records.operations import GatePending, create_record, delete_record, restore_record, update_record
from records.queries.beginning import beginning_of
from records.queries.card import FieldValue, last_change, value_of
from records.queries.linked import linkable, named_records
from records.queries.table import table_for
from records.typed import TypedRecord
from web.forms.records import ONCE, RecordForm, ValueForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest, is_fragment
from web.navigation import process_tabs
from web.once import made_once
from web.pipelines import beginning_stage
from web.responses import with_events
from web.views.board import json_body
from web.views.files import with_files


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonalRequest, key: str) -> HttpResponse:
    """A form with everything that the process asks; in a dialog for a script."""
    access = visible_access(request.actor, key)
    access.require(Operation.CREATE)
    stage = beginning_stage(request, access)
    title = {"title": request.GET.get("title", "")}
    linked = named_records(access, {field: request.GET.getlist(field) for field in request.GET})
    initial = {"assignee": request.actor.user_id, **title, **beginning_of(access), **linked}
    data, refusal = with_files(request, access)
    form = RecordForm(access, stage, data or None, initial=initial)
    if request.method == "POST":
        once = request.POST.get(ONCE)
        make = partial(_create, request, access, form, stage, refusal)
        made = attempt(form, lambda: made_once(request, access, once, _said(request), make))
        if made is not None:
            return _made(request, access, made)
    context = {
        "process": access.definition,
        "form": form,
        "once": request.POST.get(ONCE) or new_secret(),
        "stage": stage,
        "pipeline": access.definition.pipeline_by_id[stage.pipeline_id],
        "tabs": process_tabs(access, ""),
    }
    status = 422 if form.errors else 200
    return render(request, _part(request, "records/new.html", "records/_new.html"), context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: PersonalRequest, key: str, record_id: int, field_key: str) -> HttpResponse:
    """The input for one value; on POST the change, answered with the value as it is shown.

    A POST carries `was`, the JSON of the value that the person saw: when somebody else has changed it since, the
    answer is 409 with theirs. Changes to other values do not matter.
    """
    access = visible_access(request.actor, key)
    present, version = value_of(access, record_id, field_key)
    if request.method != "POST":
        if present.locked:
            raise NotAllowed(present.locked)
        return _editor(request, access, record_id, present)
    raw, was = _sent(request, access, present)
    if was is not None and was != present.json:
        return _conflict(access, record_id, present)
    try:
        if present.locked or present.json is None or raw != str(present.json):
            update_record(key, record_id, values={field_key: raw}, version=version, actor=request.actor)
    except Stale:
        return _conflict(access, record_id, value_of(access, record_id, field_key)[0])
    changed, version = value_of(access, record_id, field_key)
    html = render_to_string("records/_value.html", {"value": changed})
    return JsonResponse({"version": version, "json": changed.json, "text": changed.text, "html": html})


@login_required
@require_POST
def asked(request: PersonalRequest, key: str) -> HttpResponse:
    """Which fields are asked and required of a new record as it is described so far; nothing is written."""
    access = visible_access(request.actor, key)
    access.require(Operation.CREATE)
    found = RecordForm(access, beginning_stage(request, access), request.POST).asked
    return JsonResponse({"asked": sorted(found.asked), "required": sorted(found.required)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Records that a link may name, for the search in its input: `?q=`; on POST a new one, by its title."""
    access = visible_access(request.actor, key)
    field = next((field for field in access.readable_fields if field.key == field_key), None)
    if field is None or not field.is_link:
        raise NotFound(_("There is no such field."), field=field_key)
    if request.method == "POST":
        title = request.POST.get("title", "")
        made = create_record(field.settings["process"], values={"title": title}, actor=request.actor)
        return JsonResponse({"value": str(made.pk), "text": made.title}, status=201)
    found = linkable(request.actor, field.settings["process"], request.GET.get("q", ""))
    return JsonResponse([{"value": str(pk), "text": title} for pk, title in found], safe=False)


@login_required
@require_POST
def delete(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Into the bin."""
    delete_record(key, record_id, actor=request.actor)
    return JsonResponse({"deleted": record_id})


@login_required
@require_POST
def restore(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Out of the bin."""
    restore_record(key, record_id, actor=request.actor)
    if is_fragment(request):
        return with_events(HttpResponse(), toast={"text": _("Restored.")})
    return JsonResponse({"restored": record_id})


@login_required
@require_safe
def bin_page(request: PersonalRequest, key: str) -> HttpResponse:
    """What was deleted and can be restored."""
    access = visible_access(request.actor, key)
    access.require(Operation.RESTORE)
    table = table_for(access, sort="-updated_at", cursor=request.GET.get("cursor"), in_bin=True, fields=())
    context = {"process": access.definition, "table": table, "tabs": process_tabs(access, "")}
    return render(request, "records/bin.html", context)


def _part(request: PersonalRequest, page: str, fragment: str) -> str:
    return fragment if is_fragment(request) else page


def _said(request: PersonalRequest) -> list[Any]:
    """What a form says, without its name; files count by their names and sizes."""
    values = sorted((name, said) for name, said in request.POST.lists() if name not in (ONCE, "csrfmiddlewaretoken"))
    files = sorted((name, [(file.name, file.size) for file in sent]) for name, sent in request.FILES.lists())
    return [values, files]


def _create(
    request: PersonalRequest, access: Access, form: RecordForm, stage: StageDef, refusal: Invalid | None
) -> TypedRecord:
    if refusal is not None:
        raise refusal
    values = {**form.strange, **form.raw_values()}
    try:
        along = form.along()
        return create_record(access.definition.key, values=values, actor=request.actor, stage=stage.id, passing=along)
    except GatePending as error:
        form.ask_again(error.terms)
        raise _by_name(error, form.strange) from error
    except Invalid as error:
        raise _by_name(error, form.strange) from error


def _by_name(error: Invalid, strange: Mapping[str, Any]) -> Invalid:
    """The refusal, with the name of what has no input beside which it could stand."""
    said: list[Text] = [f"{name}: {text}" for name in strange for text in error.fields.get(name, ())]
    if not said:
        return error
    return Invalid(error.message, {**{k: v for k, v in error.fields.items() if k not in strange}, "": said})


def _made(request: PersonalRequest, access: Access, row: TypedRecord) -> HttpResponse:
    """The new card; the process's page for whoever does not see the record that they have made."""
    key, said = access.definition.key, _("“%(title)s” is created") % {"title": row.title}
    is_seen = access.covers(Operation.VIEW, row)
    if not is_fragment(request):
        if is_seen:
            return redirect("record-card", key, row.pk)
        messages.success(request, said)
        return redirect("process-board", key)
    change = {"kind": "record.created", "process": key, "record": row.pk, "version": row.version}
    told = {"record:changed": change} if is_seen else {}
    return with_events(HttpResponse(status=204), **told, **{"dialog:close": True, "toast": {"text": said}})


def _editor(request: PersonalRequest, access: Access, record_id: int, present: FieldValue) -> HttpResponse:
    form = ValueForm(access, present.field, initial={"value": present.field.type.form_value(present.value)})
    context = {
        "form": form,
        "process": access.definition,
        "record_id": record_id,
        "value": present,
        "was": json.dumps(present.json),
    }
    return render(request, "records/_edit.html", context)


def _sent(request: PersonalRequest, access: Access, present: FieldValue) -> tuple[Any, Any]:
    """The new value as it was typed (or as JSON), and the one that the person saw."""
    if request.content_type == "application/json":
        body = json_body(request)
        return body.get("value"), body.get("was")
    data, refusal = with_files(request, access, value_of=present.field.key)
    if refusal is not None:
        raise refusal
    raw = ValueForm(access, present.field, data).raw_value()
    try:
        return raw, json.loads(request.POST.get("was", "null"))
    except ValueError as error:
        raise Invalid(_("JSON is expected."), {"was": [_("JSON is expected.")]}) from error


def _conflict(access: Access, record_id: int, present: FieldValue) -> HttpResponse:
    """Somebody was faster: what the value is now, and whose it is."""
    who = last_change(access, record_id).who or _("Somebody")
    message = _("%(who)s changed this meanwhile.") % {"who": who}
    details = {"theirs": present.text, "json": present.json, "who": who}
    return JsonResponse({"code": "conflict", "message": message, "details": details}, status=409)
