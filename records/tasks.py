"""Celery's door to long work on records. A task carries nothing: what is due stands in the database."""

from celery import shared_task

from events.consumers import consumers
from events.relay import ring_bells
from processes.operations import fields
from records.bulk import worker as bulk
from records.exchange import exporting
from records.exchange.worker import work
from records.jobs import worker as jobs
from records.operations import exports, files
from records.recalculation import worker as recalculation


# A call works for 15 seconds and a chunk more; then it lets itself be called again.
@shared_task(name="records.work_imports", ignore_result=True, soft_time_limit=120)
def work_imports() -> None:
    """The bell rang: bring imports forward."""
    if work():
        ring_bells(consumers["imports"])


@shared_task(name="records.work_bulk", ignore_result=True, soft_time_limit=120)
def work_bulk() -> None:
    """The bell rang: bring bulk changes forward."""
    if bulk.turns.work():
        ring_bells(consumers["bulk_jobs"])


@shared_task(name="records.work_exports", ignore_result=True, soft_time_limit=3600)
def work_exports() -> None:
    """The bell rang: bring exports forward. The file of very many records is written in one go."""
    if exporting.turns.work():
        ring_bells(consumers["exports"])


@shared_task(name="records.forget_exports", ignore_result=True, soft_time_limit=3600)
def forget_exports() -> None:
    """The bell rang: delete files that have been kept long enough."""
    exports.forget_exports()


@shared_task(name="records.work_fields", ignore_result=True)
def work_fields() -> None:
    """The bell rang: bring changes of fields forward. An index takes as long as it takes."""
    if jobs.work():
        ring_bells(consumers["field_jobs"])


@shared_task(name="records.recalculate", ignore_result=True, soft_time_limit=120)
def recalculate() -> None:
    """The bell rang: compute values that come from linked records."""
    if recalculation.work():
        ring_bells(consumers["recalculations"])


@shared_task(name="records.sweep_files", ignore_result=True, soft_time_limit=3600)
def sweep_files() -> None:
    """The bell rang: delete files that nobody holds."""
    files.sweep_files()


@shared_task(name="records.purge_old_fields", ignore_result=True, soft_time_limit=3600)
def purge_old_fields() -> None:
    """The bell rang: ask for the end of fields that were removed long ago; jobs do the work."""
    fields.purge_old_fields()
