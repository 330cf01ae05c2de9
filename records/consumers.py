"""Imports wait for workers: what is asked for rings their bell."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from events.consumers import Consumer, consumers
from events.models import Event
from records.exchange.worker import has_work
from records.jobs import worker as jobs


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
