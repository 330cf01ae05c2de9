"""Making and changing stages."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid
from core.locks import present
from core.problems import Problems
from core.seen import require_as_seen
from core.text import check_key, clean_line, key_from
from events.publish import publish
from processes.definition import fresh_definition
from processes.drafts import StageDraft
from processes.models import Field, Operation, Pipeline, Process, Stage
from processes.models.pipeline import COLORS
from processes.operations.changing import change_lock
from processes.operations.leaving import require_free, take_along
from processes.permissions import access_for
from processes.storage import storage

MOST_STAGES = 50
MOST_LIMIT = 1_000_000
LONGEST_TIME = timedelta(days=3660)
DESCRIBED = ("name", "kind", "color", "hint", "limit", "is_limit_hard", "time_limit")
"""What an administrator may say of a stage, beside which fields are locked there."""


class StageChanges(TypedDict, total=False):
    """What of a stage shall be different."""

    name: str
    kind: str
    color: str
    hint: str
    limit: int | None
    is_limit_hard: bool
    time_limit: timedelta | None
    locked_fields: Sequence[str]


@transaction.atomic
def add_stage(pipeline: Pipeline, draft: StageDraft, *, actor: Actor, after: Stage | None = None) -> Stage:
    """Add a stage at the end, or behind another one. Writes `stage.added`.

    Raises NotAllowed, NotFound (the pipeline has gone meanwhile), Invalid, Conflict.
    """
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        stages = list(pipeline.stages.all())
        if len(stages) >= MOST_STAGES:
            raise Invalid(_("A pipeline has at most %d stages.") % MOST_STAGES)
        place = stages.index(after) + 1 if after in stages else len(stages)
        stage = _checked(pipeline, draft, {stage.key for stage in stages}, position=place)
        stage.save()
        stage.locked_fields.set(fields_of_process(process, draft.locked_fields, "locked_fields"))
        _put_in_order([*stages[:place], stage, *stages[place:]])
    publish("stage.added", actor=actor, process_id=process.pk, data={"key": stage.key, "name": stage.name})
    return stage


@transaction.atomic
def duplicate_stage(stage: Stage, *, actor: Actor) -> Stage:
    """Put a stage like this one behind it, under a name of its own. Writes `stage.added`. Raises as `add_stage`."""
    described = said_of(present(stage))
    described["name"] = (_("%(name)s (copy)") % {"name": stage.name})[:100]
    return add_stage(stage.pipeline, StageDraft(**described), actor=actor, after=stage)


@transaction.atomic
def update_stage(stage: Stage, *, actor: Actor, seen: str = "", **changes: Unpack[StageChanges]) -> Stage:
    """Say anew what a stage is called, means, takes or locks (keys of fields; a removed one comes back locked); what is
    not named stays. `seen` is the mark of what `said_of` told when it was asked. Writes `stage.updated`.

    A stage with records keeps its kind: they would have to be closed or opened. A hard limit may be below what stands
    there already; it then only lets nothing more in. Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    process = stage.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        stage = present(stage, "pipeline__process")
        said = said_of(stage)
        require_as_seen(seen, said)
        before = _described(stage)
        draft = StageDraft(**{**said, **changes})
        checked = _checked(stage.pipeline, draft, set(), position=0)
        if checked.kind != stage.kind and storage().count_in_stage(process, stage.pk):
            raise Conflict(_("There are records in this stage; move them before you change its kind."))
        for key in DESCRIBED:
            setattr(stage, key, getattr(checked, key))
        stage.save(update_fields=DESCRIBED)
        if "locked_fields" in changes:
            removed = stage.locked_fields.exclude(removed_at=None)
            stage.locked_fields.set([*fields_of_process(process, draft.locked_fields, "locked_fields"), *removed])
        _check_kinds(stage.pipeline)
    after = _described(stage)
    told = {key: (old, after[key]) for key, old in before.items() if old != after[key]}
    publish("stage.updated", actor=actor, process_id=process.pk, changes=told, data={"key": stage.key})
    return stage


@transaction.atomic
def remove_stage(stage: Stage, *, actor: Actor, to: Stage | None = None) -> int:
    """Remove a stage; its records go to the stage `to` in the same change. How many went along.

    Writes `stage.removed`, and a quiet `record.moved` for every record. Raises NotAllowed (also where records would
    leave a closed pipeline by somebody who does not manage access), NotFound (it or its target has gone meanwhile),
    Invalid (a target that is none), Conflict (records without a target, or too many of them; something uses it; it is
    the last).
    """
    process = stage.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        stage = present(stage, "pipeline__process")
        to = to and present(to, "pipeline")
        if stage.pipeline.stages.count() == 1:
            raise Conflict(_("A pipeline keeps at least one stage."))
        require_free([stage])
        moved = take_along(process, {stage: to}, actor=actor)
        said = {"key": stage.key, "name": stage.name, "to": to and to.key, "records": moved}
        publish("stage.removed", actor=actor, process_id=process.pk, data=said)
        stage.delete()
        _check_kinds(stage.pipeline)
    return moved


@transaction.atomic
def reorder_stages(pipeline: Pipeline, keys: Sequence[str], *, actor: Actor) -> None:
    """Put the stages in the order of `keys` (all of them, each once). Writes `stage.reordered`.

    Raises NotAllowed, NotFound, Invalid.
    """
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        stages = {stage.key: stage for stage in pipeline.stages.all()}
        if sorted(keys) != sorted(stages):
            raise Invalid(_("Name every stage once."), {"keys": [_("Name every stage once.")]})
        _put_in_order([stages[key] for key in keys])
        _check_kinds(pipeline)
    publish("stage.reordered", actor=actor, process_id=process.pk, data={"keys": list(keys)})


def said_of(stage: Stage) -> dict[str, Any]:
    """What is said of a stage, as `update_stage` takes it. One query, for the locked fields."""
    locked = stage.locked_fields.filter(removed_at=None).order_by("position", "pk").values_list("key", flat=True)
    return {**{key: getattr(stage, key) for key in DESCRIBED}, "locked_fields": tuple(locked)}


def fields_of_process(process: Process, keys: Sequence[str], place: str) -> list[Field]:
    """The fields of these keys that people fill in. Raises Invalid, at the place, for others."""
    if not keys:
        return []
    rows = Field.objects.filter(process=process, removed_at=None, shadow_of=None, key__in=keys)
    definition = fresh_definition(process.pk)
    filled_in = {field.id for field in definition.fields if not field.type.is_computed}
    found = [row for row in rows if row.pk in filled_in]
    if unknown := sorted(set(keys) - {row.key for row in found}):
        raise _wrong(place, _("There is no such field that people fill in: %s.") % ", ".join(unknown))
    return found


def require_stages(process: Process) -> None:
    """Raise Conflict for a process whose records go through no stages."""
    if not process.has_stages:
        raise Conflict(_("This process has no stages."))


def put_stages(pipeline: Pipeline, drafts: Sequence[StageDraft]) -> None:
    """Check drafts and write their rows; for use inside a change lock. Error places are `stages.<n>.<name>`."""
    if len(drafts) > MOST_STAGES:
        raise Invalid(_("A pipeline has at most %d stages.") % MOST_STAGES)
    stages: list[Stage] = []
    locked: list[list[Field]] = []
    problems = Problems()
    for position, draft in enumerate(drafts):
        with problems.at(f"stages.{position}"):
            stages.append(_checked(pipeline, draft, {stage.key for stage in stages}, position=position))
        with problems.at(f"stages.{position}"):
            locked.append(fields_of_process(pipeline.process, draft.locked_fields, "locked_fields"))
    problems.raise_any()
    for stage, fields in zip(Stage.objects.bulk_create(stages), locked, strict=True):
        if fields:
            stage.locked_fields.set(fields)
    _check_kinds(pipeline)


def _put_in_order(stages: Sequence[Stage]) -> None:
    for position, stage in enumerate(stages):
        stage.position = position
    Stage.objects.bulk_update(stages, ["position"])


def _described(stage: Stage) -> dict[str, Any]:
    """What is said of a stage, as an event tells it."""
    said = said_of(stage)
    seconds = stage.time_limit and int(stage.time_limit.total_seconds())
    return {**said, "time_limit": seconds, "locked_fields": list(said["locked_fields"])}


def _checked(pipeline: Pipeline, draft: StageDraft, taken: set[str], *, position: int) -> Stage:
    name = clean_line(str(draft.name), field="name", limit=100)
    if draft.kind not in Stage.Kind.values:
        raise _wrong("kind", _("There is no such kind of stage."))
    color = draft.color or COLORS[position % len(COLORS)]
    if color not in COLORS:
        raise _wrong("color", _("There is no such colour."))
    _check_limits(draft)
    return Stage(
        pipeline=pipeline,
        key=check_key(draft.key, taken=taken) if draft.key else key_from(name, taken=taken, fallback="stage"),
        name=name,
        kind=draft.kind,
        color=color,
        hint=clean_line(draft.hint, field="hint", limit=255, required=False),
        limit=draft.limit,
        is_limit_hard=draft.is_limit_hard,
        time_limit=draft.time_limit,
        position=position,
    )


def _check_limits(draft: StageDraft) -> None:
    if draft.limit is not None and not 0 < draft.limit <= MOST_LIMIT:
        raise _wrong("limit", _("A number from 1 to %d is expected.") % MOST_LIMIT)
    if draft.is_limit_hard and draft.limit is None:
        raise _wrong("is_limit_hard", _("Say how many records may stand here."))
    if draft.time_limit is None:
        return
    if draft.kind != Stage.Kind.OPEN:
        raise _wrong("time_limit", _("Only an open stage has a time limit."))
    if not timedelta() < draft.time_limit <= LONGEST_TIME:
        raise _wrong("time_limit", _("Between a minute and ten years is expected."))


def _check_kinds(pipeline: Pipeline) -> None:
    """A pipeline begins with an open stage; raises Invalid otherwise."""
    first = pipeline.stages.first()
    if first is None or not first.is_open:
        raise Invalid(_("A pipeline begins with an open stage."), {"stages": [_("The first stage must be open.")]})


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, {field: [message]})
