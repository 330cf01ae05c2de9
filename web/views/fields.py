"""The questions of a process: in their order, each in a dialog, what was removed, what is on its way."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.queries import givable_roles, roles
from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.text import id_from
from processes.conversion import is_fixed
from processes.drafts import FieldDraft
from processes.fieldtype import FieldType, Group, field_types
from processes.models import Field, FieldJob, Operation, Process, Section
from processes.models.pipeline import COLORS
from processes.operations import (
    add_field,
    cancel_job,
    purge_field,
    remove_field,
    restore_field,
    retry_job,
    update_field,
)
from processes.operations.checking import given, speaks_of_unread
from processes.operations.jobs import STOPPABLE
from processes.permissions import Access, access_for
from processes.publishing import publishable
from processes.queries import field_of, field_uses, job_of, jobs_of, process_for, removed_field, removed_fields
from processes.schema import keys_in
from records.queries.beginning import beginning_of
from records.queries.conversion import conversions_of
from web.forms.conditions import builder_of, is_shallow
from web.forms.declared import PREFIX, declared_form, settings_from
from web.forms.fields import FieldForm
from web.forms.records import RecordForm
from web.forms.refusals import attempt
from web.forms.typed import TypedName
from web.middleware import PersonalRequest
from web.responses import go, with_events
from web.uses import shown_uses
from web.views.designer import page

USUAL = frozenset({"text", "number", "date", "choice", "person", "link"})
"""Kinds that begin their groups."""
PREVIEW = "preview"
"""Prefix of the inputs of the preview: they stand beside those of the dialogs."""


@login_required
@require_safe
def fields(request: PersonalRequest, key: str) -> HttpResponse:
    """The fields in their order, the changes that are on their way, and what was removed."""
    process = process_for(request.actor, key)
    shown = list(process.fields.filter(removed_at=None, shadow_of=None).select_related("required_from"))
    sections: list[Section | None] = [None, *process.sections.all()]
    context = {
        "count": len(shown),
        "parts": [(section, _rows(shown, section)) for section in sections],
        "groups": _groups(),
        "removed": [(field, field_types[field.type]) for field in removed_fields(process)],
        "changed": [
            (one, field_types[one.before.type], field_types[one.after.type])
            for one in conversions_of(access_for(request.actor, process))
        ],
        "fixed": {kind.key for kind in field_types if is_fixed(kind)},
        **_shown_jobs(process),
    }
    return page(request, process, "fields", context)


@login_required
@require_safe
def jobs(request: PersonalRequest, key: str) -> HttpResponse:
    """The changes that are on their way, again and again while there are some; the page learns when one of those in
    `?shown=` has ended."""
    process = process_for(request.actor, key)
    context = _shown_jobs(process)
    answer = render(request, "processes/settings/_jobs.html", {"process": process, **context})
    before = {pk for text in request.GET.get("shown", "").split(",") if (pk := id_from(text)) is not None}
    has_ended = before - {job.pk for job in context["jobs"]}
    return with_events(answer, **{"fields-changed": True}) if has_ended else answer


@login_required
@require_safe
def kinds(request: PersonalRequest, key: str) -> HttpResponse:
    """The kinds of fields, to choose one for a new field."""
    context = {"process": process_for(request.actor, key), "groups": _groups()}
    return render(request, "processes/settings/_kinds.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_field(request: PersonalRequest, key: str) -> HttpResponse:
    """Add a field of the type in `?type=`."""
    process = process_for(request.actor, key)
    chosen = request.POST.get("type") or request.GET.get("type", "text")
    kind = field_types[chosen]
    initial = {"type": chosen, "in_list": True}
    form = FieldForm(request.POST or None, process=process, kind=kind, field=None, initial=initial)
    access = access_for(request.actor, process)
    settings = settings_from(kind, request.POST, context=access) if form.is_bound else {}
    if form.is_bound and form.is_valid():

        def add() -> Field:
            draft = FieldDraft(type=chosen, key=form.cleaned_data["key"], settings=settings, **form.changes())
            return add_field(process, draft, actor=request.actor)

        if added := attempt(form, add, elsewhere=settings):
            messages.success(request, _("The field “%(name)s” is there.") % {"name": added.label})
            return go(request, "process-fields", key)
    return _dialog(request, access, process, form, kind, settings)


@login_required
@require_http_methods(["GET", "POST"])
def edit_field(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Change a field's words, rules, places and settings."""
    process = process_for(request.actor, key)
    field = field_of(process, field_key)
    kind = field_types[field.type].bound(field.settings)
    form = FieldForm.showing(field, kind, request.POST or None)
    access = access_for(request.actor, process)
    stays = speaks_of_unread(field_types[field.type], field.settings, access)
    settings = field.settings
    if form.is_bound:
        settings = given(kind, settings) if stays else settings_from(kind, request.POST, context=access)
    if form.is_bound and form.is_valid():
        saved = attempt(
            form,
            lambda: update_field(field, changes={**form.changes(), "settings": settings}, actor=request.actor),
            elsewhere=settings,
        )
        if saved:
            return go(request, "process-fields", key)
    return _dialog(request, access, process, form, kind, settings, field, stays=stays)


@login_required
@require_http_methods(["GET", "POST"])
def delete_field(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """What would miss a field; on POST it is hidden."""
    process = process_for(request.actor, key)
    field = field_of(process, field_key)
    if request.method == "GET":
        context = {"process": process, "field": field, "uses": shown_uses(field_uses(field), request.actor)}
        return render(request, "processes/settings/_remove_field.html", context)
    remove_field(field, confirmed=True, actor=request.actor)
    said = _("The field “%(name)s” is removed. It can be restored for 30 days.") % {"name": field.label}
    messages.success(request, said, extra_tags=reverse("field-restore", args=[key, field.pk]))
    return go(request, "process-fields", key)


@login_required
@require_POST
def restore(request: PersonalRequest, key: str, field_id: int) -> HttpResponse:
    """Show a removed field again; where its key is taken, under one like it."""
    process = process_for(request.actor, key)
    field = removed_field(process, field_id)
    taken = Field.objects.filter(process=process, key=field.key, removed_at=None, shadow_of=None).exists()
    restored = restore_field(field, key=f"{field.key[:30]}_{field.pk}" if taken else "", actor=request.actor)
    messages.success(request, _("The field “%(name)s” is back.") % {"name": restored.label})
    return go(request, "process-fields", key)


@login_required
@require_http_methods(["GET", "POST"])
def purge(request: PersonalRequest, key: str, field_id: int) -> HttpResponse:
    """Delete a removed field and its values for good, for somebody who has typed its name."""
    process = process_for(request.actor, key)
    field = removed_field(process, field_id)
    form = TypedName(field.label, request.POST or None)
    if form.is_bound and form.is_valid():
        purge_field(field, actor=request.actor)
        messages.success(request, _("The field “%(name)s” is being deleted for good.") % {"name": field.label})
        return go(request, "process-fields", key)
    context = {"process": process, "field": field, "form": form}
    return render(request, "processes/settings/_purge_field.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: PersonalRequest, key: str) -> HttpResponse:
    """The form of a new record as somebody with the role in `role` sees it at the stage in `stage`, without a role as
    oneself; on POST which questions are asked and required by what was answered so far."""
    said = request.POST if request.method == "POST" else request.GET
    role = _role(id_from(said.get("role", "")))
    access = _seen_by(request.actor, process_for(request.actor, key), role)
    definition = access.definition
    asked = id_from(said.get("stage", ""))
    stage = definition.default_pipeline.first_stage if asked is None else definition.stage(asked)
    if request.method == "POST":
        found = RecordForm(access, stage, request.POST, prefix=PREVIEW).asked
        return JsonResponse({"asked": sorted(found.asked), "required": sorted(found.required)})
    form = RecordForm(access, stage, initial=beginning_of(access), prefix=PREVIEW)
    context = {
        "process": definition,
        "form": form,
        "stage": stage,
        "pipelines": definition.shown_pipelines,
        "role": role,
        "roles": givable_roles(),
        "can_create": access.can(Operation.CREATE),
    }
    return render(request, "processes/settings/_preview.html", context)


@login_required
@require_POST
def act_on_job(request: PersonalRequest, key: str, job_id: int, action: str) -> HttpResponse:
    """Stop a change that waits, or try a failed one again."""
    ACTIONS[action](job_of(process_for(request.actor, key), job_id), actor=request.actor)
    return go(request, "process-fields", key)


def _role(role_id: int | None) -> Role | None:
    """The role that the preview is asked for. Raises NotFound."""
    if role_id is None:
        return None
    role = roles().filter(pk=role_id).first()
    if role is None:
        raise NotFound(_("There is no such role."), role=role_id)
    return role


def _seen_by(actor: Actor, process: Process, role: Role | None) -> Access:
    """What the preview shows the form for: the access of somebody who has this role alone, whatever it says of rights
    to stages and fields."""
    if role is None:
        return access_for(actor, process)
    someone = Actor(kind=ActorKind.PERSON, label=role.name, role_ids=frozenset({role.pk}), language=actor.language)
    return access_for(someone, process)


def _groups() -> list[tuple[Group, list[FieldType]]]:
    """The groups of the chooser with their kinds, the most usual ones first."""
    kinds = sorted(field_types, key=lambda kind: kind.key not in USUAL)
    return [(group, [kind for kind in kinds if kind.group == group]) for group in Group]


def _rows(shown: list[Field], section: Section | None) -> list[tuple[Field, FieldType]]:
    """The fields of a section (None: of none) with their types."""
    section_id = section.pk if section else None
    return [(field, field_types[field.type]) for field in shown if field.section_id == section_id]


ACTIONS: Mapping[str, Callable[..., FieldJob]] = {"cancel": cancel_job, "retry": retry_job}


def _shown_jobs(process: Process) -> dict[str, Any]:
    """What is on its way and what failed last; whether the page has to ask again."""
    ended = (FieldJob.State.DONE, FieldJob.State.CANCELLED)
    jobs = [job for job in jobs_of(process) if job.state not in ended]
    return {
        "jobs": jobs,
        "shown": ",".join(str(job.pk) for job in jobs),
        "stoppable": STOPPABLE,
        "is_at_work": any(job.state != FieldJob.State.FAILED for job in jobs),
    }


def _dialog(
    request: PersonalRequest,
    access: Access,
    process: Process,
    form: FieldForm,
    kind: FieldType,
    settings: Mapping[str, Any],
    field: Field | None = None,
    *,
    stays: bool = False,
) -> HttpResponse:
    """The dialog of a field; `stays`: its settings speak of what one does not read and are left as they are."""
    data = request.POST if form.is_bound else None
    tree = field.visible_if if field else None
    declared = (
        None if stays else declared_form(kind, settings, data=data, context=access, prefix=PREFIX, actor=request.actor)
    )
    known = publishable(access, also=keys_in(tree))
    context = {
        "process": process,
        "form": form,
        "field": field,
        "type": kind,
        "can_convert": field is not None and not is_fixed(kind),
        "settings": declared,
        "stays": stays,
        "builder": builder_of(known, request.actor, given=form["visible_if"].value()),
        "deep_condition": "" if is_shallow(tree) else _("There is a condition."),
        "colors": COLORS,
    }
    return render(request, "processes/settings/_field.html", context, status=422 if form.is_bound else 200)
