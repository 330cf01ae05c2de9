"""Sending what waits for an outside channel: at least once, under one key.

Who claims a delivery moves its due time ahead; so a sender that dies is followed by another after that time, and
nobody sends at the same time. Nothing is sent inside a transaction.
"""

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from notifications.channel import TryLater, Undeliverable, channels
from notifications.models import Delivery

logger = logging.getLogger(__name__)

HIDDEN = timedelta(seconds=120)
"""How long a delivery belongs to the one who claimed it."""
PAUSES = (10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds before the next attempt."""
WORK_SECONDS = 15.0
BATCH = 5


def has_due() -> bool:
    """Whether something waits to be sent; one indexed query."""
    return Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=Now()).exists()


def deliver_due(seconds: float = WORK_SECONDS) -> int:
    """Send what is due until nothing is or the time is over; returns how many were sent."""
    deadline = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < deadline:
        batch = _claim()
        if not batch:
            break
        sent += sum(_deliver(delivery) for delivery in batch)
    return sent


@transaction.atomic
def _claim() -> list[Delivery]:
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=Now()).order_by("due_at", "id")
    ids = [delivery.pk for delivery in due.select_for_update(skip_locked=True)[:BATCH]]
    Delivery.objects.filter(pk__in=ids).update(due_at=Now() + HIDDEN, attempts=F("attempts") + 1)
    return list(Delivery.objects.filter(pk__in=ids).select_related("notification__user").order_by("pk"))


def _deliver(delivery: Delivery) -> bool:
    try:
        channels[delivery.channel].send(delivery)
    except TryLater as error:
        _try_later(delivery, str(error))
        return False
    except Undeliverable as error:
        delivery.fail(str(error))
        delivery.save(update_fields=["state", "error"])
        return False
    delivery.succeed()
    delivery.sent_at = Now()
    delivery.save(update_fields=["state", "error", "sent_at"])
    return True


def _try_later(delivery: Delivery, error: str) -> None:
    logger.warning("Delivery %d by %s: %s", delivery.pk, delivery.channel, error)
    if delivery.attempts > len(PAUSES):
        delivery.fail(_("Given up after %(count)d attempts: %(error)s") % {"count": delivery.attempts, "error": error})
        delivery.save(update_fields=["state", "error"])
        return
    delivery.error = error
    delivery.due_at = Now() + timedelta(seconds=PAUSES[delivery.attempts - 1])
    delivery.save(update_fields=["error", "due_at"])
