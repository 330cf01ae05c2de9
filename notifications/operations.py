"""Telling people, and marking what they have read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import actor_for
from core.actor import Actor
from core.errors import NotFound, Text
from events.models import Event
from events.publish import publish
from notifications.channel import channels as known_channels
from notifications.models import Delivery, Notification
from processes.definition import definition_of
from processes.models import Operation
from processes.permissions import Access, Owned, Place, access_for

TEXT_LIMIT = 2000


class Titled(Owned, Protocol):
    """A record to tell of: whose it is, where it stands and what it is called."""

    @property
    def pk(self) -> int:
        """Its number."""

    @property
    def title(self) -> str:
        """What it is called."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that people are told about; whose it is and where it stands decide whether one may see it."""

    process_id: int
    record_id: int
    title: str
    place: Place

    @classmethod
    def of(cls, process_id: int, record: Titled) -> "Subject":
        """A record as it is now."""
        return cls(process_id, record.pk, record.title, Place.of(record, record.stage_id))

    @classmethod
    def of_event(cls, event: Event) -> "Subject":
        """The record of an event, as it was right after it."""
        told = event.data["snapshot"]
        owners = told.get("assignee"), told.get("author"), event.data.get("department")
        place = Place(*owners, told.get("stage") or 0, told.get("observers"))
        return cls(event.process_id or 0, event.record_id or 0, told.get("title") or "", place)


@transaction.atomic
def notify(
    people: Iterable[int],
    *,
    about: Subject,
    kind: str,
    text: Text | Callable[[Access], Text],
    actor: Actor,
    event_id: int | None = None,
    channels: Sequence[str] = (),
) -> list[Notification]:
    """Tell people something about a record and return what was written.

    Nobody is told of their own act, or of a record that they may not see; the deactivated are not told. `text` may be
    lazy, or be made for each reader of what they may see: each reads it in their language. One person is told once per
    (event, kind) or run. `channels` are ways out beside the bell. Writes `notification.created` for the bells of open
    pages. Raises NotFound for an unknown channel.
    """
    outside = [known_channels[key] for key in channels if known_channels[key].leaves]
    rows = []
    for user, access in _audience(people, about, actor):
        with translation.override(user.language):
            words = text(access) if callable(text) else text
        rows.append(_row(user, about, kind, words, actor, event_id))
    told = _write(rows, kind, event_id)
    for row in told:
        publish("notification.created", actor=actor, process_id=about.process_id, data={"user_id": row.user_id})
    Delivery.objects.bulk_create(
        [Delivery(notification=row, channel=channel.key) for row in told for channel in outside],
        ignore_conflicts=True,
    )
    return told


@transaction.atomic
def tell_of_work(
    person_id: int, *, process_id: int, kind: str, title: str, text: Text, actor: Actor, event_id: int
) -> None:
    """Tell a person that long work of theirs in a process has ended; no record is meant, so only being active counts.

    One person is told once per (event, kind). Writes `notification.created`.
    """
    user = User.objects.active().filter(pk=person_id).first()
    if user is None:
        return
    about = Subject(process_id, 0, title[:300], Place(None, None, None, 0))
    row = _row(user, about, kind, text, actor, event_id)
    row.record_id = None
    for told in _write([row], kind, event_id):
        publish("notification.created", actor=actor, process_id=process_id, data={"user_id": told.user_id})


@transaction.atomic
def mark_read(notification_id: int, *, actor: Actor) -> None:
    """Mark one of the actor's own notifications read. Raises NotFound."""
    own = Notification.objects.filter(pk=notification_id, user_id=actor.user_id or 0)
    if not own.exists():
        raise NotFound(_("There is no such notification."), notification=notification_id)
    own.filter(read_at=None).update(read_at=Now())


@transaction.atomic
def mark_all_read(*, actor: Actor, record_id: int | None = None) -> int:
    """Mark all of the actor's notifications read, or those about one record; returns how many were not."""
    own = Notification.objects.filter(user_id=actor.user_id or 0, read_at=None)
    if record_id is not None:
        own = own.filter(record_id=record_id)
    return own.update(read_at=Now())


def _audience(people: Iterable[int], about: Subject, actor: Actor) -> list[tuple[User, Access]]:
    wanted = {person for person in people if person != actor.user_id}
    if not wanted:
        return []
    definition = definition_of(about.process_id)
    users = User.objects.active().filter(pk__in=wanted).order_by("pk")
    found = [(user, access_for(actor_for(user), definition)) for user in users]
    return [(user, access) for user, access in found if access.covers(Operation.VIEW, about.place)]


def _row(user: User, about: Subject, kind: str, text: Text, actor: Actor, event_id: int | None) -> Notification:
    with translation.override(user.language):
        words = str(text)[:TEXT_LIMIT]
    return Notification(
        user=user,
        kind=kind,
        title=about.title,
        text=words,
        process_id=about.process_id,
        record_id=about.record_id,
        actor_label=actor.label,
        event_id=event_id,
        run_id=actor.run_id if event_id is None else None,
    )


def _write(rows: list[Notification], kind: str, event_id: int | None) -> list[Notification]:
    """Write the rows and return them as stored; a repeat for an event finds those of the first time."""
    if event_id is None:
        return Notification.objects.bulk_create(rows)
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    people = [row.user_id for row in rows]
    return list(Notification.objects.filter(user_id__in=people, event_id=event_id, kind=kind))
