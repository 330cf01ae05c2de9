"""Sections of the card in the settings of a process: made, named and moved; and where every field stands."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Invalid
from core.text import id_from
from processes.models import Process, Section
from processes.operations import add_section, arrange_fields, remove_section, update_section
from processes.queries import layout_of, process_for, section_of
from web.forms.draft import read_json
from web.forms.refusals import attempt
from web.forms.sections import SectionForm
from web.middleware import PersonalRequest
from web.responses import go
from web.views.designer import order_of


@login_required
@require_http_methods(["GET", "POST"])
def new_section(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a section at the end."""
    process = process_for(request.actor, key)
    form = SectionForm(request.POST or None)
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: add_section(process, **form.changes(), actor=request.actor)):
            return go(request, "process-fields", key)
    return _dialog(request, process, form)


@login_required
@require_http_methods(["GET", "POST"])
def edit_section(request: PersonalRequest, key: str, section_id: int) -> HttpResponse:
    """Rename a section."""
    process = process_for(request.actor, key)
    section = section_of(process, section_id)
    form = SectionForm.showing(section, request.POST or None)
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: update_section(section, changes=form.changes(), actor=request.actor)):
            return go(request, "process-fields", key)
    return _dialog(request, process, form, section)


@login_required
@require_POST
def delete_section(request: PersonalRequest, key: str, section_id: int) -> HttpResponse:
    """Remove a section; its fields stay."""
    section = section_of(process_for(request.actor, key), section_id)
    remove_section(section, actor=request.actor)
    messages.success(request, _("The section “%(name)s” is removed; its fields stay.") % {"name": section.label})
    return go(request, "process-fields", key)


@login_required
@require_POST
def move_section(request: PersonalRequest, key: str, section_id: int) -> HttpResponse:
    """Put a section one place `up` or down."""
    process = process_for(request.actor, key)
    moved = section_of(process, section_id)
    layout = layout_of(process)
    at = next(place for place, (section, _keys) in enumerate(layout) if section == moved.pk)
    to = at - 1 if "up" in request.POST else at + 1
    # The fields without a section stand first for good.
    if 1 <= to < len(layout):
        layout[at], layout[to] = layout[to], layout[at]
        arrange_fields(process, layout, actor=request.actor)
    return go(request, "process-fields", key)


@login_required
@require_POST
def arrange(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the fields of one section (`list`, empty for none) in `order`; one that comes from another section leaves
    it."""
    process = process_for(request.actor, key)
    order = order_of(request)
    named = read_json(request.body).get("list") or ""
    into = id_from(str(named)) if named else None
    if named and into is None:
        raise Invalid(_("There is no such section."))
    others = [(section, [k for k in keys if k not in order]) for section, keys in layout_of(process)]
    layout = [(section, order if section == into else keys) for section, keys in others]
    arrange_fields(process, layout, actor=request.actor)
    return HttpResponse(status=204)


def _dialog(
    request: PersonalRequest, process: Process, form: SectionForm, section: Section | None = None
) -> HttpResponse:
    context = {"process": process, "form": form, "section": section}
    return render(request, "processes/settings/_section.html", context, status=422 if form.is_bound else 200)
