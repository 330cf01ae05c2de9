"""Working on changes of fields: claim one under a lease, do a step, let the next one have its turn.

A step of a job and its position move in one transaction, so a killed worker leaves nothing half done: whoever takes
the job up again goes on after the last record. Only the holder of the lease moves a job.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import SYSTEM
from core.errors import SmartCRMError
from events.publish import publish
from processes.models import FieldJob
from processes.operations.changing import Busy
from records.jobs.adding import add_column, purge_column
from records.jobs.convert import convert_values
from records.jobs.filling import fill_records
from records.jobs.indexing import index_values

SECONDS = 15.0
"""How long one call works before it lets itself be called again."""
MOST_CRASHES = 3
"""Workers that one place may cost."""
BACK_IN = timedelta(seconds=0.5)
"""When a job that was in others' way tries again."""

Step = Callable[[FieldJob], bool]
STEPS: Mapping[str, Step] = {
    FieldJob.Kind.ADD: add_column,
    FieldJob.Kind.FILL: fill_records,
    FieldJob.Kind.INDEX: index_values,
    FieldJob.Kind.CONVERT: convert_values,
    FieldJob.Kind.PURGE: purge_column,
}
"""What one step of each kind of job is; it tells whether there is another one, and raises Busy to come back later."""


def has_work() -> bool:
    """Whether a job is due, or was lost by its worker; one query on an index."""
    return _claimable().exists()


def work(seconds: float = SECONDS) -> bool:
    """Work on jobs in turns until none is due or the time is over; whether something is left to do now."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = _claim()
        if job is None:
            return False
        _work_on(job, deadline)
    return has_work()


def work_through(seconds: float = 60.0) -> None:
    """Work until no job waits at all, also for those that come back later; for tests and commands."""
    deadline = time.monotonic() + seconds
    waiting = FieldJob.objects.filter(state__in=[FieldJob.State.WAITING, FieldJob.State.WORKING])
    while time.monotonic() < deadline and waiting.exists():
        work(deadline - time.monotonic())
        time.sleep(0.01)


def _claimable() -> QuerySet[FieldJob]:
    free = Q(lease=None) | Q(lease_until__lt=Now())
    working = [FieldJob.State.WAITING, FieldJob.State.WORKING]
    return FieldJob.objects.filter(free, state__in=working, turn_at__lte=Now())


def _claim() -> FieldJob | None:
    """Take the job that has waited longest for a turn; None when there is none. A lost lease counts as a crash."""
    with transaction.atomic():
        due = _claimable().select_related("field__process").order_by("turn_at", "pk")
        job = due.select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return None
        job.crashes += job.lease is not None
        job.lease, job.lease_until = uuid.uuid4(), timezone.now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)
        job.begin()
        job.started_at = job.started_at or timezone.now()
        job.save(update_fields=["crashes", "lease", "lease_until", "state", "started_at"])
    return job


def _work_on(job: FieldJob, deadline: float) -> None:
    """Do steps of a claimed job while there is time; a refusal of the job as a whole ends it with words."""
    try:
        if job.crashes >= MOST_CRASHES:
            raise SmartCRMError(_("The work broke off %d times at this place.") % job.crashes)
        step = STEPS[job.kind]
        while step(job):
            if time.monotonic() > deadline:
                break
        else:
            return
        _let_go(job, timedelta(0))
    except Busy:
        _let_go(job, BACK_IN, crashes=0)
    except SmartCRMError as error:
        _fail(job, str(error.message))


def _let_go(job: FieldJob, later: timedelta, **more: int) -> None:
    held = FieldJob.objects.filter(pk=job.pk, lease=job.lease)
    held.update(lease=None, lease_until=None, turn_at=Now() + later, **more)


@transaction.atomic
def _fail(job: FieldJob, error: str) -> None:
    held = FieldJob.objects.select_for_update().filter(pk=job.pk, lease=job.lease).first()
    if held is None:
        return
    held.fail(error)
    held.lease = held.lease_until = None
    held.finished_at = timezone.now()
    held.save()
    data = {"key": job.field.key, "job": job.pk, "kind": job.kind, "error": error}
    publish("field.job_failed", actor=SYSTEM, process_id=job.field.process_id, data=data)
