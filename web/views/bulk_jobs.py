"""Bulk changes under way and past: how far each is, what was refused, stopping and taking back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.text import id_from
from processes.permissions import Access, visible_access
from records.models import BulkJob
from records.operations.bulk_jobs import stop_bulk, undo_bulk
from records.queries.bulk_jobs import (
    bulk_job_of,
    bulk_jobs_of,
    bulk_names,
    bulk_words,
    can_undo,
    reasons_of,
    refused_of,
)
from web.middleware import PersonalRequest, is_fragment
from web.navigation import process_tabs
from web.responses import own_address

State = BulkJob.State
CHIPS: Mapping[str, tuple[str, str]] = {
    State.RUNNING: ("loader-2", "accent"),
    State.DONE: ("circle-check", "good"),
    State.STOPPED: ("circle-x", ""),
    State.FAILED: ("alert-circle", "bad"),
}
"""State of a bulk change → icon and meaning of its chip."""


@login_required
@require_safe
def jobs(request: PersonalRequest, key: str) -> HttpResponse:
    """One's bulk changes in a process; for administrators everybody's."""
    access = visible_access(request.actor, key)
    found = bulk_jobs_of(access)
    names = bulk_names(access, found)
    context = {
        **_base(access),
        "jobs": [(job, bulk_words(access, job, names), *CHIPS[job.state]) for job in found],
        "is_working": any(job.is_working for job in found),
        "days": settings.BULK_KEEP_DAYS,
    }
    return render(request, "bulk/_list.html" if is_fragment(request) else "bulk/list.html", context)


@login_required
@require_safe
def job(request: PersonalRequest, key: str, bulk_id: int) -> HttpResponse:
    """Where a bulk change stands, and the records that were refused, those `after` a number."""
    access = visible_access(request.actor, key)
    return render(request, "bulk/job.html", _state(request, access, bulk_job_of(access, bulk_id), on_page=True))


@login_required
@require_safe
def progress(request: PersonalRequest, key: str, bulk_id: int) -> HttpResponse:
    """The changing part of the page and of the dialog."""
    access = visible_access(request.actor, key)
    return _part(request, access, bulk_job_of(access, bulk_id))


@login_required
@require_POST
def stop(request: PersonalRequest, key: str, bulk_id: int) -> HttpResponse:
    """Stop it."""
    access = visible_access(request.actor, key)
    found = stop_bulk(bulk_job_of(access, bulk_id), actor=request.actor)
    return _part(request, access, found) if is_fragment(request) else redirect("bulk-job", key, found.pk)


@login_required
@require_POST
def undo(request: PersonalRequest, key: str, bulk_id: int) -> HttpResponse:
    """Take it back."""
    access = visible_access(request.actor, key)
    found = undo_bulk(bulk_job_of(access, bulk_id), actor=request.actor)
    return _part(request, access, found) if is_fragment(request) else redirect("bulk-job", key, found.pk)


def begun(request: PersonalRequest, access: Access, found: BulkJob) -> HttpResponse:
    """The answer to whoever has asked for a bulk change."""
    if not is_fragment(request):
        return redirect("bulk-job", access.definition.key, found.pk)
    return render(request, "bulk/_job_dialog.html", _state(request, access, found))


def _part(request: PersonalRequest, access: Access, found: BulkJob) -> HttpResponse:
    on_page = "page" in request.GET
    return render(request, "bulk/_state.html", {**_state(request, access, found, on_page=on_page), "is_part": True})


def _state(request: PersonalRequest, access: Access, found: BulkJob, *, on_page: bool = False) -> dict[str, Any]:
    back = request.GET.get("back") or request.POST.get("back")
    back = own_address(request, back) if back else reverse("process-list", args=[access.definition.key])
    icon, kind = CHIPS[found.state]
    has_refused = not found.is_working and found.refused > 0
    return {
        **_base(access),
        "job": found,
        "words": bulk_words(access, found),
        "icon": icon,
        "kind": kind,
        "back": back,
        "kept": urlencode({**({"page": 1} if on_page else {}), "back": back}),
        "on_page": on_page,
        "can_undo": can_undo(access, found),
        "undoing": found.undoings.order_by("-pk").first(),
        "reasons": reasons_of(found) if has_refused else (),
        "refused": _refused(request, access, found) if has_refused and on_page else None,
    }


def _refused(request: PersonalRequest, access: Access, found: BulkJob) -> Any:
    return refused_of(access, found, after=id_from(request.GET.get("after", "")) or 0)


def _base(access: Access) -> dict[str, Any]:
    return {"process": access.definition, "tabs": process_tabs(access, "")}
