"""Telling the owner of a robot what needs a person."""

from collections.abc import Iterable

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from automation.models import Robot, Run
from core.actor import Actor, ActorKind
from events.models import Event
from notifications.operations import Subject, notify


def tell_of_held(held: Iterable[tuple[Run, Event]]) -> None:
    """Tell the author of a held robot, once for everything that one act of a person has set off."""
    for run, event in held:
        author = Robot.objects.filter(pk=run.rule_id).values_list("author_id", flat=True).first()
        if author is not None:
            words = _("Held, because automations set each other off: {} {}")
            notify(
                [author],
                about=_subject(event),
                kind="held",
                text=format_lazy(words, run.name, run.reason),
                actor=Actor(kind=ActorKind.SYSTEM, label=run.name),
                event_id=event.root,
            )


def _subject(event: Event) -> Subject:
    snapshot = event.data["snapshot"]
    return Subject(
        event.process_id or 0,
        event.record_id or 0,
        snapshot["title"],
        snapshot["assignee"],
        snapshot["author"],
    )
