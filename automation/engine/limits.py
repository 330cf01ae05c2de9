"""Brakes for automations that set each other off. Only what automations caused is counted, never people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from events.models import Event

DEPTH = 8
SAME_RULE = 3
"""Runs of one robot or trigger on one record under one root."""
PER_RECORD = 60
"""Runs a minute."""
PER_PROCESS = 3000
"""Runs a minute."""


@dataclass(slots=True)
class Counts:
    """How many runs there are already; counts the new ones while they are looked at."""

    same: dict[tuple[str, int, int, int], int]
    """(kind of rule, rule, record, root) → runs."""
    records: dict[int, int]
    processes: dict[int, int]

    def why_held(self, rule: tuple[str, int], event: Event) -> str:
        """Why a run of this rule for this event must be held, empty when it need not; counts the run."""
        if event.depth == 0:
            return ""
        record_id, process_id = event.record_id or 0, event.process_id or 0
        same = _counted(self.same, (*rule, record_id, event.root))
        on_record = _counted(self.records, record_id)
        in_process = _counted(self.processes, process_id)
        if event.depth > DEPTH:
            return _("More than %d automations have set each other off.") % DEPTH
        if same > SAME_RULE:
            return _("This robot has set itself off more than %d times on this record.") % SAME_RULE
        if on_record > PER_RECORD:
            return _("More than %d automatic runs on this record within a minute.") % PER_RECORD
        if in_process > PER_PROCESS:
            return _("More than %d automatic runs in this process within a minute.") % PER_PROCESS
        return ""


def counts_for(events: Sequence[Event]) -> Counts:
    """The counts that matter for runs of events which automations caused. Three queries, none without such events."""
    caused = [event for event in events if event.depth > 0]
    if not caused:
        return Counts({}, {}, {})
    records = sorted({event.record_id for event in caused if event.record_id})
    processes = sorted({event.process_id for event in caused if event.process_id})
    return Counts(_same(records, {event.root for event in caused}), _of_records(records), _of_processes(processes))


def _counted(counts: dict[Any, int], key: Any) -> int:
    counts[key] = counts.get(key, 0) + 1
    return counts[key]


def _same(records: list[int], roots: Iterable[int]) -> dict[tuple[str, int, int, int], int]:
    """The first run under a root, which a person caused, counts too."""
    rows = _rows(
        "SELECT rule_kind, rule_id, record_id, root_id, count(*) FROM automation_run"
        " WHERE record_id = ANY(%s) AND root_id = ANY(%s) GROUP BY 1, 2, 3, 4",
        [records, sorted(roots)],
    )
    return {(kind, rule, record, root): count for kind, rule, record, root, count in rows}


def _of_records(records: list[int]) -> dict[int, int]:
    rows = _rows(
        "SELECT record_id, count(*) FROM automation_run"
        " WHERE record_id = ANY(%s) AND depth > 0 AND created_at > now() - interval '1 minute' GROUP BY 1",
        [records],
    )
    return dict(rows)


def _of_processes(processes: list[int]) -> dict[int, int]:
    rows = _rows(
        "SELECT process_id, count(*) FROM automation_run"
        " WHERE process_id = ANY(%s) AND depth > 0 AND created_at > now() - interval '1 minute' GROUP BY 1",
        [processes],
    )
    return dict(rows)


def _rows(statement: str, values: list[list[int]]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
