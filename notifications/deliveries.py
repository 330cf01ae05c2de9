"""Sending what waits for an outside channel (see `core.outbox`)."""

from core.outbox import Outbox
from notifications.channel import channels
from notifications.models import Delivery


def _send(delivery: Delivery) -> None:
    channels[delivery.channel].send(delivery)


outbox = Outbox(Delivery, _send, "notification__user")
has_due = outbox.has_due
deliver_due = outbox.deliver_due
