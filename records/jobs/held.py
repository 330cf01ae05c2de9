"""What every step of a job begins and ends with."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from core.actor import SYSTEM
from events.publish import publish
from processes.models import FieldJob


def held_job(job: FieldJob) -> FieldJob | None:
    """The job as its row says now, locked; None when somebody else has it, or it was cancelled."""
    rows = FieldJob.objects.select_for_update(of=("self",)).select_related("field__process")
    return rows.filter(pk=job.pk, lease=job.lease, state=FieldJob.State.WORKING).first()


def note(job: FieldJob, *, done: int, position: int) -> None:
    """A step forward: the lease begins anew, and crashes before it do not count any more."""
    job.done += done
    job.position = position
    job.crashes = 0
    job.lease_until = timezone.now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)
    job.save(update_fields=["done", "position", "crashes", "lease_until", "total"])


def end(job: FieldJob) -> None:
    """Nothing is left to do. Writes `field.job_done`."""
    job.finish()
    job.lease = job.lease_until = None
    job.finished_at = timezone.now()
    job.save()
    data = {"key": job.field.key, "job": job.pk, "kind": job.kind}
    publish("field.job_done", actor=SYSTEM, process_id=job.field.process_id, data=data)
