"""Keeping what a board or a list shows: a new view, its name and audience, its filter, its end."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_http_methods, require_POST

from processes.permissions import Access, visible_access
from records.models.saved_view import Page
from records.operations import add_view, change_view, remove_view
from records.queries.saved_views import View, changeable_view, view_of
from web.forms.refusals import attempt
from web.forms.saved_views import SavedViewForm
from web.middleware import PersonalRequest
from web.responses import go

PAGES = {Page.BOARD: "process-board", Page.LIST: "process-list"}


@login_required
@require_http_methods(["GET", "POST"])
def new_view(request: PersonalRequest, key: str, page: str) -> HttpResponse:
    """Keep what the page shows (`query`) under a name."""
    access = visible_access(request.actor, key)
    form = SavedViewForm(request.POST or None, access=access, initial={"query": request.GET.get("query", "")})
    if form.is_bound and form.is_valid():
        if saved := attempt(form, lambda: add_view(key, page=page, values=form.changes(), actor=request.actor)):
            return _opened(request, key, view_of(access, saved.pk))
    return _dialog(request, access, form, page=page)


@login_required
@require_http_methods(["GET", "POST"])
def edit_view(request: PersonalRequest, key: str, view_id: int) -> HttpResponse:
    """Change a view's name and who finds it."""
    access = visible_access(request.actor, key)
    view = changeable_view(access, view_id)
    form = SavedViewForm(request.POST or None, access=access, initial=SavedViewForm.initial_of(view))
    del form.fields["query"]
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: change_view(key, view_id, changes=form.changes(), actor=request.actor)):
            return _opened(request, key, view_of(access, view_id))
    return _dialog(request, access, form, page=view.page, view=view)


@login_required
@require_POST
def keep_query(request: PersonalRequest, key: str, view_id: int) -> HttpResponse:
    """Let a view show what the page shows now (`query`)."""
    change_view(key, view_id, changes={"query": request.POST.get("query", "")}, actor=request.actor)
    return _opened(request, key, view_of(visible_access(request.actor, key), view_id))


@login_required
@require_POST
def delete_view(request: PersonalRequest, key: str, view_id: int) -> HttpResponse:
    """Remove a view; the page shows everything then."""
    page = view_of(visible_access(request.actor, key), view_id).page
    remove_view(key, view_id, actor=request.actor)
    return go(request, f"{resolve_url(PAGES[Page(page)], key)}?view=")


def _opened(request: PersonalRequest, key: str, view: View) -> HttpResponse:
    return go(request, f"{resolve_url(PAGES[Page(view.page)], key)}?{view.address}")


def _dialog(request: PersonalRequest, access: Access, form: SavedViewForm, **more: Any) -> HttpResponse:
    context = {"process": access.definition, "form": form, **more}
    return render(request, "records/_saved_view.html", context, status=422 if form.is_bound else 200)
