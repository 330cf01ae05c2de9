"""Settings of a living process: general, fields, stages, moves."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid
from processes.drafts import FieldDraft, StageDraft
from processes.fieldtype import FieldType, field_types
from processes.models import Field, Operation, Pipeline, Process, Stage
from processes.models.pipeline import COLORS
from processes.operations import (
    add_field,
    add_stage,
    archive_process,
    publish_process,
    remove_field,
    remove_stage,
    reorder_fields,
    reorder_stages,
    set_moves,
    update_field,
    update_process,
    update_stage,
)
from processes.permissions import access_for
from processes.queries import field_of, pipeline_of, process_for, stage_of
from web.forms.declared import PREFIX, declared_form, settings_from
from web.forms.draft import read_json
from web.forms.process import FieldForm, ProcessForm, StageForm
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
def fields(request: PersonalRequest, key: str) -> HttpResponse:
    """The fields in their order."""
    process = process_for(request.actor, key)
    rows = [(field, field_types[field.type]) for field in process.fields.filter(removed_at=None)]
    return page(request, process, "fields", {"rows": rows, "types": list(field_types)})


@login_required
@require_http_methods(["GET", "POST"])
def new_field(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a field of the type in `?type=`."""
    process = process_for(request.actor, key)
    chosen = request.POST.get("type") or request.GET.get("type", "text")
    field_type = field_types[chosen]
    form = FieldForm(request.POST or None, is_new=True, initial={"type": chosen, "in_list": True})
    settings = settings_from(field_type, request.POST, context=process) if form.is_bound else {}
    if form.is_bound and form.is_valid():
        draft = FieldDraft(**form.cleaned_data, settings=settings)
        added = attempt(form, lambda: add_field(process, draft, actor=request.actor), elsewhere=settings)
        if added:
            messages.success(request, _("The field “%(name)s” is there.") % {"name": added.label})
            return go(request, "process-fields", key)
    return _field_dialog(request, process, form, field_type, settings)


@login_required
@require_http_methods(["GET", "POST"])
def edit_field(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Change a field's words, places and settings."""
    process = process_for(request.actor, key)
    field = field_of(process, field_key)
    field_type = field_types[field.type]
    present = {name: getattr(field, name) for name in ("label", "help", "required", "on_card", "in_list")}
    form = FieldForm(request.POST or None, is_new=False, initial=present)
    settings = settings_from(field_type, request.POST, context=process) if form.is_bound else field.settings
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        saved = attempt(
            form,
            lambda: update_field(field, changes={**data, "settings": settings}, actor=request.actor),
            elsewhere=settings,
        )
        if saved:
            return go(request, "process-fields", key)
    return _field_dialog(request, process, form, field_type, settings, field)


@login_required
@require_POST
def delete_field(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Hide a field."""
    process = process_for(request.actor, key)
    field = remove_field(field_of(process, field_key), actor=request.actor)
    messages.success(request, _("The field “%(name)s” is removed.") % {"name": field.label})
    return go(request, "process-fields", key)


@login_required
@require_POST
def order_fields(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the fields in order."""
    reorder_fields(process_for(request.actor, key), _order(request), actor=request.actor)
    return HttpResponse(status=204)


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
    reorder_stages(_pipeline(request, process), _order(request), actor=request.actor)
    return HttpResponse(status=204)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def moves(request: PersonalRequest, key: str) -> HttpResponse:
    """From where to where records may go."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    if request.method == "POST":
        is_any = request.POST.get("moves") == Pipeline.Moves.ANY
        set_moves(pipeline, None if is_any else _pairs(request), actor=request.actor)
        messages.success(request, _("Saved."))
        return redirect("process-moves", key)
    present = access_for(request.actor, process).definition.pipeline_by_id[pipeline.pk]
    lines = [
        (source, [(target, target.id in present.targets[source.id]) for target in present.stages])
        for source in present.stages
    ]
    return page(request, process, "moves", {"pipeline": present, "lines": lines})


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


def _field_dialog(
    request: PersonalRequest,
    process: Process,
    form: FieldForm,
    field_type: FieldType,
    settings: Mapping[str, Any],
    field: Field | None = None,
) -> HttpResponse:
    data = request.POST if form.is_bound else None
    shown = declared_form(field_type, settings, data=data, context=process, prefix=PREFIX)
    context = {
        "process": process,
        "form": form,
        "field": field,
        "type": field_type,
        "settings": shown,
        "types": list(field_types),
        "colors": COLORS,
    }
    return render(request, "processes/settings/_field.html", context, status=422 if form.is_bound else 200)


def _stage_dialog(
    request: PersonalRequest, process: Process, form: StageForm, stage: Stage | None = None
) -> HttpResponse:
    context = {"process": process, "form": form, "stage": stage, "colors": COLORS}
    return render(request, "processes/settings/_stage.html", context, status=422 if form.is_bound else 200)


def _pipeline(request: PersonalRequest, process: Process) -> Pipeline:
    return pipeline_of(process, request.GET.get("pipeline", ""))


def _order(request: PersonalRequest) -> list[str]:
    order = read_json(request.body).get("order")
    if not isinstance(order, list) or not all(isinstance(key, str) for key in order):
        raise Invalid(_("An order is expected."))
    return order


def _pairs(request: PersonalRequest) -> list[tuple[str, str]]:
    """Ticked boxes are `source>target`, by key."""
    pairs = [value.partition(">") for value in request.POST.getlist("pair")]
    return [(source, target) for source, _sign, target in pairs]
