"""The column of a new field, and the end of an old one."""

from django.db import transaction

from processes.models import Field, FieldJob
from processes.operations.changing import change_lock
from processes.operations.fields import settle_field
from processes.storage import storage
from records.jobs.held import end, held_job
from records.models import Attachment, Link


@transaction.atomic
def add_column(job: FieldJob) -> bool:
    """One more try to add the column. Raises Busy."""
    held = held_job(job)
    if held is None:
        return False
    field = held.field
    if field.state == Field.State.ADDING and field.removed_at is None:
        with change_lock(field.process, tries=1):
            storage().add_field(field.process, field)
            settle_field(field.process, field, user_id=held.user_id)
    end(held)
    return False


@transaction.atomic
def purge_column(job: FieldJob) -> bool:
    """Drop the columns of a removed field with all that hangs on them, and its row. Raises Busy.

    Files stay with their records: the history speaks of them.
    """
    held = held_job(job)
    if held is None:
        return False
    field = held.field
    if field.removed_at is None:
        end(held)
        return False
    with change_lock(field.process, tries=1):
        storage().drop_field(field.process, field)
        Link.objects.filter(field=field).delete()
        Attachment.objects.filter(field=field).update(field=None)
        end(held)
        field.delete()
    return False
