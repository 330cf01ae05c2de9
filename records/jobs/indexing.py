"""Indexes of fields, built while the process is used."""

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict
from processes.definition import definition_of
from processes.models import Field, FieldJob
from processes.operations.changing import change_lock
from records.jobs.held import end, held_job
from records.operations.uniqueness import duplicates
from records.tables import build_field_indexes, build_unique_index, drop_unique_index

SHOWN = 10


def index_values(job: FieldJob) -> bool:
    """Build what belongs to the field, outside a transaction; where values repeat, the field is not unique after all.

    Raises Conflict, naming records, for values that repeat.
    """
    definition = definition_of(job.field.process_id)
    field = definition.field_by_id.get(job.field_id)
    if field is not None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
        build_field_indexes(definition, field)
        drop_unique_index(definition.id, field.id)
        if field.is_unique:
            try:
                build_unique_index(definition, field)
            except IntegrityError as error:
                drop_unique_index(definition.id, field.id)
                _give_up(job)
                found = duplicates(definition, field, limit=SHOWN)
                numbers = ", ".join(f"#{number}" for number in found)
                raise Conflict(_("Values repeat, for example in the records %s.") % numbers, records=found) from error
    with transaction.atomic():
        if (held := held_job(job)) is not None:
            end(held)
    return False


@transaction.atomic
def _give_up(job: FieldJob) -> None:
    field = Field.objects.select_related("process").get(pk=job.field_id)
    with change_lock(field.process):
        field.is_unique = False
        field.save(update_fields=["is_unique"])
