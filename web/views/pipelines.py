"""The pipelines of a process: adding, naming, ordering, removing them."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from processes.definition import definition_of
from processes.models import Operation, Process
from processes.operations import add_pipeline, remove_pipeline, reorder_pipelines, update_pipeline
from processes.operations.stages import require_stages
from processes.permissions import access_for
from processes.queries import pipeline_of, process_for, stage_of, usage_of
from web.forms.refusals import attempt
from web.forms.stages import PipelineForm, PipelineNameForm, PipelineRemovalForm
from web.middleware import PersonalRequest
from web.navigation import of_pipeline
from web.responses import go
from web.uses import shown_uses
from web.views.designer import order_of


@login_required
@require_http_methods(["GET", "POST"])
def new_pipeline(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a pipeline."""
    process = process_for(request.actor, key)
    require_stages(process)
    form = PipelineForm(
        request.POST or None, pipelines=definition_of(process).pipelines, can_open=_can_open(request, process)
    )
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        like = pipeline_of(process, data["like"]) if data["like"] else None
        made = attempt(
            form,
            lambda: add_pipeline(
                process, name=data["name"], like=like, is_open=data.get("is_open", False), actor=request.actor
            ),
        )
        if made is not None:
            return go(request, of_pipeline("process-stages", key, made.key))
    context = {"process": process, "form": form, "pipeline": None}
    return render(request, "processes/settings/_pipeline.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def edit_pipeline(request: PersonalRequest, key: str, pipeline_key: str) -> HttpResponse:
    """Give a pipeline another name, open or close it."""
    process = process_for(request.actor, key)
    pipeline = pipeline_of(process, pipeline_key)
    form = PipelineNameForm(
        request.POST or None,
        initial={"name": pipeline.name, "is_open": pipeline.is_open},
        can_open=_can_open(request, process),
    )
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: update_pipeline(pipeline, actor=request.actor, **form.cleaned_data)):
            return go(request, of_pipeline("process-stages", key, pipeline.key))
    context = {"process": process, "form": form, "pipeline": pipeline}
    return render(request, "processes/settings/_pipeline.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def first_pipeline(request: PersonalRequest, key: str, pipeline_key: str) -> HttpResponse:
    """Make it the one where new records begin: the first."""
    process = process_for(request.actor, key)
    pipeline = pipeline_of(process, pipeline_key)
    others = [item.key for item in definition_of(process).pipelines if item.key != pipeline.key]
    reorder_pipelines(process, [pipeline.key, *others], actor=request.actor)
    messages.success(request, _("New records begin in “%(name)s” now.") % {"name": pipeline.name})
    return go(request, of_pipeline("process-stages", key, pipeline.key))


@login_required
@require_POST
def order_pipelines(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the pipelines in order."""
    reorder_pipelines(process_for(request.actor, key), order_of(request), actor=request.actor)
    return HttpResponse(status=204)


@login_required
@require_http_methods(["GET", "POST"])
def delete_pipeline(request: PersonalRequest, key: str, pipeline_key: str) -> HttpResponse:
    """What a pipeline holds and what uses its stages; on POST it goes, and its records stage by stage."""
    process = process_for(request.actor, key)
    pipeline = pipeline_of(process, pipeline_key)
    definition = definition_of(process)
    present = definition.pipeline(pipeline.key)
    usages = {stage: usage_of(stage_of(process, stage.id)) for stage in present.stages}
    form = PipelineRemovalForm(
        request.POST if request.method == "POST" else None,
        definition=definition,
        pipeline=present,
        counts={stage.id: usage.count for stage, usage in usages.items()},
    )
    if form.is_bound and form.is_valid():
        places = {source: stage_of(process, target) for source, target in form.places().items()}
        moved = attempt(form, lambda: remove_pipeline(pipeline, places=places, actor=request.actor))
        if moved is not None:
            messages.success(request, _said(present.name, moved))
            return go(request, "process-stages", key)
    shown = partial(shown_uses, actor=request.actor)
    context = {
        "process": process,
        "form": form,
        "pipeline": present,
        "is_last": len(definition.pipelines) == 1,
        "lines": [(stage, usages[stage].count, field) for stage, field in form.lines()],
        "holding": [use for stage, usage in usages.items() for use in shown(usage.holding, of=stage.name)],
        "going": [use for stage, usage in usages.items() for use in shown(usage.going, of=stage.name)],
    }
    return render(request, "processes/settings/_remove_pipeline.html", context, status=422 if form.is_bound else 200)


def _said(name: str, moved: int) -> str:
    if not moved:
        return _("The pipeline “%(name)s” is removed.") % {"name": name}
    text = ngettext(
        "The pipeline “%(name)s” is removed; %(count)d record has moved.",
        "The pipeline “%(name)s” is removed; %(count)d records have moved.",
        moved,
    )
    return text % {"name": name, "count": moved}


def _can_open(request: PersonalRequest, process: Process) -> bool:
    return access_for(request.actor, process).can(Operation.MANAGE_ACCESS)
