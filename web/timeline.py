"""The timeline of a record as its page tells it: events of the record and runs of robots in one order."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from automation.models.run import State
from automation.queries import RunRow, runs_of_record
from core.actor import ActorKind
from processes.models import Operation
from processes.permissions import Access
from records.queries.card import row_for
from records.queries.timeline import Entry, TimelinePage, timeline_page
from web.templatetags.numbers import duration, reldate

COLORS: Mapping[str, str] = {
    State.SUCCEEDED: "violet",
    State.READY: "amber",
    State.CLAIMED: "amber",
    State.FAILED: "red",
    State.BLOCKED: "orange",
    State.POISONED: "red",
    State.UNCERTAIN: "orange",
}
"""Colours of robots' entries; the others are grey."""


def whole_timeline(access: Access, record_id: int, *, before: int | None = None) -> TimelinePage:
    """A page of the timeline with the runs of its time, among the latest runs of the record.

    Runs are told to those who may see the history of the record. Raises NotFound.
    """
    page = timeline_page(access, record_id, before=before)
    if not access.covers(Operation.HISTORY, row_for(access, record_id)):
        return page
    runs = [_entry(run) for run in runs_of_record(access, record_id).runs]
    merged = [*page.entries, *(entry for entry in runs if _belongs(entry, page))]
    merged.sort(key=lambda entry: (entry.at, entry.key), reverse=True)
    return replace(page, entries=tuple(merged))


def _belongs(entry: Entry, page: TimelinePage) -> bool:
    is_early_enough = page.before is None or entry.at < page.before
    return is_early_enough and (page.since is None or entry.at >= page.since)


def _entry(run: RunRow) -> Entry:
    return Entry(
        key=f"r{run.id}",
        at=run.finished_at or run.created_at,
        icon="robot",
        title=run.name,
        who=_("Robot"),
        by=ActorKind.RUN,
        color=COLORS.get(run.state, "slate"),
        note=_note(run),
        text=str(run.error or run.reason or ""),
    )


def _note(run: RunRow) -> str:
    """The state, and how long it took or when it will begin."""
    if run.state == State.READY and run.run_at:
        return _("waits until %(time)s") % {"time": reldate(run.run_at)}
    if run.state == State.SUCCEEDED and run.duration is not None:
        return _("done in %(time)s") % {"time": duration(run.duration)}
    return str(run.state_label)
