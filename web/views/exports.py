"""Taking records out of a list as a file: what is wanted, the work, the file, and those that are still kept."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid, NotFound, Text
from processes.definition_types import PipelineDef
from processes.permissions import Access
from records.exchange.columns import all_keys, listed_keys
from records.exchange.source import DELIMITERS, Form
from records.exchange.writers import CONTENT_TYPES, ENCODINGS_OUT
from records.models import ExportJob
from records.operations.exports import USUAL, begin_export, cancel_export, export_access
from records.queries.exports import Offer, export_of, exported_file, exports_of, offer_for
from web.filters import Filter, filter_in_words, filter_of
from web.middleware import PersonalRequest, is_fragment
from web.navigation import process_tabs
from web.pipelines import asked_pipeline, within_pipeline
from web.responses import attachment

State = ExportJob.State
CHIPS: Mapping[str, tuple[str, str]] = {
    State.READING: ("loader-2", "accent"),
    State.WRITING: ("loader-2", "accent"),
    State.DONE: ("circle-check", "good"),
    State.CANCELLED: ("circle-x", ""),
    State.FAILED: ("alert-circle", "bad"),
}
"""State of an export → icon and meaning of its chip."""
COLUMNS = {"listed": listed_keys, "readable": all_keys}
"""Which columns go out: those of the list, or all that one may read."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: PersonalRequest, key: str) -> HttpResponse:
    """One's exports that are still kept. Posted is the wish for one more, of the list that the address filters."""
    access = export_access(request.actor, key)
    if request.method == "POST":
        return _begun(request, access)
    jobs = exports_of(access)
    context = {
        **_base(access),
        "jobs": [(job, *CHIPS[job.state]) for job in jobs],
        "is_working": any(job.is_working for job in jobs),
        "hours": settings.EXPORT_KEEP_HOURS,
    }
    return render(request, "exports/_list.html" if is_fragment(request) else "exports/list.html", context)


@login_required
@require_safe
def new_export(request: PersonalRequest, key: str) -> HttpResponse:
    """What the file shall be like; the address filters and sorts as the list's does."""
    return _wish_page(request, export_access(request.actor, key))


@login_required
@require_safe
def one_export(request: PersonalRequest, key: str, export_id: int) -> HttpResponse:
    """Where an export stands."""
    access = export_access(request.actor, key)
    try:
        job = export_of(access, export_id)
    except NotFound:
        return _gone(request, access)
    return render(request, "exports/job.html", _state(access, job))


@login_required
@require_safe
def progress(request: PersonalRequest, key: str, export_id: int) -> HttpResponse:
    """The changing part of the page and of the dialog."""
    access = export_access(request.actor, key)
    return _state_part(request, access, export_of(access, export_id), "exports/_state.html")


@login_required
@require_POST
def cancel(request: PersonalRequest, key: str, export_id: int) -> HttpResponse:
    """Stop it."""
    access = export_access(request.actor, key)
    job = cancel_export(export_of(access, export_id), actor=request.actor)
    if is_fragment(request):
        return _state_part(request, access, job, "exports/_state.html")
    return redirect("process-exports", key)


@login_required
@require_safe
def file(request: PersonalRequest, key: str, export_id: int) -> HttpResponse | FileResponse:
    """The file, to be saved, for whoever asked for it while their rights are what they were."""
    access = export_access(request.actor, key)
    try:
        job = exported_file(access, export_id)
    except NotFound:
        return _gone(request, access)
    return attachment(request, job.path, name=job.name, content_type=CONTENT_TYPES[job.format])


def _begun(request: PersonalRequest, access: Access) -> HttpResponse:
    found = filter_of(request.GET, access)
    if found.refusal:
        return _wish_page(request, access, refusal=found.refusal)
    try:
        job = begin_export(
            access.definition,
            file_format=request.POST.get("format", ""),
            form=Form(request.POST.get("encoding", USUAL.encoding), request.POST.get("delimiter", USUAL.delimiter)),
            columns=_columns(request, access),
            narrowing=within_pipeline(access, found.narrowing, asked_pipeline(request, access)),
            sort=_sort(request),
            actor=request.actor,
        )
    except Invalid as error:
        return _wish_page(request, access, refusal=error)
    if is_fragment(request):
        return _state_part(request, access, job, "exports/_job_dialog.html")
    return redirect("export", access.definition.key, job.pk)


def _columns(request: PersonalRequest, access: Access) -> list[str]:
    keys = COLUMNS.get(request.POST.get("columns", ""))
    if keys is None:
        messages: list[Text] = [_("Choose one of the list.")]
        raise Invalid(_("Choose which columns go out."), {"columns": messages})
    return keys(access)


def _sort(request: PersonalRequest) -> str:
    return request.GET.get("sort") or "-id"


def _wish_page(request: PersonalRequest, access: Access, *, refusal: Invalid | None = None) -> HttpResponse:
    found, pipeline = filter_of(request.GET, access), asked_pipeline(request, access)
    said = refusal or found.refusal
    context = {
        **_base(access),
        "filter": found,
        "chips": filter_in_words(found, pipeline),
        "offer": _offer(request, access, found, pipeline),
        "formats": ExportJob.Format,
        "chosen": {"format": "xlsx", "columns": "listed", **({} if refusal is None else request.POST.dict())},
        "encodings": [(name, _("UTF-8 with a mark") if name == USUAL.encoding else "UTF-8") for name in ENCODINGS_OUT],
        "delimiters": [(USUAL.delimiter, _("As spreadsheets expect")), *DELIMITERS.items()],
        "problems": [text for texts in said.fields.values() for text in texts] if said else [],
        "refusal": said,
    }
    template = "exports/_new.html" if is_fragment(request) else "exports/new.html"
    return render(request, template, context, status=422 if refusal else 200)


def _offer(request: PersonalRequest, access: Access, found: Filter, pipeline: PipelineDef | None) -> Offer | None:
    """What would go out; nothing does while a part of the filter makes no sense."""
    offer = offer_for(access, within_pipeline(access, found.narrowing, pipeline), _sort(request))
    return None if found.refusal else offer


def _state_part(request: PersonalRequest, access: Access, job: ExportJob, template: str) -> HttpResponse:
    """A fragment; whoever waited for the file is given it at once."""
    return render(request, template, {**_state(access, job), "is_awaited": True})


def _state(access: Access, job: ExportJob) -> dict[str, Any]:
    icon, kind = CHIPS[job.state]
    return {**_base(access), "job": job, "icon": icon, "kind": kind}


def _gone(request: PersonalRequest, access: Access) -> HttpResponse:
    """The same for a file that is not kept any more, for somebody else's and for what never was."""
    return render(request, "exports/gone.html", {**_base(access), "hours": settings.EXPORT_KEEP_HOURS}, status=404)


def _base(access: Access) -> dict[str, Any]:
    return {"process": access.definition, "tabs": process_tabs(access, "")}
