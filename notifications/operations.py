"""Telling people, and marking what they have read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import actors_for
from core.actor import Actor
from core.errors import NotFound, Text
from events.models import Event
from events.publish import event_by, publish_many
from notifications.channel import channels as known_channels
from notifications.models import Delivery, Notification
from processes.definition import definition_of
from processes.definition_types import Definition
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


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that some people are to be told about a record. `text` may be lazy, or be made for each reader of what
    they may see: each reads it in their language."""

    people: Iterable[int]
    about: Subject
    kind: str
    text: Text | Callable[[Access], Text]
    actor: Actor
    event_id: int | None = None


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
    """Tell people one thing about a record and return what was written: see `notify_many`.

    `channels` are ways out beside the bell. Raises NotFound for an unknown channel.
    """
    return notify_many([Notice(people, about, kind, text, actor, event_id)], channels=channels)


@transaction.atomic
def notify_many(notices: Sequence[Notice], *, channels: Sequence[str] = ()) -> list[Notification]:
    """Tell people many things at once and return what was written.

    Nobody is told of their own act, or of a record that they may not see; the deactivated are not told. One person is
    told once of an event, by the first notice that names them, and once of a run. Writes `notification.created` for
    the bells of open pages. As many statements for many as for one, and one for each process.
    """
    outside = [known_channels[key] for key in channels if known_channels[key].leaves]
    told = _write([(_row(notice, user, access), notice.actor) for notice, user, access in _audience(notices)])
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
    _write([(_row(Notice([person_id], about, kind, text, actor, event_id), user), actor)])


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


def _audience(notices: Sequence[Notice]) -> Iterator[tuple[Notice, User, Access]]:
    """Whom each notice is for: those who see its record, each once of an event. Two queries, one for each process."""
    wanted = [{person for person in notice.people if person != notice.actor.user_id} for notice in notices]
    users = list(User.objects.active().filter(pk__in=set().union(*wanted)).order_by("pk")) if any(wanted) else []
    actors = actors_for(users)
    known: dict[tuple[int, int], Access] = {}
    definitions: dict[int, Definition] = {}
    told: set[tuple[int, int]] = set()
    for notice, people in zip(notices, wanted, strict=True):
        process_id, event_id = notice.about.process_id, notice.event_id
        for user in users:
            if user.pk not in people or (event_id is not None and (user.pk, event_id) in told):
                continue
            if process_id not in definitions:
                definitions[process_id] = definition_of(process_id)
            if (user.pk, process_id) not in known:
                known[user.pk, process_id] = access_for(actors[user.pk], definitions[process_id])
            if known[user.pk, process_id].covers(Operation.VIEW, notice.about.place):
                told |= {(user.pk, event_id)} if event_id is not None else set()
                yield notice, user, known[user.pk, process_id]


def _row(notice: Notice, user: User, access: Access | None = None) -> Notification:
    """The row of a notice for a person; with an access where its text is made for each reader."""
    with translation.override(user.language):
        text = notice.text(access) if callable(notice.text) and access is not None else notice.text
        words = str(text)[:TEXT_LIMIT]
    return Notification(
        user=user,
        kind=notice.kind,
        title=notice.about.title,
        text=words,
        process_id=notice.about.process_id,
        record_id=notice.about.record_id or None,
        actor_label=notice.actor.label,
        event_id=notice.event_id,
        run_id=notice.actor.run_id if notice.event_id is None else None,
    )


def _write(rows: Sequence[tuple[Notification, Actor]]) -> list[Notification]:
    """Write rows with whose act each tells of, ring the bells, and return the rows as stored; a repeat for an event
    finds those of the first time."""
    actors = {_place(row): actor for row, actor in rows}
    stored = Notification.objects.bulk_create([row for row, _actor in rows if row.event_id is None])
    of_events = [row for row, _actor in rows if row.event_id is not None]
    if of_events:
        Notification.objects.bulk_create(of_events, ignore_conflicts=True)
        places = {
            "event_id__in": {row.event_id for row in of_events},
            "user_id__in": {row.user_id for row in of_events},
        }
        stored += [row for row in Notification.objects.filter(**places).order_by("id") if _place(row) in actors]
    publish_many(
        [
            event_by(
                actors[_place(row)], "notification.created", process_id=row.process_id, data={"user_id": row.user_id}
            )
            for row in stored
        ]
    )
    return stored


def _place(row: Notification) -> tuple[int, int | None, str]:
    return row.user_id, row.event_id, row.kind
