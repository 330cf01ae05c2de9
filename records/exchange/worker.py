"""Working on imports: claim one under a lease, bring it forward chunk by chunk, let the next one have its turn.

A chunk and the job's position move in one transaction, so a killed worker leaves nothing half done: whoever takes the
job up again goes on with the next row. Only the holder of the lease moves a job; a late one finds itself fenced out.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.actor import Actor, ActorKind
from core.errors import SmartCRMError
from events.publish import publish
from processes.models import Operation
from records.exchange.chunk import Check, Result, Run
from records.exchange.plan import Plan, plan_of
from records.exchange.source import Form, SourceRow, rows_of
from records.exchange.turns import MOST_CRASHES, Goes, Turns, actor_of_job, as_person, lease_end
from records.models import ImportFile, ImportJob, ImportKey, ImportProblem
from records.operations.writing import Writing, begin


def _work_on(job: ImportJob, goes_on: Goes) -> None:
    """Bring a claimed job forward while `goes_on`; a refusal of the job as a whole ends it with words."""
    with as_person(job.user):
        try:
            if job.crashes >= MOST_CRASHES:
                raise SmartCRMError(_("The work broke off %d times at this place of the file.") % job.crashes)
            _advance(job, goes_on)
        except SmartCRMError as error:
            _fail(job, str(error.message))


def _advance(job: ImportJob, goes_on: Goes) -> None:
    file = ImportFile.objects.defer("workbook").get(job=job)
    rows = rows_of(bytes(file.content), Form(job.encoding, job.delimiter), after=job.position)
    while goes_on():
        if not _step(job, list(islice(rows, settings.IMPORT_CHUNK_ROWS))):
            return
    turns.let_go(job)


@transaction.atomic
def _step(job: ImportJob, rows: Sequence[SourceRow]) -> bool:
    """One chunk with the position after it; whether there is another one. Raises SmartCRMError about the job."""
    held = ImportJob.objects.select_for_update().filter(pk=job.pk, lease=job.lease, state=job.state).first()
    if held is None:
        return False
    actor = actor_of(held)
    writing = begin(held.process_id, actor=actor)
    writing.access.require(Operation.IMPORT)
    plan = plan_of(writing.access, width=len(held.headers), targets=held.targets, key=held.key)
    result = _result(held, plan, writing, rows)
    _note(held, result)
    is_last = len(rows) < settings.IMPORT_CHUNK_ROWS
    if is_last:
        _end(held, actor)
    held.save()
    return not is_last


def actor_of(job: ImportJob) -> Actor:
    """Who acts in an import: the person, with the rights that they, or their token, have now. Raises NotFound."""
    person = actor_of_job(job)
    return replace(person, kind=ActorKind.IMPORT, quiet=job.quiet)


def _result(job: ImportJob, plan: Plan, writing: Writing, rows: Sequence[SourceRow]) -> Result:
    if job.state == ImportJob.State.RUNNING:
        return Run(plan, writing, rows).go_through()
    known = set(job.keys.values_list("digest", flat=True)) if job.key else set()
    result = Check(plan, writing, rows, known).go_through()
    ImportKey.objects.bulk_create([ImportKey(job=job, digest=digest) for digest in result.new_keys])
    return result


def _note(job: ImportJob, result: Result) -> None:
    ImportProblem.objects.bulk_create(
        [
            ImportProblem(
                job=job,
                row=row.number,
                line=row.line,
                reasons=[{"column": reason.column, "message": reason.message} for reason in reasons],
            )
            for row, reasons in result.rejected
        ]
    )
    job.created += result.created
    job.updated += result.updated
    job.rejected += len(result.rejected)
    job.position = job.created + job.updated + job.rejected
    job.crashes = 0
    job.lease_until = lease_end()


def _end(job: ImportJob, actor: Actor) -> None:
    """The pass is over; a finished import tells its person."""
    job.lease = job.lease_until = None
    job.finished_at = Now()
    job.keys.all().delete()
    if job.state == ImportJob.State.CHECKING:
        job.end_check()
        return
    job.finish()
    _publish_end(job, actor)


@transaction.atomic
def _fail(job: ImportJob, error: str) -> None:
    held = ImportJob.objects.select_for_update().filter(pk=job.pk, lease=job.lease).first()
    if held is None or not held.is_working:
        return
    held.fail(error)
    held.lease = held.lease_until = None
    held.finished_at = Now()
    held.save()
    _publish_end(held, Actor(kind=ActorKind.IMPORT, label=held.user.name, user_id=held.user_id))


def _publish_end(job: ImportJob, actor: Actor) -> None:
    """The fact that an import is over; its person is told whatever `quiet` says, because it is about the import."""
    publish(
        "import.finished",
        actor=replace(actor, quiet=False),
        process_id=job.process_id,
        data={
            "import": job.pk,
            "name": job.name,
            "state": job.state,
            "error": job.error,
            "created": job.created,
            "updated": job.updated,
            "rejected": job.rejected,
        },
    )


turns = Turns(ImportJob, _work_on)
has_work, work, work_through = turns.has_work, turns.work, turns.work_through
