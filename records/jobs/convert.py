"""Values of a field on their way to another type: the new column, a batch after the other, the change of places."""

from collections.abc import Sequence

from django.db import transaction

from core.actor import SYSTEM
from events.publish import publish
from processes.definition import definition_at
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import WrongValue
from processes.models import Field, FieldJob
from processes.operations.changing import change_lock, lock_for_writing
from processes.operations.jobs import drop_new_form
from processes.storage import storage
from records.conversion import Conversion, settled
from records.jobs.fillers import save_columns
from records.jobs.held import end, held_job, note
from records.jobs.pace import paced
from records.models import Record
from records.operations.conversion import new_form, take_over
from records.operations.holding import hold_links
from records.typed import TypedRecord, model_for

BATCH = 500
"""Records of one transaction at most; `paced` takes as many as a moment allows."""


def convert_values(job: FieldJob) -> bool:
    """One step: the column, a batch of records in the order of their numbers, or the change of places. Raises Busy."""
    with paced(job, most=BATCH) as size, transaction.atomic():
        held = held_job(job)
        if held is None:
            return False
        shadow = new_form(held.field)
        if shadow is None or held.field.removed_at is not None:
            _give_up(held)
            return False
        if shadow.state == Field.State.ADDING:
            _add_column(shadow)
            return True
        if _convert_batch(held, size):
            return True
    _finish(job)
    return False


def _add_column(shadow: Field) -> None:
    """From here on every write of the field goes into both columns."""
    with change_lock(shadow.process, tries=1):
        storage().add_field(shadow.process, shadow)
        shadow.begin_filling()
        shadow.save(update_fields=["state"])


def _convert_batch(job: FieldJob, size: int) -> bool:
    """Convert the next records; whether there may be more. Nobody is told: a definition changed, not a record."""
    version, _now = lock_for_writing(job.field.process_id)
    definition = definition_at(job.field.process_id, version or 0)
    field = definition.field_by_id[job.field_id]
    assert field.shadow is not None
    if job.total == 0:
        job.total = Record.objects.filter(process_id=definition.id).count()
    rows = _next_rows(definition, field, field.shadow, after=job.position, size=size)
    if not rows:
        return False
    job.problems += _convert(rows, field, field.shadow)
    job.save(update_fields=["problems"])
    note(job, done=len(rows), position=rows[-1].pk)
    return len(rows) == size


def _next_rows(
    definition: Definition, field: FieldDef, shadow: FieldDef, *, after: int, size: int
) -> list[TypedRecord]:
    later = model_for(definition).objects.filter(pk__gt=after).order_by("pk")
    return list(later.only(*field.attributes, *shadow.attributes).select_for_update(of=("self",))[:size])


def _convert(rows: Sequence[TypedRecord], field: FieldDef, shadow: FieldDef) -> int:
    """Write what locked rows lack; how many values do not convert."""
    waiting = [row for row in rows if row.value(field) is not None and row.value(shadow) is None]
    conversion, changed, problems = Conversion(field, shadow), [], 0
    with settled():
        conversion.prepare(row.value(field) for row in waiting)
        for row in waiting:
            try:
                parts = shadow.stored(conversion.convert(row.value(field)))
            except WrongValue:
                problems += 1
                continue
            for name, part in parts.items():
                setattr(row, name, part)
            changed.append(row)
    if changed:
        save_columns(changed, shadow.attributes)
        hold_links(changed, [shadow])
    return problems


@transaction.atomic
def _finish(job: FieldJob) -> None:
    """Every record has its value: the new form takes the place of the old one. Raises Busy."""
    held = held_job(job)
    if held is None:
        return
    process, before = held.field.process, held.field
    with change_lock(process, tries=1):
        shadow = new_form(before)
        if shadow is None or before.removed_at is not None:
            _give_up(held)
            return
        take_over(process, before, shadow, user_id=held.user_id)
    end(held)
    data = {"key": before.key, "from": before.type, "to": shadow.type, "job": held.pk, "problems": held.problems}
    publish("field.converted", actor=SYSTEM, process_id=process.pk, data=data)


def _give_up(held: FieldJob) -> None:
    """The field was removed meanwhile: it keeps its type."""
    with change_lock(held.field.process, tries=1):
        drop_new_form(held.field, user_id=held.user_id)
        end(held)
