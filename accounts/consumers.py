"""Telling the workers that letters wait."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.letters import outbox
from events.consumers import Consumer, consumers
from events.models import Event


@consumers.register
class Letters(Consumer):
    """Rings for letters about accounts. They are written where they are asked for, not from events."""

    key = "letters"
    label = _("Letters")
    bells: ClassVar[dict[str, str]] = {"accounts.deliver": "mail"}

    def consume(self, events: Sequence[Event]) -> bool:
        return any(event.kind == "person.invited" and event.data.get("by_mail") for event in events)

    def poll(self) -> bool:
        return outbox.has_due()
