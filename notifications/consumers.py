"""Telling people of what concerns them: work that has become theirs, tasks, mentions, what happens to records that they
watch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.actor import Actor, ActorKind
from core.errors import Text
from events.consumers import Consumer, consumers
from events.models import Event
from notifications.deliveries import has_due
from notifications.operations import Notice, Subject, notify_many, tell_of_work
from processes.permissions import Access

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOVED = "record.moved"
"""Of several in a batch the last one is told: only where it led the record stands now."""

Telling = tuple[str, Iterable[int], Text | Callable[[Access], Text]]
"""Kind, people, words."""


def _assigned(event: Event) -> Iterator[Telling]:
    before, after = event.changes.get("assignee", (None, None))
    if after and after != before:
        yield "assigned", [after], _("You are responsible for this now.")


def _task(event: Event) -> Iterator[Telling]:
    if person := event.data.get("task_assignee"):
        yield "task", [person], format_lazy("{}: {}", _("A task for you"), lazystr(event.data.get("title", "")))


def _mentioned(event: Event) -> Iterator[Telling]:
    if people := event.data.get("mentions"):
        yield "mentioned", people, _("You were mentioned in a comment.")


def _observing(event: Event) -> Iterator[Telling]:
    before, after = event.changes.get("observers", (None, None))
    if people := set(after or ()) - set(before or ()):
        yield "observing", people, _("You were made an observer.")


def _moved(event: Event) -> Iterator[Telling]:
    def words(reader: Access) -> Text:
        stage = reader.definition.stage_by_id.get(event.data["snapshot"]["stage"])
        return format_lazy(_("It is in “{}” now."), stage.name) if stage is not None else _("It has moved.")

    yield "moved", _observers(event), words


def _commented(event: Event) -> Iterator[Telling]:
    yield "commented", _observers(event), _("There is a new comment.")


_TELLINGS: Mapping[str, Sequence[Callable[[Event], Iterator[Telling]]]] = {
    "record.created": (_assigned, _observing),
    "record.updated": (_assigned, _observing),
    MOVED: (_moved,),
    "task.created": (_task,),
    "comment.added": (_mentioned, _commented),
}
"""Kind of event → what is told of it; one person hears the first that concerns them."""


@consumers.register
class Notifications(Consumer):
    """Writes notifications about events; the unique constraint of (user, event, kind) makes repeats harmless."""

    key = "notifications"
    label = _("Notifications")
    bells: ClassVar[dict[str, str]] = {"notifications.deliver": "mail"}

    def consume(self, events: Sequence[Event]) -> bool:
        last = {event.record_id: event for event in events if "snapshot" in event.data}
        last_move = {event.record_id: event.pk for event in events if event.kind == MOVED}
        notify_many(
            [
                Notice(people, _subject(event, last[event.record_id]), kind, words, _actor(event), event.pk)
                for event in events
                if event.kind in _TELLINGS and not event.data.get("quiet")
                if event.kind != MOVED or last_move[event.record_id] == event.pk
                if last[event.record_id].kind != "record.deleted"
                for tell in _TELLINGS[event.kind]
                for kind, people, words in tell(event)
            ]
        )
        for event in events:
            if event.kind == "import.finished":
                _tell_of_import(event)
            if event.kind == "export.finished" and event.data["is_awaited"]:
                _tell_of_export(event)
            if event.kind == "bulk.finished":
                _tell_of_bulk(event)
            if event.kind == "bulk.stopped" and event.data.get("user_id") not in (None, event.actor_user_id):
                _tell_of_stopped_bulk(event)
        return False

    def poll(self) -> bool:
        return has_due()


def _tell_of_import(event: Event) -> None:
    if event.data["state"] == "done":
        words = _("The import is done. New: {created}, updated: {updated}, rejected: {rejected}.")
    else:
        words = _("The import has failed: {error} New: {created}, updated: {updated}, rejected: {rejected}.")
    _tell_of_work(event, "import", words, "created", "updated", "rejected", "error")


def _tell_of_export(event: Event) -> None:
    words = _("The file is ready. Records: {rows}.")
    if event.data["state"] != "done":
        words = _("The export has failed: {error}")
    _tell_of_work(event, "export", words, "rows", "error")


def _tell_of_bulk(event: Event) -> None:
    words = _("It is done. Changed: {changed}, as they were: {unchanged}, refused: {refused}.")
    if event.data["state"] != "done":
        words = _("It has failed: {error} Changed: {changed}, as they were: {unchanged}, refused: {refused}.")
    _tell_of_work(event, "bulk", words, "changed", "unchanged", "refused", "error")


def _tell_of_stopped_bulk(event: Event) -> None:
    words = _("{who} has stopped it. Changed: {changed}, as they were: {unchanged}, refused: {refused}.")
    _tell_of_work(event, "bulk", words, "changed", "unchanged", "refused", to=event.data["user_id"])


def _tell_of_work(event: Event, kind: str, words: "_StrPromise", *said: str, to: int | None = None) -> None:
    """Tell whoever began a work (or `to`) how it has ended, in words with places for these parts of the event."""
    tell_of_work(
        to or event.actor_user_id or 0,
        process_id=event.process_id or 0,
        kind=kind,
        title=event.data["name"],
        text=format_lazy(words, who=event.actor_label, **{key: event.data[key] for key in said}),
        actor=_actor(event),
        event_id=event.pk,
    )


def _observers(event: Event) -> Sequence[int]:
    return event.data["snapshot"].get("observers") or ()


def _subject(event: Event, last: Event) -> Subject:
    """The record under the title that it had, and where it stands after the last of its events: what one sees no more,
    one hears no more of. A move is told to those who see the record in the stage that it names."""
    told = Subject.of_event(event)
    place = Subject.of_event(last).place
    return replace(told, place=replace(place, stage_id=told.place.stage_id) if event.kind == MOVED else place)


def _actor(event: Event) -> Actor:
    """Whoever acted, as far as telling needs to know. A robot's act is told to everybody it concerns."""
    actor = Actor(kind=ActorKind(event.actor_kind), label=event.actor_label, user_id=event.actor_user_id)
    return replace(actor, user_id=None) if actor.kind == ActorKind.RUN else actor
