"""Working on exports: records are read into parts chunk by chunk, then the file is made of the parts.

A chunk and the job's position move in one transaction, so a killed worker leaves nothing half done. The job names the
file in the transaction that ends it, so what a killed worker wrote is nobody's and gets swept.
"""

from collections.abc import Iterator
from dataclasses import replace
from tempfile import TemporaryFile
from typing import IO

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import SmartCRMError
from events.publish import publish
from processes.fieldtype import Cell, DisplayContext
from processes.models import Operation
from processes.permissions import Access, visible_access
from records.exchange.columns import export_columns
from records.exchange.parts import packed_rows, unpacked_rows
from records.exchange.source import Form
from records.exchange.turns import MOST_CRASHES, Goes, Turns, actor_of_job, as_person, lease_end, starter_of
from records.exchange.writers import WRITERS, check_size
from records.files import Stored, store_content
from records.files.content import delete_content
from records.models import ExportJob, ExportPart
from records.queries.exports import chunk_of, names_for_files, require_same_rights


class _LostError(Exception):
    """Somebody else holds the job now, or nobody should."""


def _work_on(job: ExportJob, goes_on: Goes) -> None:
    """Bring a claimed job forward while `goes_on`; a refusal of the job as a whole ends it with words."""
    with as_person(job.user):
        try:
            if job.crashes >= MOST_CRASHES:
                raise SmartCRMError(_("The work broke off %d times at this place.") % job.crashes)
            _advance(job, goes_on)
        except SmartCRMError as error:
            _fail(job, str(error.message))
        except _LostError:
            return


def _advance(job: ExportJob, goes_on: Goes) -> None:
    is_read = job.state != ExportJob.State.READING
    while not is_read and goes_on():
        is_read = _read_chunk(job)
    if is_read:
        _write_file(job)
    else:
        turns.let_go(job)


@transaction.atomic
def _read_chunk(job: ExportJob) -> bool:
    """One chunk with the position after it; whether it was the last. Raises SmartCRMError about the job."""
    held = _held(job)
    access = _access(held)
    columns = export_columns(access, held.columns)
    fields = [column.field for column in columns if column.field is not None]
    page = chunk_of(access, held, fields, settings.EXPORT_CHUNK_ROWS)
    context = DisplayContext(names_for_files(access, page.rows, fields))
    is_text = held.format == ExportJob.Format.CSV
    tell = [column.text if is_text else column.cell for column in columns]
    rows = ([say(row, context) for say in tell] for row in page.rows)
    if page.rows:
        ExportPart.objects.create(job=held, number=held.position, content=packed_rows(rows))
    held.position += len(page.rows)
    check_size(held.format, held.position)
    held.after = page.next or ""
    held.crashes, held.lease_until = 0, lease_end()
    if page.next is None:
        held.end_reading()
    held.save()
    return page.next is None


def _write_file(job: ExportJob) -> None:
    """The file of all parts. Who lost the job meanwhile leaves nothing."""
    with transaction.atomic():
        held = _held(job)
        headers = [column.label for column in export_columns(_access(held), held.columns)]
    with TemporaryFile() as file:
        cut = WRITERS[held.format](headers, _rows(held), file, Form(held.encoding, held.delimiter))
        stored = _stored(file)
    try:
        _end(held, stored, cut)
    except (SmartCRMError, _LostError):
        delete_content(stored.path)
        raise


def _stored(file: IO[bytes]) -> Stored:
    file.seek(0)
    return store_content(file)


def _rows(job: ExportJob) -> Iterator[list[Cell]]:
    """All rows, one part in memory at a time; the lease is renewed with each."""
    for number in list(job.parts.order_by("number").values_list("number", flat=True)):
        _renew(job, written=number)
        yield from unpacked_rows(bytes(job.parts.get(number=number).content))


def _renew(job: ExportJob, *, written: int) -> None:
    held = ExportJob.objects.filter(pk=job.pk, lease=job.lease, state=ExportJob.State.WRITING)
    if not held.update(lease_until=lease_end(), written=written):
        raise _LostError


@transaction.atomic
def _end(job: ExportJob, stored: Stored, cut: int) -> None:
    held = _held(job)
    access = _access(held)
    held.finish(stored.path, stored.size)
    held.written, held.cut = held.position, cut
    held.lease = held.lease_until = None
    held.finished_at = Now()
    held.save()
    held.parts.all().delete()
    _publish_end(held, access.actor)


@transaction.atomic
def _fail(job: ExportJob, error: str) -> None:
    held = ExportJob.objects.select_for_update().filter(pk=job.pk, lease=job.lease).first()
    if held is None or not held.is_working:
        return
    held.fail(error)
    held.lease = held.lease_until = None
    held.finished_at = Now()
    held.save()
    held.parts.all().delete()
    _publish_end(held, starter_of(held))


def _held(job: ExportJob) -> ExportJob:
    """The job as it is now, locked. Raises _LostError for a late worker."""
    held = ExportJob.objects.select_for_update().filter(pk=job.pk, lease=job.lease).first()
    if held is None or not held.is_working:
        raise _LostError
    return held


def _access(job: ExportJob) -> Access:
    """What the person, or their token, may do now. Raises NotFound, NotAllowed where it is not what it was."""
    actor = actor_of_job(job)
    access = visible_access(actor, job.process_id)
    access.require(Operation.EXPORT)
    require_same_rights(access, job)
    return access


def _publish_end(job: ExportJob, actor: Actor) -> None:
    """The fact that an export is over, with what it held: who took what out is history."""
    publish(
        "export.finished",
        actor=replace(actor, quiet=False),
        process_id=job.process_id,
        data={
            "export": job.pk,
            "name": job.name,
            "state": job.state,
            "error": job.error,
            "rows": job.position,
            "columns": job.columns,
            "is_awaited": job.total > settings.EXPORT_ROWS_AT_ONCE,
        },
    )


turns = Turns(ExportJob, _work_on)
