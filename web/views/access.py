"""Who may do what in a process, with which of its fields, and why."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Token, User
from accounts.queries import people, roles, service_tokens, viewable_people
from core.errors import NotFound, SmartCRMError, Stale
from core.text import id_from
from processes.access_warnings import field_warnings, warnings_about
from processes.definition_types import Definition
from processes.models import Operation, Process
from processes.operations import set_field_grants, set_grants
from processes.permissions import access_for
from processes.queries import process_for
from records.queries.why import Why, why_for
from web.forms.access import Matrix, field_matrix_of, levels_of, matrix_of, rights_of, submitted
from web.middleware import PersonalRequest
from web.navigation import process_url
from web.views.designer import page

OF_SERVICE = "token-"
"""What the ids of service tokens begin with where they stand among those of people."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: PersonalRequest, key: str) -> HttpResponse:
    """The matrix of all roles; saving it changes what the form names, and takes effect with the next request of
    everybody. Where somebody was faster, the present rights with the person's choices in them, nothing saved."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    if request.method != "POST":
        return _records_page(request, process)
    definition = access_for(request.actor, process).definition
    try:
        rights = rights_of(submitted(_matrix(definition), request.POST, version=definition.version))
        set_grants(
            process,
            rights.general,
            differing=rights.by_stage,
            pipelines=rights.by_pipeline,
            version=definition.version,
            actor=request.actor,
        )
    except Stale:
        return _records_page(request, process, request.POST)
    messages.success(request, _("Saved. It holds from the next request on."))
    return redirect(request.get_full_path())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def fields(request: PersonalRequest, key: str) -> HttpResponse:
    """What each role may do with each field, and how stages differ; saved as the matrix is."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    if request.method != "POST":
        return _fields_page(request, process)
    definition = access_for(request.actor, process).definition
    try:
        levels = levels_of(submitted(_field_matrix(definition), request.POST, version=definition.version))
        set_field_grants(process, levels, version=definition.version, actor=request.actor)
    except Stale:
        return _fields_page(request, process, request.POST)
    messages.success(request, _("Saved. It holds from the next request on."))
    return redirect(request.get_full_path())


@login_required
@require_safe
def places(request: PersonalRequest, key: str) -> HttpResponse:
    """How pipelines and stages differ on one line of the matrix: the right or the field that `line` names."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    definition, wanted = access_for(request.actor, process).definition, request.GET.get("line", "")
    matrix = _matrix(definition) if wanted in Operation.values else _field_matrix(definition)
    line = next((line for line in matrix.lines if line.key == wanted), None)
    if line is None:
        raise NotFound(_("There is no such right."))
    return render(request, "processes/_matrix_places.html", {"line": line})


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
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    definition = access_for(request.actor, process).definition
    matrix = _matrix(definition).choosing(request.POST)
    warnings = warnings_about(rights_of(matrix), definition, matrix.roles)
    return render(request, "processes/settings/_warnings.html", {"warnings": warnings})


def _matrix(definition: Definition) -> Matrix:
    return matrix_of(list(roles()), definition.grants, definition)


def _field_matrix(definition: Definition) -> Matrix:
    return field_matrix_of(list(roles()), definition)


def _records_page(request: PersonalRequest, process: Process, chosen: QueryDict | None = None) -> HttpResponse:
    """The matrix as it is, or with what somebody chose in one that is not any more."""
    definition = access_for(request.actor, process).definition
    matrix = _matrix(definition) if chosen is None else _matrix(definition).choosing(chosen)
    context = {
        "matrix": matrix,
        "warnings": warnings_about(rights_of(matrix), definition, matrix.roles),
        "closed": [pipeline for pipeline in definition.shown_pipelines if not pipeline.is_open],
        "viewable": viewable_people() if request.actor.is_admin else (),
        "process_url": process_url(process),
        "check_url": reverse("access-check", args=[process.key]),
        "version": definition.version,
        "is_stale": chosen is not None,
    }
    return _page(request, process, "process-access", "access", context, status=200 if chosen is None else 409)


def _fields_page(request: PersonalRequest, process: Process, chosen: QueryDict | None = None) -> HttpResponse:
    """The sheet of fields, in the same way."""
    definition = access_for(request.actor, process).definition
    matrix = _field_matrix(definition) if chosen is None else _field_matrix(definition).choosing(chosen)
    context = {
        "matrix": matrix,
        "warnings": field_warnings(definition, matrix.roles),
        "version": definition.version,
        "is_stale": chosen is not None,
    }
    return _page(request, process, "access-fields", "access_fields", context, status=200 if chosen is None else 409)


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
