"""All processes, and making a new one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import require_admin
from accounts.queries import roles
from core.registry import SettingsForm
from processes.definition_types import Definition
from processes.drafts import DEFAULT_STAGES, FieldDraft, ProcessDraft
from processes.fieldtype import FieldType, field_types
from processes.models import Scope, Stage
from processes.models.pipeline import COLORS
from processes.operations import create_process
from processes.operations.processes import ROBOT_OPERATIONS
from processes.permissions import accesses_for
from processes.queries import archived_processes
from processes.ready import ReadyProcess, gallery
from records.queries.counts import RecordCount, counts_by_process
from web.forms.access import matrix_of
from web.forms.declared import declared_form
from web.forms.draft import draft_from, read_json
from web.icons import ICONS
from web.middleware import PersonalRequest
from web.navigation import process_url
from web.templatetags.numbers import number, reldate


@dataclass(frozen=True, slots=True)
class ProcessCard:
    """A process among the others."""

    definition: Definition
    url: str
    count: RecordCount


@dataclass(frozen=True, slots=True)
class GalleryCard:
    """A ready process with the draft that it would become."""

    ready: ReadyProcess
    draft: ProcessDraft


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field in the designer: the draft, its type and the form of the type's settings."""

    draft: FieldDraft
    type: FieldType
    settings: SettingsForm
    sample: str = "…"
    """An answer to show in the preview."""


@login_required
@require_safe
def processes(request: PersonalRequest) -> HttpResponse:
    """Every process one may see, and for administrators those that were put away."""
    accesses = accesses_for(request.actor)
    counts = counts_by_process(accesses)
    cards = [
        ProcessCard(access.definition, process_url(access.definition), counts.get(access.definition.id, RecordCount()))
        for access in accesses
    ]
    context = {"cards": cards, "archived": archived_processes(request.actor)}
    return render(request, "processes/processes.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_process(request: PersonalRequest) -> HttpResponse:
    """The gallery; with `?from=` the designer, filled from a ready process or empty; POST creates."""
    require_admin(request.actor)
    if request.method == "POST":
        return _create(request)
    chosen = request.GET.get("from")
    if chosen is None:
        cards = [GalleryCard(ready, ready.draft()) for ready in sorted(gallery, key=lambda ready: ready.position)]
        return render(request, "processes/gallery.html", {"cards": cards})
    draft = gallery[chosen].draft() if chosen in gallery else _empty()
    return render(request, "processes/designer.html", designer_context(draft))


def designer_context(draft: ProcessDraft) -> dict[str, Any]:
    """Everything the designer shows."""
    all_roles = list(roles())
    robots: dict[str, int] = {str(operation): int(Scope.ALL) for operation in ROBOT_OPERATIONS}
    places = {stage.key: place for place, stage in enumerate(draft.stages)}
    moves = None if draft.moves is None else [[places[source], places[target]] for source, target in draft.moves]
    return {
        "draft": draft,
        "moves": moves,
        "reasons": "\n".join(draft.reasons),
        "rows": [_row(field) for field in draft.fields],
        "blank": _row(FieldDraft("", "text")),
        "types": [_row(FieldDraft("", kind.key)) for kind in field_types if not kind.is_of_process],
        "kinds": Stage.Kind.choices,
        "colors": COLORS,
        "icons": ICONS,
        "matrix": matrix_of(all_roles, {role.pk: robots for role in all_roles if role.is_built_in}),
    }


def _create(request: PersonalRequest) -> HttpResponse:
    process = create_process(draft_from(read_json(request.body)), actor=request.actor)
    messages.success(request, _("“%(name)s” is ready to work.") % {"name": process.name})
    return JsonResponse({"url": process_url(process)}, status=201)


def _row(field: FieldDraft) -> FieldRow:
    field_type = field_types[field.type]
    return FieldRow(field, field_type, declared_form(field_type, field.settings), _sample(field_type))


def _sample(field_type: FieldType) -> str:
    samples = {
        "text": _("Some words"),
        "number": number(12500),
        "integer": number(3),
        "date": reldate(timezone.localdate() + timedelta(days=12)),
        "datetime": reldate(timezone.localdate() + timedelta(days=12)),
        "boolean": _("Yes"),
        "person": _("Anna Petrova"),
    }
    return samples.get(field_type.kind, "…")


def _empty() -> ProcessDraft:
    """The usual four stages and nothing else."""
    return ProcessDraft(name="", noun="", noun_plural="", stages=DEFAULT_STAGES)
