"""The column of a new field, and the end of an old one."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from processes.models import Field, FieldJob
from processes.operations.changing import Busy, change_lock
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
    if FieldJob.objects.filter(field=field, kind=FieldJob.Kind.FILL, state__in=FieldJob.UNFINISHED).exists():
        raise Busy(_("The search still forgets the values of this field."))
    with change_lock(field.process, tries=1):
        for form in Field.objects.filter(Q(pk=field.pk) | Q(shadow_of=field)):
            storage().drop_field(field.process, form)
            Link.objects.filter(field=form).delete()
            Attachment.objects.filter(field=form).update(field=None)
        end(held)
        field.delete()
    return False
