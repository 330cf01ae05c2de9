"""What one has been told: the page behind the bell, and its counter."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.text import id_from
from notifications.operations import mark_all_read, mark_read
from notifications.queries import notification_page, unread_count
from web.middleware import PersonalRequest

ICONS = {
    "assigned": "user-check",
    "task": "checkbox",
    "mentioned": "at",
    "observing": "eye",
    "moved": "arrow-right",
    "commented": "message",
    "robot": "robot",
    "import": "upload",
    "export": "download",
    "bulk": "stack-2",
}
"""Kind of a notification → icon; the others wear a bell."""

WORKS = {"import": "process-imports", "export": "process-exports", "bulk": "bulk-jobs"}
"""Kind of a notification about long work → the page where that work stands."""


@login_required
@require_safe
def notifications(request: PersonalRequest) -> HttpResponse:
    """The newest first; `?unread` for those not read, `?before=` for older ones."""
    unread_only = "unread" in request.GET
    page = notification_page(
        request.actor,
        before=id_from(request.GET.get("before", "")),
        unread_only=unread_only,
    )
    context = {"page": page, "unread_only": unread_only, "icons": ICONS, "works": WORKS}
    return render(request, "notifications/page.html", context)


@login_required
@require_safe
def unread(request: PersonalRequest) -> HttpResponse:
    """How many are not read, as JSON, for the bell of an open page."""
    return JsonResponse({"unread": unread_count(request.actor.user_id or 0)})


@login_required
@require_POST
def read(request: PersonalRequest, notification_id: int) -> HttpResponse:
    """Mark one read and go where it leads."""
    mark_read(notification_id, actor=request.actor)
    target = request.POST.get("next", "")
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    return HttpResponseRedirect(target if is_ours else reverse("notifications"))


@login_required
@require_POST
def read_all(request: PersonalRequest) -> HttpResponse:
    """Mark all read."""
    mark_all_read(actor=request.actor)
    return HttpResponseRedirect(reverse("notifications"))
