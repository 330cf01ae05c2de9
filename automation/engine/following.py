"""Runs that follow a date of their record get another time when the date changes."""

from collections.abc import Sequence
from datetime import datetime

from automation.engine import ledger
from automation.models import Run, State
from automation.scope import date_field, due_of, value_of_event
from core.errors import NotFound
from events.models import Event
from processes.definition import definition_of

CHANGING = "record.updated"


def follow_dates(events: Sequence[Event]) -> None:
    """Give the waiting runs that follow a changed date their new time. One query, none without changed fields."""
    changed = {(event.record_id, key): event for event in events if event.kind == CHANGING for key in event.changes}
    if not changed:
        return
    records, keys = zip(*changed, strict=True)
    waiting = Run.objects.filter(state=State.READY, record_id__in=set(records), delay_field__in=set(keys))
    times: dict[int, datetime | None] = {}
    for run in waiting:
        event = changed.get((run.record_id, run.delay_field))
        if event is not None:
            times[run.pk] = _time(run, event)
    if times:
        ledger.reschedule(times)


def _time(run: Run, event: Event) -> datetime | None:
    try:
        field = date_field(definition_of(run.process_id), run.delay_field)
    except NotFound:
        return None
    if field is None:
        return None
    return due_of(run, value_of_event(field, event.changes[run.delay_field][1]))
