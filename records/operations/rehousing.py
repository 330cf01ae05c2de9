"""Moving all records out of stages that go: quietly, past gates and maps, because an administrator says so."""

from collections.abc import Mapping, Sequence

from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from core.actor import Actor
from events.publish import event_by, publish_many
from processes.definition_types import Definition, StageDef
from records.models import Record, StageVisit
from records.operations.computed import compute
from records.operations.places import StageFull
from records.operations.writing import snapshot
from records.typed import TypedRecord, model_for


def rehouse(definition: Definition, places: Mapping[int, int], *, actor: Actor) -> int:
    """Move every record of the stages (ids) to the stages that follow them, the bin included; how many.

    For use inside the change lock, which keeps other writers out. Rights, gates, required fields and the map of moves
    are not asked; a hard limit is. Writes a quiet `record.moved` for each. Raises StageFull.
    """
    if not places:
        return 0
    model = model_for(definition)
    _require_room(definition, model, places)
    rows = list(model.objects.filter(stage_id__in=places).order_by("pk"))
    visits = {row.pk: StageVisit(record_id=row.pk, process_id=definition.id) for row in rows}
    sources = {row.pk: row.stage for row in rows}
    for row in rows:
        target = definition.stage_by_id[places[row.stage_id]]
        _settle(definition, row, target, actor)
        visits[row.pk].stage_id = target.id
    StageVisit.objects.filter(record__in=sources, left_at=None).update(left_at=Now())
    StageVisit.objects.bulk_create(visits.values())
    _tell(definition, rows, sources, visits, actor)
    return len(rows)


def _require_room(definition: Definition, model: type[TypedRecord], places: Mapping[int, int]) -> None:
    live = model.objects.filter(deleted_at=None, stage_id__in={*places, *places.values()})
    counts = dict(live.order_by().values_list("stage_id").annotate(Count("pk")))
    for target_id in set(places.values()):
        target = definition.stage_by_id[target_id]
        coming = sum(counts.get(source, 0) for source, to in places.items() if to == target_id)
        if target.is_limit_hard and target.limit is not None and counts.get(target_id, 0) + coming > target.limit:
            raise StageFull.of(target)


def _settle(definition: Definition, row: TypedRecord, target: StageDef, actor: Actor) -> None:
    row.settle_in(target)
    row.version += 1
    row.editor_id = actor.user_id
    row.updated_at = row.stage_changed_at = timezone.now()
    row.closed_at = None if target.is_open else row.closed_at or row.updated_at
    computed = compute(definition, row)
    moved = ("pipeline_id", "stage_id", "version", "editor_id", "updated_at", "stage_changed_at", "closed_at")
    row.save(update_fields=[*moved, *computed])
    Record.objects.filter(pk=row.pk).update(pipeline_id=target.pipeline_id, stage_id=target.id, is_open=target.is_open)


def _tell(
    definition: Definition,
    rows: Sequence[TypedRecord],
    sources: Mapping[int, StageDef],
    visits: Mapping[int, StageVisit],
    actor: Actor,
) -> None:
    quiet = actor.quieted()
    events = []
    for row in rows:
        source, target = sources[row.pk], row.stage
        said = {
            "stage": target.id,
            "from": source.id,
            "visit": visits[row.pk].pk,
        }
        events.append(
            event_by(
                quiet,
                "record.moved",
                process_id=definition.id,
                record_id=row.pk,
                record_version=row.version,
                changes=moved_between(source, target),
                data={"snapshot": snapshot(row), "department": row.department_id, **said},
            )
        )
    publish_many(events)


def moved_between(source: StageDef, target: StageDef) -> dict[str, tuple[int, int]]:
    """What a move changed, as its event tells it: the stage, and the pipeline where it is another one."""
    changes = {"stage": (source.id, target.id)}
    if source.pipeline_id != target.pipeline_id:
        changes["pipeline"] = (source.pipeline_id, target.pipeline_id)
    return changes
