"""Sending what waits in a table: at least once, under one key.

Who claims a row moves its due time ahead; so a sender that dies is followed by another after that time, and nobody
sends at the same time. Nothing is sent inside a transaction.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.errors import SmartCRMError

logger = logging.getLogger(__name__)

HIDDEN = timedelta(seconds=120)
"""How long a row belongs to the one who claimed it."""
PAUSES = (10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds before the next attempt."""
WORK_SECONDS = 15.0
BATCH = 5


class Undeliverable(SmartCRMError):
    """It will not get through, however often one tries."""

    code = "undeliverable"


class TryLater(SmartCRMError):
    """It did not get through; another attempt may."""

    code = "try_later"


class Outbox:
    """The rows of one model that wait to be sent, and the function that sends one.

    The model has `state` ("waiting" until its transitions `succeed()` or `fail(error)`), `due_at`, `attempts`, `error`
    and `sent_at`. `send` raises TryLater or Undeliverable; `related` is fetched with a row.
    """

    def __init__(self, model: Any, send: Callable[[Any], None], *related: str) -> None:
        self.model = model
        self.send = send
        self.related = related

    def has_due(self) -> bool:
        """Whether something waits to be sent; one indexed query."""
        return bool(self._due().exists())

    def deliver_due(self, seconds: float = WORK_SECONDS) -> int:
        """Send what is due until nothing is or the time is over; returns how many were sent."""
        deadline = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < deadline:
            batch = self._claim()
            if not batch:
                break
            sent += sum(self._deliver(row) for row in batch)
        return sent

    def _due(self) -> Any:
        return self.model.objects.filter(state="waiting", due_at__lte=Now())

    @transaction.atomic
    def _claim(self) -> list[Any]:
        due = self._due().order_by("due_at", "id").select_for_update(skip_locked=True)
        ids = [row.pk for row in due[:BATCH]]
        rows = self.model.objects.filter(pk__in=ids)
        rows.update(due_at=Now() + HIDDEN, attempts=F("attempts") + 1)
        return list(rows.select_related(*self.related).order_by("pk"))

    def _deliver(self, row: Any) -> bool:
        try:
            self.send(row)
        except TryLater as error:
            self._try_later(row, str(error))
            return False
        except Undeliverable as error:
            self._give_up(row, str(error))
            return False
        row.succeed()
        row.sent_at = Now()
        row.save(update_fields=["state", "error", "sent_at"])
        return True

    def _try_later(self, row: Any, error: str) -> None:
        logger.warning("%s: %s", row, error)
        if row.attempts > len(PAUSES):
            said = _("Given up after %(count)d attempts: %(error)s") % {"count": row.attempts, "error": error}
            self._give_up(row, said)
            return
        row.error = error
        row.due_at = Now() + timedelta(seconds=PAUSES[row.attempts - 1])
        row.save(update_fields=["error", "due_at"])

    def _give_up(self, row: Any, error: str) -> None:
        row.fail(error)
        row.save(update_fields=["state", "error"])
