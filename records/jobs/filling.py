"""Values that records get because a field was added or is made of something else now."""

from django.db import transaction

from processes.definition import definition_at, definition_of, field_def
from processes.fieldtype import field_types
from processes.formulas import formulas_of
from processes.models import Field, FieldJob
from processes.operations.changing import change_lock, lock_for_writing
from processes.operations.fields import begin_job
from processes.relations import readers_of
from records.jobs.fillers import FILLERS, OF_REMOVED
from records.jobs.held import end, held_job, note
from records.jobs.pace import paced
from records.models import Record
from records.typed import model_for

BATCH = 500
"""Records of one transaction at most; `paced` takes as many as a moment allows."""


def fill_records(job: FieldJob) -> bool:
    """One batch of records in the order of their numbers; whether there may be more."""
    with paced(job, most=BATCH) as size, transaction.atomic():
        held = held_job(job)
        if held is None:
            return False
        version, _now = lock_for_writing(held.field.process_id)
        definition = definition_at(held.field.process_id, version or 0)
        field = definition.field_by_id.get(held.field_id) or field_def(held.field)
        is_there = field.id in definition.field_by_id
        fillers = [filler for filler in (FILLERS if is_there else OF_REMOVED) if filler.wants(field)]
        if fillers:
            if held.total == 0:
                held.total = Record.objects.filter(process_id=definition.id).count()
            later = model_for(definition).objects.filter(pk__gt=held.position).order_by("pk")
            rows = list(later.select_for_update(of=("self",))[:size])
            for filler in fillers:
                filler.fill(definition, field, rows)
            if rows:
                note(held, done=len(rows), position=rows[-1].pk)
            if len(rows) == size:
                return True
    _finish(job)
    return False


@transaction.atomic
def _finish(job: FieldJob) -> None:
    """Every record has its value. Raises Busy."""
    held = held_job(job)
    if held is None:
        return
    field = held.field
    if field_types[field.type].is_computed:
        for reader in readers_of(_computed_from(field)):
            begin_job(reader, FieldJob.Kind.FILL, user_id=held.user_id)
    if field.state == Field.State.FILLING:
        with change_lock(field.process, tries=1):
            field.make_ready()
            field.save(update_fields=["state"])
    end(held)


def _computed_from(field: Field) -> list[int]:
    """The field and the formulas of its process: nobody was told that records have other values now."""
    formulas = formulas_of(definition_of(field.process_id))
    return [field.pk, *(other.id for other, _formula in formulas)]
