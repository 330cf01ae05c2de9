"""Writing the values that come from linked records, and what is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from core.actor import SYSTEM, Actor
from events.models import Event
from events.publish import event_by, publish_many
from processes.definition import definition_at
from processes.definition_types import Definition
from processes.operations.changing import lock_for_writing
from processes.relations import readings_of
from records.jobs.fillers import put_linked, save_columns
from records.operations.computed import compute
from records.operations.searching import is_searched, write_words
from records.operations.writing import snapshot
from records.typed import TypedRecord, model_for


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to a recalculation: the first event of the chain, how far away it is, whether it set off anything."""

    root_id: int | None
    depth: int
    is_quiet: bool

    @property
    def actor(self) -> Actor:
        """The product, on behalf of the cause."""
        return replace(SYSTEM, root_id=self.root_id, depth=self.depth, quiet=self.is_quiet)


@transaction.atomic
def renew_records(process_id: int, ids: Sequence[int], cause: Cause) -> int:
    """Compute the values of records that come from linked ones anew, and the formulas over them; how many changed.

    Writes `record.updated` for each of those, also for one in the bin. The number of statements does not depend on
    the number of records.
    """
    version, now = lock_for_writing(process_id)
    if version is None:
        return 0
    definition = definition_at(process_id, version)
    readings = readings_of(definition)
    rows = list(model_for(definition).objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)))
    if not readings or not rows:
        return 0
    before = {row.pk: snapshot(row) for row in rows}
    touched = put_linked(readings, rows)
    for row in rows:
        touched.update(compute(definition, row))
    changed = [row for row in rows if snapshot(row) != before[row.pk]]
    if not changed:
        return 0
    for row in changed:
        row.version += 1
        row.updated_at = now
    save_columns(changed, [*sorted(touched), "version", "updated_at"])
    events = [_updated(definition, row, before[row.pk], cause.actor) for row in changed]
    if is_searched(definition, {key for event in events for key in event.changes}):
        write_words(definition, changed)
    publish_many(events)
    return len(changed)


def _updated(definition: Definition, row: TypedRecord, before: dict[str, Any], actor: Actor) -> Event:
    after = snapshot(row)
    return event_by(
        actor,
        "record.updated",
        process_id=definition.id,
        record_id=row.pk,
        record_version=row.version,
        changes={key: (old, after[key]) for key, old in before.items() if old != after[key]},
        data={"snapshot": after, "department": row.department_id},
    )
