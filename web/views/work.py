"""Where one begins: home, my work, the search."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from processes.permissions import accesses_for
from records.queries.search import hits_for
from records.queries.work import work_of
from web.middleware import PersonalRequest, is_fragment
from web.navigation import rail

PALETTE_HITS = 12


@login_required
@require_safe
def home(request: PersonalRequest) -> HttpResponse:
    """To my work when tasks wait or there is no process yet, else to the first process."""
    accesses = accesses_for(request.actor)
    if not accesses or work_of(accesses).count:
        return redirect("my-work")
    return redirect("process-board", accesses[0].definition.key)


@login_required
@require_safe
def my_work(request: PersonalRequest) -> HttpResponse:
    """Tasks by urgency and open records of the person."""
    return work_page(request)


def work_page(request: PersonalRequest) -> HttpResponse:
    """The page, or its changing part for a script."""
    accesses = accesses_for(request.actor)
    work = work_of(accesses)
    groups = [
        (_("Overdue"), "bad", work.overdue),
        (_("Today"), "warn", work.today),
        (_("Later"), "", work.later),
        (_("Without a date"), "", work.undated),
    ]
    context = {
        "work": work,
        "groups": [group for group in groups if group[2]],
        "has_processes": bool(accesses),
    }
    return render(request, "work/_work.html" if is_fragment(request) else "work/page.html", context)


@login_required
@require_safe
def search(request: PersonalRequest) -> HttpResponse:
    """Records by title: a page, or JSON for the palette, which also offers processes and pages."""
    text = request.GET.get("q", "")
    accesses = accesses_for(request.actor)
    if "application/json" not in request.headers.get("Accept", ""):
        return render(request, "work/search.html", {"hits": hits_for(accesses, text), "text": text})
    hits = hits_for(accesses, text, limit=PALETTE_HITS)
    records = [
        {
            "text": hit.title,
            "note": f"{hit.process.name} · {hit.stage.name}",
            "icon": hit.process.icon,
            "color": hit.process.color,
            "url": reverse("record-card", args=[hit.process.key, hit.id]),
        }
        for hit in hits
    ]
    return JsonResponse({"records": records, "places": _places(request)})


def _places(request: PersonalRequest) -> list[dict[str, str]]:
    """Processes and pages that the person may open."""
    places = [
        {"text": item.name, "note": _("Process"), "icon": item.icon, "color": item.color, "url": item.url}
        for item in rail(request.actor)
    ]
    pages = (
        ("my-work", _("My work"), "checkbox"),
        ("processes", _("All processes"), "layout-grid"),
        ("notifications", _("Notifications"), "bell"),
        ("settings", _("Settings"), "settings"),
        ("profile", _("Profile"), "user"),
    )
    return places + [
        {"text": text, "note": _("Page"), "icon": icon, "color": "slate", "url": reverse(name)}
        for name, text, icon in pages
    ]
