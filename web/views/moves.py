"""The moves of a pipeline: which there are, what each asks for, and why records may fail."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.queries import roles
from automation.queries.automatic import automatic_moves
from core.actor import Actor
from core.errors import Conflict, Invalid, NotFound
from core.seen import mark_of
from expressions.conditions import parse_condition
from processes.dead_ends import dead_ends
from processes.definition import definition_of
from processes.definition_types import Definition, GateDef, PipelineDef, StageDef
from processes.models import Gate, Pipeline, Process, Stage
from processes.operations import remove_gate, set_gate, set_lost_reasons, set_moves
from processes.operations.stages import require_stages
from processes.permissions import access_for
from processes.publishing import publishable
from processes.queries import pipeline_of, process_for
from processes.schema import keys_in, schema_of
from processes.seen import gate_on, moves_of
from records.queries.names import names_in_words
from web.forms.conditions import builder_of, is_shallow
from web.forms.gate_settings import GateSettingsForm, ReasonsForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import go
from web.stage_map import stage_map
from web.views.designer import page


@dataclass(frozen=True, slots=True)
class Cell:
    """One way in the matrix."""

    target: StageDef
    is_allowed: bool
    gate: GateDef | None


@dataclass(frozen=True, slots=True)
class Line:
    """The ways out of one stage, or from anywhere (None)."""

    source: StageDef | None
    cells: tuple[Cell, ...]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def moves(request: PersonalRequest, key: str) -> HttpResponse:
    """From where to where records may go, as a drawing and as a matrix."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    if request.method != "POST":
        return _page(request, process, pipeline)
    try:
        set_moves(pipeline, _pairs(request), actor=request.actor, seen=request.POST.get("seen", ""))
    except Conflict as error:
        return _page(request, process, pipeline, refusal=error)
    messages.success(request, _("Saved."))
    return redirect(request.get_full_path())


@login_required
@require_POST
def reasons(request: PersonalRequest, key: str) -> HttpResponse:
    """Why records may fail."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    form = ReasonsForm(_present(process, pipeline)[1], request.POST)
    if form.is_valid():
        said = {key: form.cleaned_data[key] for key in ("is_required", "seen")}
        done = attempt(form, lambda: set_lost_reasons(pipeline, form.drafts(), **said, actor=request.actor))
        if done is not None:
            messages.success(request, _("Saved."))
            return go(request, _url(request, "process-moves", key))
    return _page(request, process, pipeline, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gate(request: PersonalRequest, key: str) -> HttpResponse:
    """What the way from `source` (absent: from anywhere) to `target` asks for; ids of stages."""
    process = process_for(request.actor, key)
    pipeline = _pipeline(request, process)
    definition, present = _present(process, pipeline)
    source, target = _way(request, present)
    own = gate_on(present, source.id if source else None, target.id)
    form = GateSettingsForm(definition, roles(), own, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        rows = {row.pk: row for row in Stage.objects.select_related("pipeline__process").filter(pipeline=pipeline)}
        start = rows[source.id] if source else None
        seen = form.cleaned_data["seen"]
        done = attempt(
            form, lambda: set_gate(rows[target.id], form.draft(), source=start, seen=seen, actor=request.actor)
        )
        if done is not None:
            return go(request, _url(request, "process-moves", key))
    known = publishable(access_for(request.actor, definition), also=keys_in(own.condition if own else None))
    context = {
        "process": definition,
        "form": form,
        "source": source,
        "target": target,
        "gate": own,
        "builder": builder_of(known, request.actor, schema=schema_of(known), given=form["condition"].value()),
        "deep_condition": _deep(definition, own, request.actor),
        "pipeline": present,
    }
    return render(request, "processes/settings/_gate.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def remove(request: PersonalRequest, key: str, gate_id: int) -> HttpResponse:
    """Open a way."""
    process = process_for(request.actor, key)
    rows = Gate.objects.select_related("source", "target__pipeline__process")
    found = rows.filter(target__pipeline__process=process, pk=gate_id).first()
    if found is None:
        raise NotFound(_("There is no such gate."), gate=gate_id)
    remove_gate(found, actor=request.actor)
    return go(request, _url(request, "process-moves", key))


def _page(
    request: PersonalRequest,
    process: Process,
    pipeline: Pipeline,
    form: ReasonsForm | None = None,
    *,
    refusal: Conflict | None = None,
) -> HttpResponse:
    definition, present = _present(process, pipeline)
    context = {
        "pipelines": definition.pipelines,
        "pipeline": present,
        "seen": mark_of(moves_of(present)),
        "refusal": refusal,
        "lines": _lines(present),
        "map": stage_map(present, automatic_moves(present)),
        "warnings": dead_ends(definition, present),
        "reasons_form": form or ReasonsForm(present),
        "has_failure": any(stage.kind == Stage.Kind.LOST for stage in present.stages),
        "retired": [reason for reason in present.reasons if reason.is_retired],
    }
    status = 409 if refusal else 422 if form is not None else 200
    return page(request, process, "moves", context, status=status)


def _lines(pipeline: PipelineDef) -> list[Line]:
    sources: tuple[StageDef | None, ...] = (None, *pipeline.stages)
    return [Line(source, tuple(_cell(pipeline, source, target) for target in pipeline.stages)) for source in sources]


def _cell(pipeline: PipelineDef, source: StageDef | None, target: StageDef) -> Cell:
    is_allowed = source is not None and target.id in pipeline.targets[source.id]
    return Cell(target, is_allowed, gate_on(pipeline, source.id if source else None, target.id))


def _present(process: Process, pipeline: Pipeline) -> tuple[Definition, PipelineDef]:
    definition = definition_of(process)
    return definition, definition.pipeline(pipeline.key)


def _pipeline(request: PersonalRequest, process: Process) -> Pipeline:
    require_stages(process)
    return pipeline_of(process, request.GET.get("pipeline", ""))


def _way(request: PersonalRequest, pipeline: PipelineDef) -> tuple[StageDef | None, StageDef]:
    """The two ends of the way in the address. Raises NotFound."""
    stages = {str(stage.id): stage for stage in pipeline.stages}
    source, target = request.GET.get("source", ""), request.GET.get("target", "")
    if target not in stages or (source and source not in stages) or source == target:
        raise NotFound(_("There is no such move."))
    return stages[source] if source else None, stages[target]


def _deep(definition: Definition, gate: GateDef | None, actor: Actor) -> str:
    """A condition in words where the builder cannot show it."""
    if gate is None or is_shallow(gate.condition):
        return ""
    return parse_condition(gate.condition, schema_of(definition)).describe(names_in_words(actor))


def _url(request: PersonalRequest, name: str, key: str) -> str:
    """The page of the moves, with the pipeline of this address."""
    pipeline = request.GET.get("pipeline", "")
    query = QueryDict(mutable=True)
    query.update({"pipeline": pipeline} if pipeline else {})
    return reverse(name, args=[key]) + (f"?{query.urlencode()}" if pipeline else "")


def _pairs(request: PersonalRequest) -> list[tuple[str, str]] | None:
    """Ticked boxes are `source>target`, by key; None for any move. Raises Invalid where neither is said."""
    moves = request.POST.get("moves")
    if moves not in Pipeline.Moves.values:
        raise Invalid(_("Say which moves are allowed."))
    if moves == Pipeline.Moves.ANY:
        return None
    pairs = [value.partition(">") for value in request.POST.getlist("pair")]
    return [(source, target) for source, _sign, target in pairs]
