"""What an open page is told of an event: ids, never values; and whether it is told at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.db import close_old_connections
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from accounts.queries import actor_for
from accounts.sessions import SessionStore
from accounts.viewing import viewed_person
from events.models import Event
from processes.definition import definitions
from processes.models import Operation, Process
from processes.permissions import Access, Place, access_for

REPLAY_LIMIT = 200
"""A page that has missed more than this reloads instead."""

OLDEST_PAGE = timedelta(minutes=1)
"""A page that has been longer on its way is taken as one of this age."""
SLACK = timedelta(seconds=1)
"""How much earlier than the page an event may have begun that the page does not show."""

RIGHTS_FAMILIES = ("person.", "role.", "department.")
"""Events after which every watcher's rights are read anew, besides those of a process that has changed since."""
SHAPING = (
    *("access.", "process.", "pipeline.", "stage.", "field."),
    *("role.", "department.", "person.department_set", "person.administrator_set"),
)
"""Families and kinds of events after which a page that has missed them may show what it should not."""

FIELDS = ("seq", "kind", "at", "process_id", "record_id", "record_version", "changes", "data")


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, and the versions that the processes they are about had when the events were read (None for one
    that is not in use)."""

    events: Sequence[Event] = ()
    versions: Mapping[int, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who watches, and what they may see, as of the last look."""

    user_id: int
    accesses: dict[int, Access] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    """The version of every process in use, seen or not."""

    def must_look(self, batch: Batch) -> bool:
        """Whether the rights must be read anew before anything of these events is told."""
        changed = any(self.versions.get(process_id) != version for process_id, version in batch.versions.items())
        return changed or any(event.kind.startswith(RIGHTS_FAMILIES) for event in batch.events)

    def message_for(self, event: Event) -> dict[str, Any] | None:
        """What to tell the watcher of an event; None when it is none of their business."""
        if event.kind == "notification.created":
            return {"kind": event.kind} if event.data.get("user_id") == self.user_id else None
        access = self.accesses.get(event.process_id or 0)
        if access is None or event.record_id is None:
            return None
        message = {"kind": event.kind, "process": access.definition.key, "record": event.record_id}
        if not _sees(access, event):
            return {**message, "kind": "record.hidden"} if _saw(access, event) else None
        return {
            **message,
            "version": event.record_version,
            "stage": event.data.get("stage", event.data.get("snapshot", {}).get("stage")),
            "from": event.data.get("from"),
        }


def watcher_of(cookies: str) -> Watcher | None:
    """The person behind a Cookie header, or as whom they look, with their rights of now; None for anybody else."""
    close_old_connections()
    morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if morsel is None:
        return None
    request = HttpRequest()
    request.session = SessionStore(morsel.value)
    if SESSION_KEY not in request.session:
        return None
    user: Any = get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    actor = actor_for(viewed_person(request.session, user) or user)
    present = definitions()
    accesses = [access for definition in present if (access := access_for(actor, definition)).can(Operation.VIEW)]
    return Watcher(
        actor.user_id or 0,
        {access.definition.id: access for access in accesses},
        {definition.id: definition.version for definition in present},
    )


def batch_after(seq: int, limit: int) -> Batch:
    """Relayed events after `seq`, in order, with the versions of their processes. Two queries, for all watchers."""
    events = events_after(seq, limit)
    about = {event.process_id for event in events if event.process_id is not None}
    in_use = Process.objects.filter(pk__in=about).exclude(status=Process.Status.ARCHIVED)
    present = dict(in_use.values_list("pk", "version")) if about else {}
    return Batch(events, {process_id: present.get(process_id) for process_id in about})


def events_after(seq: int, limit: int) -> list[Event]:
    """Relayed events after `seq`, in order."""
    close_old_connections()
    return list(Event.objects.filter(seq__gt=seq).order_by("seq").only(*FIELDS)[:limit])


def newest_seq() -> int:
    """The last `seq` given."""
    close_old_connections()
    return Event.objects.aggregate(newest=Max("seq"))["newest"] or 0


def seq_before(age: int) -> int | None:
    """The `seq` after which everything has happened that a page of this age, in milliseconds, may not show.

    None where nothing has, or too much to be told one by one.
    """
    close_old_connections()
    relayed = Event.objects.filter(seq__isnull=False).order_by("-seq")
    newest = list(relayed.values_list("seq", "at")[: REPLAY_LIMIT + 1])
    begun = timezone.now() - min(timedelta(milliseconds=age), OLDEST_PAGE) - SLACK
    later = [seq or 0 for seq, at in newest if at > begun]
    return min(later) - 1 if 0 < len(later) <= REPLAY_LIMIT else None


def reshapes(events: Sequence[Event], since: datetime | None = None) -> bool:
    """Whether a page that has missed these events, and was drawn at `since`, must be drawn anew: nobody knows any more
    what it was allowed to show."""
    return any(event.kind.startswith(SHAPING) and (since is None or event.at > since) for event in events)


def _sees(access: Access, event: Event) -> bool:
    snapshot = event.data.get("snapshot", {})
    return access.covers(Operation.VIEW, _standing(snapshot, event.data.get("department")))


def _saw(access: Access, event: Event) -> bool:
    """Whether the record could be seen before the event; a new one nobody has seen."""
    if event.kind == "record.created":
        return False
    before = {key: pair[0] for key, pair in event.changes.items()}
    department = event.data.get("left_department", event.data.get("department"))
    return access.covers(Operation.VIEW, _standing({**event.data.get("snapshot", {}), **before}, department))


def _standing(snapshot: Mapping[str, Any], department: int | None) -> Place:
    """Whose the record of a snapshot is, and where it stands."""
    owners = snapshot.get("assignee"), snapshot.get("author")
    return Place(*owners, department, snapshot.get("stage") or 0, snapshot.get("observers"))
