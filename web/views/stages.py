"""The stages of a process's pipelines: adding, changing, ordering, removing them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Pipeline, Process, Stage
from processes.models.pipeline import COLORS
from processes.operations import add_stage, duplicate_stage, remove_stage, reorder_stages, update_stage
from processes.operations.stages import require_stages
from processes.queries import pipeline_of, process_for, stage_of, usage_of
from web.forms.refusals import attempt
from web.forms.stages import StageForm, StageRemovalForm
from web.middleware import PersonalRequest
from web.navigation import of_pipeline
from web.responses import go
from web.uses import shown_uses
from web.views.designer import order_of, page


@login_required
@require_safe
def stages(request: PersonalRequest, key: str) -> HttpResponse:
    """The pipelines, and the stages of one of them as a strip that looks like the board."""
    process = process_for(request.actor, key)
    asked = _pipeline(request, process)
    definition = definition_of(process)
    context = {"pipelines": definition.pipelines, "pipeline": definition.pipeline(asked.key)}
    return page(request, process, "stages", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_stage(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a stage to the pipeline of the address."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    form = StageForm(definition_of(process), request.POST or None)
    if form.is_bound and form.is_valid():
        draft = StageDraft(**form.described())
        if attempt(form, lambda: add_stage(pipeline, draft, actor=request.actor)):
            return go(request, of_pipeline("process-stages", key, pipeline.key))
    return _dialog(request, process, form)


@login_required
@require_http_methods(["GET", "POST"])
def edit_stage(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Change what a stage is called and means, and how much it takes."""
    process = process_for(request.actor, key)
    stage = stage_of(process, stage_id)
    form = StageForm.showing(stage, definition_of(process), request.POST or None)
    if form.is_bound and form.is_valid():
        seen = form.cleaned_data["seen"]
        if attempt(form, lambda: update_stage(stage, actor=request.actor, seen=seen, **form.described())):
            return go(request, of_pipeline("process-stages", key, stage.pipeline.key))
    return _dialog(request, process, form, stage)


@login_required
@require_POST
def copy_stage(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Put a stage like this one behind it."""
    stage = stage_of(process_for(request.actor, key), stage_id)
    duplicate_stage(stage, actor=request.actor)
    return go(request, of_pipeline("process-stages", key, stage.pipeline.key))


@login_required
@require_http_methods(["GET", "POST"])
def delete_stage(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """What a stage holds and what uses it; on POST it goes, and its records to the chosen stage."""
    process = process_for(request.actor, key)
    stage = stage_of(process, stage_id)
    definition = definition_of(process)
    form = StageRemovalForm(
        request.POST if request.method == "POST" else None,
        definition=definition,
        stage=definition.stage(stage.pk),
    )
    if form.is_bound and form.is_valid():
        to = form.target_id()
        target = None if to is None else stage_of(process, to)
        moved = attempt(form, lambda: remove_stage(stage, to=target, actor=request.actor))
        if moved is not None:
            messages.success(request, _said(stage.name, moved, target))
            return go(request, of_pipeline("process-stages", key, stage.pipeline.key))
    usage = usage_of(stage)
    form.fields["to"].required = usage.count > 0
    context = {
        "process": process,
        "form": form,
        "stage": stage,
        "count": usage.count,
        "holding": shown_uses(usage.holding, request.actor),
        "going": shown_uses(usage.going, request.actor),
    }
    return render(request, "processes/settings/_remove_stage.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def order_stages(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the stages of the pipeline in order."""
    process = process_for(request.actor, key)
    reorder_stages(_pipeline(request, process), order_of(request), actor=request.actor)
    return HttpResponse(status=204)


def _pipeline(request: PersonalRequest, process: Process) -> Pipeline:
    require_stages(process)
    return pipeline_of(process, request.GET.get("pipeline", ""))


def _said(name: str, moved: int, target: Stage | None) -> str:
    if target is None or not moved:
        return _("The stage “%(name)s” is removed.") % {"name": name}
    words = {"name": name, "count": moved, "target": target.name}
    text = ngettext(
        "The stage “%(name)s” is removed; %(count)d record is in “%(target)s” now.",
        "The stage “%(name)s” is removed; %(count)d records are in “%(target)s” now.",
        moved,
    )
    return text % words


def _dialog(request: PersonalRequest, process: Process, form: StageForm, stage: Stage | None = None) -> HttpResponse:
    context = {"process": process, "form": form, "stage": stage, "colors": COLORS}
    return render(request, "processes/settings/_stage.html", context, status=422 if form.is_bound else 200)
