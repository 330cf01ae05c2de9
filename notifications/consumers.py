"""Telling people of what concerns them: work that has become theirs, tasks, mentions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.actor import Actor, ActorKind
from core.errors import Text
from events.consumers import Consumer, consumers
from events.models import Event
from notifications.deliveries import has_due
from notifications.operations import Subject, notify, tell_of_work

Telling = tuple[str, Iterable[int], Text]
"""Kind, people, words."""


def _assigned(event: Event) -> Telling | None:
    before, after = event.changes.get("assignee", (None, None))
    return ("assigned", [after], _("You are responsible for this now.")) if after and after != before else None


def _task(event: Event) -> Telling | None:
    person = event.data.get("task_assignee")
    words = format_lazy("{}: {}", _("A task for you"), lazystr(event.data.get("title", "")))
    return ("task", [person], words) if person else None


def _mentioned(event: Event) -> Telling | None:
    people = event.data.get("mentions")
    return ("mentioned", people, _("You were mentioned in a comment.")) if people else None


_TELLINGS: Mapping[str, Callable[[Event], Telling | None]] = {
    "record.created": _assigned,
    "record.updated": _assigned,
    "task.created": _task,
    "comment.added": _mentioned,
}


@consumers.register
class Notifications(Consumer):
    """Writes notifications about events; the unique constraint of (user, event, kind) makes repeats harmless."""

    key = "notifications"
    label = _("Notifications")
    bells: ClassVar[dict[str, str]] = {"notifications.deliver": "mail"}

    def consume(self, events: Sequence[Event]) -> bool:
        for event in events:
            tell = _TELLINGS.get(event.kind)
            telling = tell(event) if tell and not event.data.get("quiet") else None
            if telling:
                kind, people, words = telling
                notify(
                    people, about=Subject.of_event(event), kind=kind, text=words, actor=_actor(event), event_id=event.pk
                )
            if event.kind == "import.finished":
                _tell_of_import(event)
            if event.kind == "export.finished" and event.data["is_awaited"]:
                _tell_of_export(event)
        return False

    def poll(self) -> bool:
        return has_due()


def _tell_of_import(event: Event) -> None:
    if event.data["state"] == "done":
        words = _("The import is done. New: {created}, updated: {updated}, rejected: {rejected}.")
    else:
        words = _("The import has failed: {error} New: {created}, updated: {updated}, rejected: {rejected}.")
    tell_of_work(
        event.actor_user_id or 0,
        process_id=event.process_id or 0,
        kind="import",
        title=event.data["name"],
        text=format_lazy(words, **{key: event.data[key] for key in ("created", "updated", "rejected", "error")}),
        actor=_actor(event),
        event_id=event.pk,
    )


def _tell_of_export(event: Event) -> None:
    words = _("The file is ready. Records: {rows}.")
    if event.data["state"] != "done":
        words = _("The export has failed: {error}")
    tell_of_work(
        event.actor_user_id or 0,
        process_id=event.process_id or 0,
        kind="export",
        title=event.data["name"],
        text=format_lazy(words, rows=event.data["rows"], error=event.data["error"]),
        actor=_actor(event),
        event_id=event.pk,
    )


def _actor(event: Event) -> Actor:
    """Whoever acted, as far as telling needs to know. A robot's act is told to everybody it concerns."""
    actor = Actor(kind=ActorKind(event.actor_kind), label=event.actor_label, user_id=event.actor_user_id)
    return replace(actor, user_id=None) if actor.kind == ActorKind.RUN else actor
