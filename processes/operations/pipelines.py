"""Making and changing pipelines and the moves between their stages."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid
from core.locks import present
from core.seen import require_as_seen
from core.text import check_key, clean_line, key_from
from events.publish import publish
from processes.definition import fresh_definition
from processes.drafts import DEFAULT_STAGES, StageDraft
from processes.models import Gate, LostReason, Operation, Pipeline, Process, Stage, Transition
from processes.operations.changing import change_lock
from processes.operations.leaving import require_free, take_along
from processes.operations.stages import DESCRIBED, put_stages, require_stages
from processes.permissions import access_for
from processes.seen import moves_of

MOST_PIPELINES = 20


@transaction.atomic
def add_pipeline(
    process: Process,
    *,
    actor: Actor,
    name: str,
    key: str = "",
    stages: Sequence[StageDraft] = (),
    like: Pipeline | None = None,
    is_open: bool = False,
) -> Pipeline:
    """Add a pipeline at the end: with these stages, with all that another one is made of, or with four ordinary ones.

    It is closed to everybody but administrators and the process's author until access is set, unless `is_open` lets in
    whoever works in the process, which is for those who manage access too. Writes `pipeline.added`. Raises NotAllowed,
    NotFound (`like` has gone), Invalid, Conflict.
    """
    access = access_for(actor, process)
    access.require(Operation.DESIGN)
    if is_open:
        access.require(Operation.MANAGE_ACCESS)
    require_stages(process)
    with change_lock(process):
        others = list(process.pipelines.all())
        if len(others) >= MOST_PIPELINES:
            raise Invalid(_("A process has at most %d pipelines.") % MOST_PIPELINES)
        pipeline = Pipeline(process=process, position=len(others), is_open=is_open)
        taken = {row.key for row in others}
        pipeline.name = clean_line(name, field="name", limit=100)
        pipeline.key = check_key(key, taken=taken) if key else key_from(pipeline.name, taken=taken, fallback="pipeline")
        pipeline.save()
        if like is None:
            put_stages(pipeline, stages or DEFAULT_STAGES)
        else:
            _copy(present(like), pipeline)
    said = {"key": pipeline.key, "name": pipeline.name, "like": like and like.key, "is_open": is_open}
    publish("pipeline.added", actor=actor, process_id=process.pk, data=said)
    return pipeline


@transaction.atomic
def update_pipeline(pipeline: Pipeline, *, actor: Actor, name: str, is_open: bool | None = None) -> Pipeline:
    """Give a pipeline another name; its key stays, robots and programs speak by it. Open or close it to what roles may
    do in the process, which is for those who manage access too (None: as it was). Writes `pipeline.updated`.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    process = pipeline.process
    access = access_for(actor, process)
    access.require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        before = {"name": pipeline.name, "is_open": pipeline.is_open}
        pipeline.name = clean_line(name, field="name", limit=100)
        if is_open is not None and is_open != pipeline.is_open:
            access.require(Operation.MANAGE_ACCESS)
            pipeline.is_open = is_open
        pipeline.save(update_fields=["name", "is_open"])
    changes = {key: (value, getattr(pipeline, key)) for key, value in before.items() if value != getattr(pipeline, key)}
    publish("pipeline.updated", actor=actor, process_id=process.pk, changes=changes, data={"key": pipeline.key})
    return pipeline


@transaction.atomic
def reorder_pipelines(process: Process, keys: Sequence[str], *, actor: Actor) -> None:
    """Put the pipelines in the order of `keys` (each once); new records begin in the first one.

    Writes `pipeline.reordered`. Raises NotAllowed, Invalid.
    """
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipelines = {pipeline.key: pipeline for pipeline in process.pipelines.all()}
        if sorted(keys) != sorted(pipelines):
            raise Invalid(_("Name every pipeline once."), {"keys": [_("Name every pipeline once.")]})
        for position, key in enumerate(keys):
            pipelines[key].position = position
        Pipeline.objects.bulk_update(pipelines.values(), ["position"])
    publish("pipeline.reordered", actor=actor, process_id=process.pk, data={"keys": list(keys)})


@transaction.atomic
def remove_pipeline(pipeline: Pipeline, *, actor: Actor, places: Mapping[int, Stage] | None = None) -> int:
    """Remove a pipeline; the records of its stages go to the stages of others that `places` names by stage id.

    Writes `pipeline.removed`, and a quiet `record.moved` for every record. Raises NotAllowed (also where records would
    leave a closed pipeline by somebody who does not manage access), NotFound (it or a target has gone meanwhile),
    Invalid, Conflict (records of a stage without a target, or too many of them; something uses a
    stage; it is the last pipeline).
    """
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        targets = {pk: present(to, "pipeline") for pk, to in (places or {}).items()}
        if process.pipelines.count() == 1:
            raise Conflict(_("A process keeps at least one pipeline."))
        stages = list(pipeline.stages.all())
        require_free(stages)
        moved = take_along(process, {stage: targets.get(stage.pk) for stage in stages}, actor=actor)
        said = {"key": pipeline.key, "name": pipeline.name, "records": moved}
        publish("pipeline.removed", actor=actor, process_id=process.pk, data=said)
        pipeline.delete()
    return moved


@transaction.atomic
def set_moves(pipeline: Pipeline, pairs: Sequence[tuple[str, str]] | None, *, actor: Actor, seen: str = "") -> None:
    """Allow only the moves (source key, target key), or any when `pairs` is None; replaces what was said. `seen` is the
    mark of what a page showed. Writes `transition.set`. Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        if seen:
            require_as_seen(seen, moves_of(fresh_definition(process.pk).pipeline_by_id[pipeline.pk]))
        put_moves(pipeline, pairs)
    publish(
        "transition.set",
        actor=actor,
        process_id=process.pk,
        data={"moves": pairs and [list(pair) for pair in pairs]},
    )


def put_moves(pipeline: Pipeline, pairs: Sequence[tuple[str, str]] | None) -> None:
    """Write which moves are allowed; for use inside a change lock. Raises Invalid for an unknown stage."""
    stages = {stage.key: stage for stage in pipeline.stages.all()}
    Transition.objects.filter(source__pipeline=pipeline).delete()
    for source, target in pairs or ():
        if source not in stages or target not in stages or source == target:
            raise Invalid(
                _("A move goes from one stage to another."),
                {
                    "moves": [
                        _("There is no move from “%(source)s” to “%(target)s”.") % {"source": source, "target": target}
                    ]
                },
            )
    Transition.objects.bulk_create(
        Transition(source=stages[source], target=stages[target]) for source, target in dict.fromkeys(pairs or ())
    )
    pipeline.moves = Pipeline.Moves.ANY if pairs is None else Pipeline.Moves.LISTED
    pipeline.save(update_fields=["moves"])


def _copy(like: Pipeline, pipeline: Pipeline) -> None:
    """Stages, moves, gates and reasons as another pipeline has them; automation and access stay where they are."""
    described = (*DESCRIBED, "key", "position")
    rows = list(like.stages.prefetch_related("locked_fields"))
    copies = [Stage(pipeline=pipeline, **{key: getattr(row, key) for key in described}) for row in rows]
    new = {row.pk: copy for row, copy in zip(rows, Stage.objects.bulk_create(copies), strict=True)}
    for row in rows:
        new[row.pk].locked_fields.set(row.locked_fields.all())
    moves = Transition.objects.filter(source__pipeline=like)
    Transition.objects.bulk_create(
        Transition(source=new[move.source_id], target=new[move.target_id])
        for move in moves
        if move.source_id in new and move.target_id in new
    )
    pipeline.moves, pipeline.is_reason_required = like.moves, like.is_reason_required
    pipeline.save(update_fields=["moves", "is_reason_required"])
    reasons = like.lost_reasons.filter(is_retired=False)
    LostReason.objects.bulk_create(
        LostReason(pipeline=pipeline, name=reason.name, position=reason.position) for reason in reasons
    )
    for gate in Gate.objects.filter(target__pipeline=like).prefetch_related("fields", "roles"):
        _copy_gate(gate, new)


def _copy_gate(gate: Gate, new: Mapping[int, Stage]) -> None:
    copy = Gate.objects.create(
        target=new[gate.target_id],
        source=None if gate.source_id is None else new[gate.source_id],
        condition=gate.condition,
        refusal=gate.refusal,
        checklist=gate.checklist,
        is_comment_required=gate.is_comment_required,
    )
    copy.fields.set(gate.fields.all())
    copy.roles.set(gate.roles.all())
