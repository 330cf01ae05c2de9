"""Long work on records waits for workers: what is asked for, or has come due, rings their bell."""

import time
from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from events.consumers import Consumer, consumers
from events.models import Event
from records.bulk import worker as bulk
from records.exchange import exporting
from records.exchange.worker import has_work
from records.jobs import worker as jobs
from records.recalculation import worker as recalculation
from records.recalculation.due import note_due

AFTER_START, HOUR, DAY = 10 * 60, 3600, 24 * 3600
"""Seconds."""


@consumers.register
class FieldJobs(Consumer):
    """Wakes the workers of long changes of fields; what is due stands in the jobs."""

    key = "field_jobs"
    label = _("Changes of fields")
    bells: ClassVar[dict[str, str]] = {"records.work_fields": "bulk"}

    def consume(self, events: Sequence[Event]) -> bool:
        return any(event.kind == "field.job" for event in events)

    def poll(self) -> bool:
        return jobs.has_work()


@consumers.register
class Imports(Consumer):
    """Wakes the workers of imports; which rows are due stands in the jobs."""

    key = "imports"
    label = _("Imports")
    bells: ClassVar[dict[str, str]] = {"records.work_imports": "bulk"}

    def consume(self, events: Sequence[Event]) -> bool:
        return any(event.kind == "import.requested" for event in events)

    def poll(self) -> bool:
        return has_work()


@consumers.register
class BulkJobs(Consumer):
    """Wakes the workers of bulk changes; which records are due stands in the jobs."""

    key = "bulk_jobs"
    label = _("Bulk changes")
    bells: ClassVar[dict[str, str]] = {"records.work_bulk": "bulk"}

    def consume(self, events: Sequence[Event]) -> bool:
        return any(event.kind == "bulk.requested" for event in events)

    def poll(self) -> bool:
        return bulk.turns.has_work()


@consumers.register
class Exports(Consumer):
    """Wakes the workers of exports; which records are due stands in the jobs."""

    key = "exports"
    label = _("Exports")
    bells: ClassVar[dict[str, str]] = {"records.work_exports": "bulk"}

    def consume(self, events: Sequence[Event]) -> bool:
        return any(event.kind == "export.requested" for event in events)

    def poll(self) -> bool:
        return exporting.turns.has_work()


@consumers.register
class Recalculations(Consumer):
    """Notes which records show something of what changed, and wakes those who compute it."""

    key = "recalculations"
    label = _("Values of linked records")
    bells: ClassVar[dict[str, str]] = {"records.recalculate": "bulk"}

    def consume(self, events: Sequence[Event]) -> bool:
        return note_due(events)

    def poll(self) -> bool:
        return recalculation.has_work()


class Daily(Consumer):
    """A duty of once a day (or `every` so many seconds), and soon after each start; twice does no harm."""

    every: ClassVar[int] = DAY

    def __init__(self) -> None:
        self._due = time.monotonic() + AFTER_START

    def consume(self, events: Sequence[Event]) -> bool:
        return False

    def poll(self) -> bool:
        is_due = time.monotonic() >= self._due
        if is_due:
            self._due = time.monotonic() + self.every
        return is_due


@consumers.register
class LooseFiles(Daily):
    """Sweeps files that nobody holds."""

    key = "loose_files"
    label = _("Files that nobody holds")
    bells: ClassVar[dict[str, str]] = {"records.sweep_files": "bulk"}


@consumers.register
class OldRemovedFields(Daily):
    """Ends fields that were removed so long ago that they cannot be restored any more."""

    key = "old_removed_fields"
    label = _("Fields removed long ago")
    bells: ClassVar[dict[str, str]] = {"records.purge_old_fields": "bulk"}


@consumers.register
class OldExports(Daily):
    """Deletes the files of exports that have been kept long enough."""

    key = "old_exports"
    label = _("Old exports")
    bells: ClassVar[dict[str, str]] = {"records.forget_exports": "bulk"}
    every = HOUR
