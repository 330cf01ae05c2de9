"""Settings of a living process: general, stages."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid
from processes.drafts import StageDraft
from processes.models import Operation, Pipeline, Process, Stage
from processes.models.pipeline import COLORS
from processes.operations import (
    add_stage,
    archive_process,
    publish_process,
    remove_stage,
    reorder_stages,
    update_process,
    update_stage,
)
from processes.operations.stages import require_stages
from processes.permissions import access_for
from processes.queries import pipeline_of, process_for, stage_of
from web.forms.draft import read_json
from web.forms.process import ProcessForm, StageForm
from web.forms.refusals import attempt
from web.icons import ICONS
from web.middleware import PersonalRequest
from web.navigation import process_tabs
from web.responses import go


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def general(request: PersonalRequest, key: str) -> HttpResponse:
    """How the process is called and looks; putting it away."""
    process = process_for(request.actor, key)
    form = ProcessForm(request.POST) if request.method == "POST" else ProcessForm.showing(process)
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: update_process(process, actor=request.actor, **form.cleaned_data)):
            messages.success(request, _("Saved."))
            return redirect("process-settings", key)
    context = {"form": form, "icons": ICONS, "colors": COLORS}
    return page(request, process, "general", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def archive(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the process away."""
    process = archive_process(process_for(request.actor, key), actor=request.actor)
    messages.success(request, _("“%(name)s” is archived. Its records stay.") % {"name": process.name})
    return redirect("processes")


@login_required
@require_POST
def publish(request: PersonalRequest, key: str) -> HttpResponse:
    """Take the process out again."""
    process = publish_process(process_for(request.actor, key), actor=request.actor)
    messages.success(request, _("“%(name)s” is in use again.") % {"name": process.name})
    return redirect("processes")


@login_required
@require_safe
def stages(request: PersonalRequest, key: str) -> HttpResponse:
    """The stages as a strip that looks like the board."""
    process = process_for(request.actor, key)
    return page(request, process, "stages", {"pipeline": _pipeline(request, process)})


@login_required
@require_http_methods(["GET", "POST"])
def new_stage(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a stage."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    form = StageForm(request.POST or None)
    if form.is_bound and form.is_valid():
        draft = StageDraft(**form.cleaned_data)
        if attempt(form, lambda: add_stage(pipeline, draft, actor=request.actor)):
            return go(request, "process-stages", key)
    return _stage_dialog(request, process, form)


@login_required
@require_http_methods(["GET", "POST"])
def edit_stage(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Change a stage's name, kind, colour and hint."""
    process = process_for(request.actor, key)
    stage = stage_of(process, stage_id)
    form = StageForm(request.POST or None, initial={name: getattr(stage, name) for name in StageForm.base_fields})
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: update_stage(stage, actor=request.actor, **form.cleaned_data)):
            return go(request, "process-stages", key)
    return _stage_dialog(request, process, form, stage)


@login_required
@require_POST
def delete_stage(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Remove an empty stage."""
    process = process_for(request.actor, key)
    stage = stage_of(process, stage_id)
    remove_stage(stage, actor=request.actor)
    messages.success(request, _("The stage “%(name)s” is removed.") % {"name": stage.name})
    return go(request, "process-stages", key)


@login_required
@require_POST
def order_stages(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the stages in order."""
    process = process_for(request.actor, key)
    reorder_stages(_pipeline(request, process), order_of(request), actor=request.actor)
    return HttpResponse(status=204)


def page(
    request: PersonalRequest, process: Process, section: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the settings inside their frame."""
    access = access_for(request.actor, process)
    frame = {
        "process": process,
        "section": section,
        "tabs": process_tabs(access, "process-settings"),
        "can_design": access.can(Operation.DESIGN),
        "can_manage_access": access.can(Operation.MANAGE_ACCESS),
    }
    return render(request, f"processes/settings/{section}.html", {**frame, **context}, status=status)


def _stage_dialog(
    request: PersonalRequest, process: Process, form: StageForm, stage: Stage | None = None
) -> HttpResponse:
    context = {"process": process, "form": form, "stage": stage, "colors": COLORS}
    return render(request, "processes/settings/_stage.html", context, status=422 if form.is_bound else 200)


def _pipeline(request: PersonalRequest, process: Process) -> Pipeline:
    require_stages(process)
    return pipeline_of(process, request.GET.get("pipeline", ""))


def order_of(request: PersonalRequest) -> list[str]:
    """The keys of `{"order": […]}`. Raises Invalid."""
    order = read_json(request.body).get("order")
    if not isinstance(order, list) or not all(isinstance(key, str) for key in order):
        raise Invalid(_("An order is expected."))
    return order
