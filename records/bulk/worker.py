"""Working on bulk changes: claim one under a lease, bring it forward batch by batch, let the next one have its turn.

A batch, its results and the job's position move in one transaction, so a killed worker leaves nothing half done and
whoever takes the job up again goes on with the next record. Each batch asks for the rights anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Department
from core.actor import Actor
from core.errors import Conflict, SmartCRMError, Stale
from events.models import Event
from events.publish import publish
from processes.definition_types import Definition
from processes.permissions import access_for
from records.exchange.turns import MOST_CRASHES, Goes, Turns, actor_of_job, as_person, lease_end, starter_of
from records.models import BulkJob, BulkResult, BulkSelection
from records.operations.bulk import Outcome, RecordChange, change_records
from records.operations.bulk_jobs import change_of
from records.operations.records import Filed
from records.operations.writing import begin
from records.queries.bulk_jobs import bulk_words


def _work_on(job: BulkJob, goes_on: Goes) -> None:
    """Bring a claimed job forward while `goes_on`; a refusal of the job as a whole ends it with words."""
    with as_person(job.user):
        try:
            if job.crashes >= MOST_CRASHES:
                raise SmartCRMError(_("The work broke off %d times at this place.") % job.crashes)
            while goes_on():
                if not _step(job):
                    return
            turns.let_go(job)
        except SmartCRMError as error:
            _fail(job, str(error.message))


@transaction.atomic
def _step(job: BulkJob) -> bool:
    """One batch with the position after it; whether there is another one. Raises SmartCRMError about the job."""
    held = _held(job)
    if held is None:
        return False
    actor = _actor_of(held)
    ids = _batch(held)
    writing = begin(held.process_id, actor=actor)
    changes = _reversals(held, ids, writing.definition) if held.undoes_id else [change_of(held, pk) for pk in ids]
    outcomes = change_records(writing, changes, actor=actor)
    _note(held, ids, outcomes)
    is_last = held.position >= held.total
    if is_last:
        held.finish()
        _end(held, actor, writing.definition)
    held.save()
    return not is_last


def _held(job: BulkJob) -> BulkJob | None:
    """The job as it is now, locked; None for a late worker, or where somebody has stopped it."""
    asked = BulkJob.objects.filter(pk=job.pk, lease=job.lease, state__in=BulkJob.WORKING)
    return asked.select_related("user", "undoes").select_for_update(of=("self",)).first()


def _actor_of(job: BulkJob) -> Actor:
    """Who acts: the person, with the rights that they, or their token, have now. Raises NotFound."""
    person = actor_of_job(job)
    return replace(person, quiet=job.quiet)


def _batch(job: BulkJob) -> list[int]:
    """The records whose turn it is."""
    part = f"ids__{job.position}_{job.position + settings.BULK_CHUNK_RECORDS}"
    return list(BulkSelection.objects.values_list(part, flat=True).get(job=job))


def _reversals(job: BulkJob, ids: Sequence[int], definition: Definition) -> list[RecordChange | SmartCRMError]:
    """What gives each record what it had, where it is as the bulk change left it. Three queries."""
    results = BulkResult.objects.filter(job_id=job.undoes_id, record_id__in=ids)
    versions = {pk: version or 0 for pk, version in results.values_list("record_id", "version")}
    assert job.undoes is not None
    if job.undoes.kind == BulkJob.Kind.DELETE:
        return [RecordChange(record_id=pk, restore=True, version=versions[pk]) for pk in ids]
    kind = "record.moved" if job.undoes.kind == BulkJob.Kind.MOVE else "record.updated"
    events = Event.objects.filter(record_id__in=ids, record_version__in=set(versions.values()), kind=kind)
    made = {(event.record_id, event.record_version): event for event in events}
    there = set(Department.objects.filter(pk__in=map(_left, made.values())).values_list("pk", flat=True))
    return [_reversal(pk, versions[pk], made.get((pk, versions[pk])), there, definition) for pk in ids]


def _reversal(
    record_id: int, version: int, event: Event | None, departments: set[int], definition: Definition
) -> RecordChange | SmartCRMError:
    """`departments` are those that are still there."""
    if event is None:
        return Conflict(_("What it was before is not known any more."))
    before = {key: was for key, (was, _is) in event.changes.items()}
    if "stage" in before:
        return RecordChange(record_id=record_id, to=int(str(before["stage"])), version=version)
    computed = {field.key for field in definition.fields if field.type.is_computed}
    values = {key: was for key, was in before.items() if key not in computed}
    left = _left(event)
    goes_back = "assignee" in before and (left is None or left in departments)
    filed = Filed(left) if goes_back else None
    return RecordChange(record_id=record_id, values=values, filed=filed, version=version)


def _left(event: Event) -> Any:
    """The department that a record had before a change."""
    return event.data.get("left_department", event.data.get("department"))


def _note(job: BulkJob, ids: Sequence[int], outcomes: Sequence[Outcome]) -> None:
    """What became of a batch; a record that was so already leaves no row."""
    found = [
        BulkResult(job=job, record_id=pk, version=outcome.version, reason=_reason(outcome))
        for pk, outcome in zip(ids, outcomes, strict=True)
        if outcome.error is not None or outcome.version is not None
    ]
    BulkResult.objects.bulk_create(found)
    refused = sum(result.version is None for result in found)
    job.refused += refused
    job.changed += len(found) - refused
    job.unchanged += len(ids) - len(found)
    job.position += len(ids)
    job.crashes = 0
    job.lease_until = lease_end()


def _reason(outcome: Outcome) -> str:
    return _("It has been changed since.") if isinstance(outcome.error, Stale) else outcome.reason


@transaction.atomic
def _fail(job: BulkJob, error: str) -> None:
    held = _held(job)
    if held is None:
        return
    held.fail(error)
    _end(held, starter_of(held), None)
    held.save()


def _end(job: BulkJob, actor: Actor, definition: Definition | None) -> None:
    """It is over, and its person is told whatever `quiet` says, because it is about the bulk change."""
    job.lease = job.lease_until = None
    job.finished_at = Now()
    name = bulk_words(access_for(actor, definition), job) if definition is not None else job.get_kind_display()
    publish(
        "bulk.finished",
        actor=replace(actor, quiet=False),
        process_id=job.process_id,
        data={
            "bulk": job.pk,
            "name": name,
            "state": job.state,
            "error": job.error,
            "changed": job.changed,
            "unchanged": job.unchanged,
            "refused": job.refused,
        },
    )


turns = Turns(BulkJob, _work_on)
