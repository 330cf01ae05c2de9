"""What a person does with a long change of a field: stop it, or have it tried again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict
from events.publish import publish
from processes.models import Field, FieldJob, Operation
from processes.operations.changing import change_lock
from processes.operations.fields import begin_job
from processes.permissions import access_for
from processes.storage import storage

STOPPABLE = (FieldJob.Kind.ADD, FieldJob.Kind.PURGE, FieldJob.Kind.CONVERT)
"""What leaves nothing half done: the other changes end by themselves, or are taken back in the field's settings."""


@transaction.atomic
def cancel_job(job: FieldJob, *, actor: Actor) -> FieldJob:
    """Stop a change before it has happened: a field that was to come does not come, one that was to go stays removed,
    one whose type was to change stays as it is, also where that failed.

    Writes `field.job_cancelled`. Raises NotAllowed, Conflict (too late, or this kind of change cannot be stopped).
    """
    held = _held(job, actor)
    if held.kind not in STOPPABLE:
        raise Conflict(_("This change cannot be stopped halfway."))
    has_failed_halfway = held.kind == FieldJob.Kind.CONVERT and held.state == FieldJob.State.FAILED
    if held.state not in FieldJob.UNFINISHED and not (has_failed_halfway and _is_latest(held)):
        raise Conflict(_("This change has ended already."))
    held.cancel()
    held.lease = held.lease_until = None
    held.finished_at = timezone.now()
    held.save()
    _publish("field.job_cancelled", held, actor)
    if held.kind == FieldJob.Kind.ADD and held.field.state == Field.State.ADDING:
        Field.objects.filter(pk=held.field_id).delete()
    if held.kind == FieldJob.Kind.CONVERT:
        with change_lock(held.field.process):
            drop_new_form(held.field, user_id=actor.user_id)
    return held


def _is_latest(job: FieldJob) -> bool:
    """Whether nothing of its kind was asked for after it."""
    return not FieldJob.objects.filter(field=job.field_id, kind=job.kind, pk__gt=job.pk).exists()


def drop_new_form(field: Field, *, user_id: int | None) -> None:
    """The type of a field does not change after all: what was converted so far goes, by a job.

    For use inside a change lock.
    """
    for shadow in Field.objects.filter(shadow_of=field, removed_at=None):
        shadow.removed_at = timezone.now()
        shadow.save(update_fields=["removed_at"])
        begin_job(shadow, FieldJob.Kind.PURGE, user_id=user_id)


@transaction.atomic
def retry_job(job: FieldJob, *, actor: Actor) -> FieldJob:
    """Have a failed change tried again from where it stopped. Writes `field.job`.

    Raises NotAllowed, Conflict (it has not failed, or a setting has to change first).
    """
    held = _held(job, actor)
    if held.state != FieldJob.State.FAILED:
        raise Conflict(_("Only a failed change can be tried again."))
    if held.kind == FieldJob.Kind.INDEX and not (held.field.is_unique or storage().wants_index(held.field)):
        raise Conflict(_("Make the field unique again in its settings."))
    held.retry()
    held.crashes, held.turn_at, held.finished_at = 0, timezone.now(), None
    held.save()
    _publish("field.job", held, actor)
    return held


def _held(job: FieldJob, actor: Actor) -> FieldJob:
    """The job as its row says now, locked: no worker is in the middle of a step. Raises NotAllowed."""
    access_for(actor, job.field.process).require(Operation.DESIGN)
    rows = FieldJob.objects.select_for_update(of=("self",)).select_related("field__process")
    held = rows.filter(pk=job.pk).first()
    if held is None:
        raise Conflict(_("This change has ended already."))
    return held


def _publish(kind: str, job: FieldJob, actor: Actor) -> None:
    data = {"key": job.field.key, "job": job.pk, "kind": job.kind}
    publish(kind, actor=actor, process_id=job.field.process_id, data=data)
