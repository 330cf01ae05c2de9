"""What needs a person: telling them, and stopping what would fail for ever."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from automation.models import RULES, Robot, Run
from core.actor import Actor, ActorKind
from core.errors import Text
from events.models import Event
from events.publish import publish
from notifications.operations import Subject, notify
from processes.permissions import Access
from records.models import Record
from records.operations import GatePending, MoveRefused


def tell_of_held(held: Iterable[tuple[Run, Event]]) -> None:
    """Tell the author of a held rule, once for everything that one act of a person has set off."""
    for run, event in held:
        author = RULES[run.rule_kind].objects.filter(pk=run.rule_id).values_list("author_id", flat=True).first()
        if author is not None:
            words = _("Held, because automations set each other off: {} {}")
            notify(
                [author],
                about=Subject.of_event(event),
                kind="held",
                text=format_lazy(words, run.name, run.reason),
                actor=Actor(kind=ActorKind.SYSTEM, label=run.name),
                event_id=event.root,
            )


def tell_of_blocked(run: Run, error: GatePending | MoveRefused) -> None:
    """Tell whoever is responsible for a record that an automation could not move it, and why, as they may know it."""
    record = Record.objects.filter(pk=run.record_id).first()
    if record is not None and record.assignee_id is not None:
        about = Subject.of(record.process_id, record)

        def words(reader: Access) -> Text:
            why = error.said_to(reader, record) if isinstance(error, GatePending) else error.message
            return format_lazy(_("“{}” could not move it: {}"), run.name, why)

        notify(
            [record.assignee_id],
            about=about,
            kind="blocked",
            text=words,
            actor=Actor(kind=ActorKind.SYSTEM, label=run.name),
            event_id=run.event_id,
        )


@transaction.atomic
def switch_off_gone(run: Run) -> None:
    """Switch off a robot whose address has answered that it is gone for good, and tell its author. Once.

    A robot that has got another version since then is left alone.
    """
    present = Robot.objects.filter(pk=run.rule_id, version=run.rule_version, is_on=True)
    robot = present.first()
    if robot is None or not present.update(is_on=False):
        return
    actor = Actor(kind=ActorKind.SYSTEM, label=robot.name)
    data = {"robot": robot.pk, "name": robot.name}
    publish("robot.switched", actor=actor, process_id=robot.process_id, changes={"is_on": (True, False)}, data=data)
    record = Record.objects.filter(pk=run.record_id).first()
    if record is not None and robot.author_id is not None:
        about = Subject.of(record.process_id, record)
        words = _("“{}” is switched off: its address says that it is gone for good.")
        notify([robot.author_id], about=about, kind="gone", text=format_lazy(words, robot.name), actor=actor)
