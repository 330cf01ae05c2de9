"""How many records there are, across processes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from processes.permissions import Access
from records.models import Record


@dataclass(frozen=True, slots=True)
class RecordCount:
    """How many records of a process somebody sees."""

    open: int = 0
    total: int = 0


def counts_by_process(accesses: Iterable[Access]) -> Mapping[int, RecordCount]:
    """Process id → counts, for processes that hold any record the accesses (of one actor) let see. One query."""
    rows = (
        Record.objects.visible_to(accesses)
        .values_list("process_id")
        .annotate(open=Count("id", filter=Q(is_open=True)), total=Count("id"))
    )
    return {process_id: RecordCount(still_open, total) for process_id, still_open, total in rows}
