"""Who may do what in a process, with which of its fields, and why."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Token, User
from accounts.queries import people, roles, service_tokens, viewable_people
from core.errors import SmartCRMError
from core.text import id_from
from processes.models import Operation, Process
from processes.operations import set_field_grants, set_grants
from processes.permissions import access_for
from processes.queries import differing_grants, process_for
from records.queries.why import Why, why_for
from web.forms.access import (
    differing_from,
    field_matrix_of,
    field_warnings,
    grants_from,
    levels_from,
    matrix_of,
    pipelines_from,
    warnings_about,
)
from web.middleware import PersonalRequest
from web.navigation import process_url
from web.views.designer import page

OF_SERVICE = "token-"
"""What the ids of service tokens begin with where they stand among those of people."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: PersonalRequest, key: str) -> HttpResponse:
    """The matrix of all roles; saving it takes effect with the next request of everybody."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    shown = list(roles())
    definition = access_for(request.actor, process).definition
    pipelines = definition.pipelines if definition.has_stages else ()
    if request.method == "POST":
        set_grants(
            process,
            grants_from(request.POST, shown),
            differing=differing_from(request.POST, shown, [stage for item in pipelines for stage in item.stages]),
            pipelines=pipelines_from(request.POST, shown, pipelines),
            actor=request.actor,
        )
        messages.success(request, _("Saved. It holds from the next request on."))
        return redirect("process-access", key)
    matrix = matrix_of(shown, definition.grants, pipelines, *differing_grants(process))
    context = {
        "matrix": matrix,
        "warnings": warnings_about(definition.grants, shown),
        "viewable": viewable_people() if request.actor.is_admin else (),
        "process_url": process_url(process),
        "check_url": reverse("access-check", args=[key]),
    }
    return _page(request, process, "process-access", "access", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def fields(request: PersonalRequest, key: str) -> HttpResponse:
    """What each role may do with each field, and how stages differ."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    shown = list(roles())
    definition = access_for(request.actor, process).definition
    if request.method == "POST":
        set_field_grants(process, levels_from(request.POST, shown, definition), actor=request.actor)
        messages.success(request, _("Saved. It holds from the next request on."))
        return redirect("access-fields", key)
    context = {
        "matrix": field_matrix_of(shown, definition),
        "warnings": field_warnings(definition, shown),
    }
    return _page(request, process, "access-fields", "access_fields", context)


@login_required
@require_safe
def why(request: PersonalRequest, key: str) -> HttpResponse:
    """Whether a person may do something, by which role, and what would have to change."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    definition = access_for(request.actor, process).definition
    verdict, problem = _answered(request, process)
    context = {
        "people": people(),
        "tokens": service_tokens(),
        "operations": [(op.value, op.label) for op in Operation],
        "fields": definition.fields,
        "asked": {name: request.GET.get(name, "") for name in ("person", "operation", "record", "field")},
        "why": verdict,
        "problem": problem,
    }
    return _page(request, process, "access-why", "access_why", context, status=422 if problem else 200)


@login_required
@require_POST
def check(request: PersonalRequest, key: str) -> HttpResponse:
    """What looks like an oversight in a matrix that is not saved yet."""
    process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    shown = list(roles())
    warnings = warnings_about(grants_from(request.POST, shown), shown)
    return render(request, "processes/settings/_warnings.html", {"warnings": warnings})


def _answered(request: PersonalRequest, process: Process) -> tuple[Why | None, str]:
    """The verdict, once a person is chosen; or what is wrong with the question."""
    named, record = request.GET.get("person", ""), request.GET.get("record", "").strip().removeprefix("#")
    who_id = id_from(named.removeprefix(OF_SERVICE))
    if who_id is None:
        return None, ""
    of = service_tokens() if named.startswith(OF_SERVICE) else User.objects.all()
    who: User | Token | None = of.filter(pk=who_id).first()
    record_id = id_from(record) if record else None
    if who is None:
        return None, _("There is no such person.")
    if record and record_id is None:
        return None, _("The number of a record is expected.")
    operation = request.GET.get("operation") or Operation.VIEW
    asker = access_for(request.actor, process)
    try:
        return why_for(asker, who, operation, record_id=record_id, field_key=request.GET.get("field", "")), ""
    except SmartCRMError as error:
        return None, str(error.message)


def _page(
    request: PersonalRequest, process: Process, name: str, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page about access, with the way to the others."""
    parts = (("process-access", _("Records")), ("access-fields", _("Fields")), ("access-why", _("Why?")))
    parts_shown = [
        {"name": label, "url": reverse(part, args=[process.key]), "active": part == name} for part, label in parts
    ]
    return page(request, process, template, {**context, "section": "access", "parts": parts_shown}, status=status)
