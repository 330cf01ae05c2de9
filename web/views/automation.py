"""Automation of a process: robots by stage, the editor of one, the log of their runs."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automation.effects import RobotType, robot_types
from automation.field_use import keys_spoken_of
from automation.models import Robot, RuleKind, Run, State, Trigger
from automation.occasions import TriggerType, trigger_types
from automation.operations import (
    SavedRobot,
    cancel_run,
    confirm_run,
    copy_robot,
    create_robot,
    delete_robot,
    present_count,
    reorder_robots,
    retry_run,
    run_again,
    start_for_present,
    switch_robot,
    update_robot,
)
from automation.queries import RunFilter, automation_page, robot_for, run_detail, run_log, run_of, silences_of
from automation.scope import condition_for, text_schema
from core.text import id_from
from processes.definition_types import Definition, StageDef
from processes.models import Operation
from processes.permissions import Access, visible_access
from processes.publishing import publishable
from processes.queries import process_for, stage_of
from records.queries.names import names_in_words
from web.forms.conditions import builder_of, is_shallow
from web.forms.declared import PREFIX, declared_form, settings_from
from web.forms.draft import order_of_ids
from web.forms.refusals import attempt
from web.forms.robot import RobotForm, TriggerForm
from web.middleware import PersonalRequest, is_fragment
from web.navigation import process_tabs
from web.responses import go, with_toast

STATES: Mapping[str, tuple[str, str]] = {
    State.READY: ("clock", ""),
    State.CLAIMED: ("loader-2", "accent"),
    State.SUCCEEDED: ("circle-check", "good"),
    State.SKIPPED: ("ban", ""),
    State.FAILED: ("alert-circle", "bad"),
    State.BLOCKED: ("lock", "warn"),
    State.POISONED: ("alert-triangle", "bad"),
    State.UNCERTAIN: ("help-circle", "warn"),
    State.CANCELLED: ("circle-x", ""),
    State.HELD: ("player-pause", "warn"),
}
"""State of a run → icon and meaning of its chip."""

ACTIONS: Mapping[str, Callable[..., Run]] = {
    "retry": retry_run,
    "again": run_again,
    "cancel": cancel_run,
    "confirm": confirm_run,
}


@login_required
@require_safe
def build(request: PersonalRequest, key: str) -> HttpResponse:
    """One column per stage with its robots."""
    access = access_to_automate(request, key)
    pipeline = access.definition.pipeline(request.GET.get("pipeline"))
    return automation_response(request, access, "build", {"page": automation_page(access, pipeline)})


@login_required
@require_safe
def catalogue(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """What kinds of robots, triggers and automatic transitions there are, to add one to a stage."""
    access = access_to_automate(request, key)
    occasions = [kind for kind in trigger_types if kind.suits(access.definition)]
    context = {
        "process": access.definition,
        "stage": access.definition.stage(stage_id),
        "robots": [kind for kind in robot_types if kind.suits(access.definition)],
        "triggers": [kind for kind in occasions if not kind.needs_source],
        "transitions": [kind for kind in occasions if kind.needs_source],
    }
    return render(request, "automation/_catalogue.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_robot(request: PersonalRequest, key: str, stage_id: int, kind: str) -> HttpResponse:
    """Configure a robot and add it at the end of a stage."""
    access = access_to_automate(request, key)
    robot_type = robot_types[kind]
    form = RobotForm(request.POST or None, definition=publishable(access))
    settings = _settings(request, robot_type, access) if form.is_bound else {}
    if form.is_bound and form.is_valid():
        stage = stage_of(process_for(request.actor, key, operation=Operation.AUTOMATE), stage_id)
        draft = form.draft(kind, settings)
        saved = attempt(form, lambda: create_robot(stage, draft, actor=request.actor), elsewhere=settings)
        if saved:
            return _saved(request, key, saved)
    return _editor(request, access, form, robot_type, settings, access.definition.stage(stage_id))


@login_required
@require_http_methods(["GET", "POST"])
def edit_robot(request: PersonalRequest, key: str, robot_id: int) -> HttpResponse:
    """Change a robot."""
    access = access_to_automate(request, key)
    shown = robot_for(access, robot_id)
    robot_type = robot_types[shown.robot.kind]
    definition = offered_to(access, shown.robot)
    is_sent = request.method == "POST"
    form = RobotForm(request.POST, definition=definition) if is_sent else RobotForm.showing(shown.robot, definition)
    settings = _settings(request, robot_type, access, shown.robot) if form.is_bound else dict(shown.settings)
    if form.is_bound and form.is_valid():
        draft = form.draft(shown.robot.kind, settings)
        saved = attempt(form, lambda: update_robot(shown.robot, draft, actor=request.actor), elsewhere=settings)
        if saved:
            return _saved(request, key, saved)
    stage = access.definition.stage(shown.robot.stage_id)
    return _editor(request, access, form, robot_type, settings, stage, shown.robot, shown.findings)


@login_required
@require_POST
def switch(request: PersonalRequest, key: str, robot_id: int) -> HttpResponse:
    """Switch a robot on or off."""
    robot = _robot(request, key, robot_id)
    saved = switch_robot(robot, is_on="is_on" in request.POST, actor=request.actor)
    said = _("“%(name)s” is on.") if saved.robot.is_on else _("“%(name)s” is off; what it had waiting is cancelled.")
    return with_toast(HttpResponse(status=204), said % {"name": robot.name})


@login_required
@require_POST
def start(request: PersonalRequest, key: str, robot_id: int) -> HttpResponse:
    """Let a robot act for the records that stand in its stage already."""
    return said_started(start_for_present(_robot(request, key, robot_id), actor=request.actor))


def said_started(runs: int) -> HttpResponse:
    """The answer that says how many runs began."""
    said = ngettext("%d run begins.", "%d runs begin.", runs) % runs if runs else _("There was nothing to do.")
    return with_toast(HttpResponse(status=204), said)


@login_required
@require_POST
def remove(request: PersonalRequest, key: str, robot_id: int) -> HttpResponse:
    """Remove a robot."""
    robot = _robot(request, key, robot_id)
    delete_robot(robot, actor=request.actor)
    messages.success(request, _("“%(name)s” is removed. Its runs stay in the log.") % {"name": robot.name})
    return go(request, "process-automation", key)


@login_required
@require_POST
def copy(request: PersonalRequest, key: str, robot_id: int, stage_id: int) -> HttpResponse:
    """Copy a robot to another stage of the process, switched off."""
    robot = _robot(request, key, robot_id)
    stage = stage_of(process_for(request.actor, key, operation=Operation.AUTOMATE), stage_id)
    copy_robot(robot, to=stage, actor=request.actor)
    messages.success(request, _("Copied to “%(stage)s”, switched off.") % {"stage": stage.name})
    return go(request, "process-automation", key)


@login_required
@require_POST
def order(request: PersonalRequest, key: str, stage_id: int) -> HttpResponse:
    """Put the robots of a stage in order."""
    stage = stage_of(process_for(request.actor, key, operation=Operation.AUTOMATE), stage_id)
    reorder_robots(stage, order_of_ids(request.body), actor=request.actor)
    return HttpResponse(status=204)


@login_required
@require_safe
def log(request: PersonalRequest, key: str) -> HttpResponse:
    """The runs, the newest first."""
    access = access_to_automate(request, key)
    state, rule = request.GET.get("state", ""), _rule(request)
    wanted = RunFilter(
        states=[state] if state in State.values else (),
        robot_id=rule[1] if rule and rule[0] == RuleKind.ROBOT else None,
        trigger_id=rule[1] if rule and rule[0] == RuleKind.TRIGGER else None,
        stage_id=_number(request, "stage"),
    )
    definition = access.definition
    context = {
        "runs": run_log(access, wanted, before=_number(request, "before")),
        "state": state,
        "rule_kind": rule[0] if rule else "",
        "rule_id": rule[1] if rule else None,
        "stage": wanted.stage_id,
        "robots": _names(Robot.objects.filter(process_id=definition.id, removed_at=None)),
        "triggers": _names(Trigger.objects.filter(process_id=definition.id, removed_at=None)),
        "stages": [stage for pipeline in definition.shown_pipelines for stage in pipeline.stages],
        "state_choices": State.choices,
        "states": STATES,
        "silences": silences_of(access, *rule) if rule else (),
    }
    return automation_response(request, access, "log", context)


@login_required
@require_safe
def run(request: PersonalRequest, key: str, run_id: int) -> HttpResponse:
    """One run with its attempts, its cause and what went out."""
    access = access_to_automate(request, key)
    return _run(request, access, run_id)


@login_required
@require_POST
def act(request: PersonalRequest, key: str, run_id: int, action: str) -> HttpResponse:
    """Try again, run again, cancel, or say that it was sent."""
    access = access_to_automate(request, key)
    ACTIONS[action](run_of(request.actor, run_id), actor=request.actor)
    said = {
        "retry": _("It is tried again."),
        "again": _("It runs once more, as a new run."),
        "cancel": _("Cancelled."),
        "confirm": _("Noted: it was sent."),
    }
    return with_toast(_run(request, access, run_id), said[action], runsChanged=True)


def _run(request: PersonalRequest, access: Access, run_id: int) -> HttpResponse:
    context = {"process": access.definition, "detail": run_detail(access, run_id), "states": STATES}
    if is_fragment(request):
        return render(request, "automation/_run.html", context)
    return automation_response(request, access, "run", context)


def offered_to(access: Access, rule: Robot | Trigger | None) -> Definition:
    """What the editor of a rule offers: what the actor may publish, and what the rule speaks of already."""
    return publishable(access, also=keys_spoken_of(rule, access.definition) if rule else ())


def access_to_automate(request: PersonalRequest, key: str) -> Access:
    access = visible_access(request.actor, key)
    access.require(Operation.AUTOMATE)
    return access


def _robot(request: PersonalRequest, key: str, robot_id: int) -> Robot:
    return robot_for(access_to_automate(request, key), robot_id).robot


def _settings(
    request: PersonalRequest, robot_type: RobotType, access: Access, robot: Robot | None = None
) -> dict[str, Any]:
    return settings_from(robot_type, request.POST, context=offered_to(access, robot))


def _saved(request: PersonalRequest, key: str, saved: SavedRobot) -> HttpResponse:
    messages.success(request, _("“%(name)s” is saved.") % {"name": saved.robot.name})
    for finding in saved.findings:
        messages.warning(request, finding.message)
    return go(request, "process-automation", key)


def _editor(
    request: PersonalRequest,
    access: Access,
    form: RobotForm,
    robot_type: RobotType,
    settings: Mapping[str, Any],
    stage: StageDef,
    robot: Robot | None = None,
    findings: tuple[Any, ...] = (),
) -> HttpResponse:
    stages = access.definition.pipeline_by_id[stage.pipeline_id].stages
    context = {
        "stage": stage,
        "robot": robot,
        "placeholders": text_schema(offered_to(access, robot)),
        "findings": findings,
        "others": [other for other in stages if other.id != stage.id],
    }
    return editor_response(request, access, "editor", form, robot_type, settings, robot, context)


def editor_response(
    request: PersonalRequest,
    access: Access,
    name: str,
    form: RobotForm | TriggerForm,
    kind: RobotType | TriggerType,
    settings: Mapping[str, Any],
    rule: Robot | Trigger | None,
    context: Mapping[str, Any],
) -> HttpResponse:
    """The editor of a robot or trigger (`rule` is None for a new one): in the panel, or as a page."""
    definition = offered_to(access, rule)
    data = request.POST if form.is_bound else None
    tree = rule.condition if rule else None
    shown = {
        "process": access.definition,
        "type": kind,
        "form": form,
        "settings": declared_form(kind, settings, data=data, context=definition, prefix=PREFIX),
        "builder": builder_of(definition, request.actor, given=form["condition"].value()),
        "deep_condition": "" if form.is_bound else _in_words(access, tree),
        "present": present_count(rule) if rule and rule.is_on else 0,
        **context,
    }
    status = 422 if form.is_bound else 200
    if is_fragment(request):
        return render(request, f"automation/_{name}.html", shown, status=status)
    return automation_response(request, access, name, shown, status=status)


def _in_words(access: Access, tree: Any) -> str:
    names = names_in_words(access.actor)
    return "" if is_shallow(tree) else condition_for(access.definition, tree).describe(names)


def automation_response(
    request: PersonalRequest, access: Access, mode: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    frame = {"process": access.definition, "mode": mode, "tabs": process_tabs(access, "process-automation")}
    return render(request, f"automation/{mode}.html", {**frame, **context}, status=status)


def _rule(request: PersonalRequest) -> tuple[RuleKind, int] | None:
    """The robot or trigger that the address asks for: `robot-5`, `trigger-7`."""
    kind, _dash, number = request.GET.get("rule", "").partition("-")
    rule_id = id_from(number)
    return (RuleKind(kind), rule_id) if kind in RuleKind.values and rule_id is not None else None


def _names(rules: QuerySet[Any]) -> list[tuple[int, str]]:
    return list(rules.order_by("name", "id").values_list("pk", "name"))


def _number(request: PersonalRequest, name: str) -> int | None:
    return id_from(request.GET.get(name, ""))
