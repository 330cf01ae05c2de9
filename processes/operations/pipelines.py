"""Making and changing stages and the moves between them."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid
from core.problems import Problems
from core.text import check_key, clean_line, key_from
from events.publish import publish
from processes.drafts import StageDraft
from processes.models import Operation, Pipeline, Stage, Transition
from processes.models.pipeline import COLORS
from processes.operations.changing import change_lock
from processes.permissions import access_for
from processes.storage import storage
from processes.uses import stage_uses

MOST_STAGES = 50


@transaction.atomic
def add_stage(pipeline: Pipeline, draft: StageDraft, *, actor: Actor) -> Stage:
    """Add a stage at the end. Writes `stage.added`. Raises NotAllowed, Invalid."""
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        stages = list(pipeline.stages.all())
        if len(stages) >= MOST_STAGES:
            raise Invalid(_("A pipeline has at most %d stages.") % MOST_STAGES)
        stage = _checked(pipeline, draft, {stage.key for stage in stages}, position=len(stages))
        stage.save()
    publish("stage.added", actor=actor, process_id=process.pk, data={"key": stage.key, "name": stage.name})
    return stage


@transaction.atomic
def update_stage(stage: Stage, *, actor: Actor, name: str, kind: str, color: str, hint: str = "") -> Stage:
    """Change a stage's name, kind, colour and hint. Writes `stage.updated`.

    A stage with records keeps its kind: they would have to be closed or opened. Raises NotAllowed, Invalid, Conflict.
    """
    process = stage.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        before = {key: getattr(stage, key) for key in ("name", "kind", "color", "hint")}
        checked = _checked(stage.pipeline, StageDraft(name, kind, color, "", hint), set(), position=0)
        if checked.kind != stage.kind and storage().count_in_stage(process, stage.pk):
            raise Conflict(_("There are records in this stage; move them before you change its kind."))
        stage.name, stage.kind, stage.color, stage.hint = (
            checked.name,
            checked.kind,
            checked.color,
            checked.hint,
        )
        stage.save(update_fields=["name", "kind", "color", "hint"])
        _check_kinds(stage.pipeline)
    changes = {key: (old, getattr(stage, key)) for key, old in before.items() if old != getattr(stage, key)}
    publish("stage.updated", actor=actor, process_id=process.pk, changes=changes, data={"key": stage.key})
    return stage


@transaction.atomic
def remove_stage(stage: Stage, *, actor: Actor) -> None:
    """Remove an empty stage. Writes `stage.removed`.

    Raises NotAllowed, Conflict (records stand in it, something uses it, or it is the last).
    """
    process = stage.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        count = storage().count_in_stage(process, stage.pk)
        if count:
            raise Conflict(_("There are records in this stage; move them first."), count=count)
        users = [name for use in stage_uses for name in use.names(stage.pk)]
        if users:
            raise Conflict(
                _("This stage is used by: %s. Remove or change that first.") % ", ".join(users[:10]), uses=users
            )
        if stage.pipeline.stages.count() == 1:
            raise Conflict(_("A pipeline keeps at least one stage."))
        publish("stage.removed", actor=actor, process_id=process.pk, data={"key": stage.key, "name": stage.name})
        stage.delete()
        _check_kinds(stage.pipeline)


@transaction.atomic
def reorder_stages(pipeline: Pipeline, keys: Sequence[str], *, actor: Actor) -> None:
    """Put the stages in the order of `keys` (all of them, each once). Writes `stage.reordered`. Raises Invalid."""
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        stages = {stage.key: stage for stage in pipeline.stages.all()}
        if sorted(keys) != sorted(stages):
            raise Invalid(_("Name every stage once."), {"keys": [_("Name every stage once.")]})
        for position, key in enumerate(keys):
            stages[key].position = position
        Stage.objects.bulk_update(stages.values(), ["position"])
        _check_kinds(pipeline)
    publish("stage.reordered", actor=actor, process_id=process.pk, data={"keys": list(keys)})


@transaction.atomic
def set_moves(pipeline: Pipeline, pairs: Sequence[tuple[str, str]] | None, *, actor: Actor) -> None:
    """Allow only the moves (source key, target key), or any when `pairs` is None. Writes `transition.set`."""
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        put_moves(pipeline, pairs)
    publish(
        "transition.set",
        actor=actor,
        process_id=process.pk,
        data={"moves": pairs and [list(pair) for pair in pairs]},
    )


def put_stages(pipeline: Pipeline, drafts: Sequence[StageDraft]) -> None:
    """Check drafts and write their rows; for use inside a change lock. Error places are `stages.<n>.<name>`."""
    if len(drafts) > MOST_STAGES:
        raise Invalid(_("A pipeline has at most %d stages.") % MOST_STAGES)
    stages: list[Stage] = []
    problems = Problems()
    for position, draft in enumerate(drafts):
        with problems.at(f"stages.{position}"):
            stages.append(_checked(pipeline, draft, {stage.key for stage in stages}, position=position))
    problems.raise_any()
    Stage.objects.bulk_create(stages)
    _check_kinds(pipeline)


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


def _checked(pipeline: Pipeline, draft: StageDraft, taken: set[str], *, position: int) -> Stage:
    name = clean_line(str(draft.name), field="name", limit=100)
    if draft.kind not in Stage.Kind.values:
        raise Invalid(_("There is no such kind of stage."), {"kind": [_("There is no such kind of stage.")]})
    color = draft.color or COLORS[position % len(COLORS)]
    if color not in COLORS:
        raise Invalid(_("There is no such colour."), {"color": [_("There is no such colour.")]})
    return Stage(
        pipeline=pipeline,
        key=check_key(draft.key, taken=taken) if draft.key else key_from(name, taken=taken, fallback="stage"),
        name=name,
        kind=draft.kind,
        color=color,
        hint=clean_line(draft.hint, field="hint", limit=255, required=False),
        position=position,
    )


def _check_kinds(pipeline: Pipeline) -> None:
    """A pipeline begins with an open stage; raises Invalid otherwise."""
    first = pipeline.stages.first()
    if first is None or not first.is_open:
        raise Invalid(_("A pipeline begins with an open stage."), {"stages": [_("The first stage must be open.")]})
