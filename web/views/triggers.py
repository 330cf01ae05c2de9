"""Triggers and automatic transitions: the editor of one, its switch, its place, its secret."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from automation.models import Trigger
from automation.occasions import TriggerType, trigger_types
from automation.operations import (
    SavedTrigger,
    create_trigger,
    delete_trigger,
    renew_secret,
    reorder_triggers,
    start_for_present,
    switch_trigger,
    update_trigger,
)
from automation.queries import CallRow, hook_url, trigger_for
from processes.definition_types import StageDef
from processes.models import Operation
from processes.permissions import Access
from processes.queries import process_for, stage_of
from web.forms.declared import settings_from
from web.forms.draft import order_of_ids
from web.forms.refusals import attempt
from web.forms.robot import TriggerForm
from web.middleware import PersonalRequest, is_fragment
from web.responses import go, with_toast
from web.views.automation import (
    access_to_automate,
    automation_response,
    editor_response,
    offered_to,
    said_started,
)


@login_required
@require_http_methods(["GET", "POST"])
def new_trigger(request: PersonalRequest, key: str, stage_id: int, kind: str) -> HttpResponse:
    """Configure a trigger that moves records to a stage, or an automatic transition that leads out of it."""
    access = access_to_automate(request, key)
    trigger_type, stage = trigger_types[kind], access.definition.stage(stage_id)
    form = _form(request, access, trigger_type, stage, initial=_beginning(access, trigger_type, stage))
    settings = settings_from(trigger_type, request.POST, context=offered_to(access, None)) if form.is_bound else {}
    if form.is_bound and form.is_valid():
        target_id = form.cleaned_data.get("stage", stage.id)
        target = stage_of(process_for(request.actor, key, operation=Operation.AUTOMATE), target_id)
        draft = form.draft(kind, settings)
        saved = attempt(form, lambda: create_trigger(target, draft, actor=request.actor), elsewhere=settings)
        if saved:
            return _saved(request, access, saved)
    return _editor(request, access, form, trigger_type, settings, stage)


@login_required
@require_http_methods(["GET", "POST"])
def edit_trigger(request: PersonalRequest, key: str, trigger_id: int) -> HttpResponse:
    """Change a trigger."""
    access = access_to_automate(request, key)
    shown = trigger_for(access, trigger_id)
    trigger_type, stage = trigger_types[shown.trigger.kind], access.definition.stage(shown.trigger.stage_id)
    form = _form(request, access, trigger_type, stage, initial=TriggerForm.shown(shown.trigger))
    is_sent = form.is_bound
    offered = offered_to(access, shown.trigger)
    settings = settings_from(trigger_type, request.POST, context=offered) if is_sent else dict(shown.settings)
    if is_sent and form.is_valid():
        draft = form.draft(shown.trigger.kind, settings)
        saved = attempt(form, lambda: update_trigger(shown.trigger, draft, actor=request.actor), elsewhere=settings)
        if saved:
            return _saved(request, access, saved)
    return _editor(
        request,
        access,
        form,
        trigger_type,
        settings,
        stage,
        trigger=shown.trigger,
        findings=shown.findings,
        calls=shown.calls,
    )


@login_required
@require_POST
def switch(request: PersonalRequest, key: str, trigger_id: int) -> HttpResponse:
    """Switch a trigger on or off."""
    trigger = _trigger(request, key, trigger_id)
    saved = switch_trigger(trigger, is_on="is_on" in request.POST, actor=request.actor)
    said = _("“%(name)s” is on.") if saved.trigger.is_on else _("“%(name)s” is off; what it had waiting is cancelled.")
    return with_toast(HttpResponse(status=204), said % {"name": trigger.name})


@login_required
@require_POST
def start(request: PersonalRequest, key: str, trigger_id: int) -> HttpResponse:
    """Let an automatic transition act for the records that stand in its stage already."""
    return said_started(start_for_present(_trigger(request, key, trigger_id), actor=request.actor))


@login_required
@require_POST
def remove(request: PersonalRequest, key: str, trigger_id: int) -> HttpResponse:
    """Remove a trigger."""
    trigger = _trigger(request, key, trigger_id)
    delete_trigger(trigger, actor=request.actor)
    messages.success(request, _("“%(name)s” is removed. Its runs stay in the log.") % {"name": trigger.name})
    return go(request, "process-automation", key)


@login_required
@require_POST
def renew(request: PersonalRequest, key: str, trigger_id: int) -> HttpResponse:
    """Make another signing secret and show it, once."""
    saved = renew_secret(_trigger(request, key, trigger_id), actor=request.actor)
    return _secret(request, access_to_automate(request, key), saved)


@login_required
@require_POST
def order(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Put the triggers that lead to a stage in order."""
    stage = stage_of(process_for(request.actor, key, operation=Operation.AUTOMATE), stage_id)
    shown = order_of_ids(request.body)
    hidden = Trigger.objects.filter(stage=stage, removed_at=None).exclude(pk__in=shown).values_list("pk", flat=True)
    reorder_triggers(stage, [*shown, *hidden], actor=request.actor)
    return HttpResponse(status=204)


def _trigger(request: PersonalRequest, key: str, trigger_id: int) -> Trigger:
    return trigger_for(access_to_automate(request, key), trigger_id).trigger


def _form(
    request: PersonalRequest, access: Access, kind: TriggerType, stage: StageDef, *, initial: Mapping[str, Any]
) -> TriggerForm:
    data = request.POST if request.method == "POST" else None
    pipeline = access.definition.pipeline_by_id[stage.pipeline_id]
    has_stages = access.definition.has_stages
    return TriggerForm(data, kind=kind, pipeline=pipeline, has_stages=has_stages, initial=dict(initial))


def _beginning(access: Access, kind: TriggerType, stage: StageDef) -> dict[str, Any]:
    """Where a new trigger leads: to the stage of its column, or from it to the next one."""
    if not kind.needs_source:
        return {"stage": stage.id}
    stages = access.definition.pipeline_by_id[stage.pipeline_id].stages
    following = next((other for other in stages if other.is_after(stage)), stages[0])
    return {"source": stage.id, "stage": following.id}


def _saved(request: PersonalRequest, access: Access, saved: SavedTrigger) -> HttpResponse:
    if saved.secret:
        return _secret(request, access, saved)
    messages.success(request, _("“%(name)s” is saved.") % {"name": saved.trigger.name})
    for finding in saved.findings:
        messages.warning(request, finding.message)
    return go(request, "process-automation", access.definition.key)


def _secret(request: PersonalRequest, access: Access, saved: SavedTrigger) -> HttpResponse:
    """The address and the secret of a trigger; the secret is shown in this answer alone."""
    context = {
        "process": access.definition,
        "trigger": saved.trigger,
        "url": hook_url(saved.trigger),
        "secret": saved.secret,
        "findings": saved.findings,
    }
    if is_fragment(request):
        return render(request, "automation/_trigger_made.html", context)
    return automation_response(request, access, "trigger_made", context)


def _editor(
    request: PersonalRequest,
    access: Access,
    form: TriggerForm,
    trigger_type: TriggerType,
    settings: Mapping[str, Any],
    stage: StageDef,
    *,
    trigger: Trigger | None = None,
    findings: tuple[Any, ...] = (),
    calls: tuple[CallRow, ...] = (),
) -> HttpResponse:
    context = {
        "stage": stage,
        "trigger": trigger,
        "findings": findings,
        "url": hook_url(trigger) if trigger else "",
        "calls": calls,
    }
    return editor_response(request, access, "trigger_editor", form, trigger_type, settings, trigger, context)
