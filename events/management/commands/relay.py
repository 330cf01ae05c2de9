"""`manage.py relay`: the poll that makes lost bells harmless."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from events.consumers import consumers
from events.relay import relay_all, ring_bells

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Relays events and wakes workers for what has come due, once a second, until told to stop."""

    requires_system_checks = ()  # they would load every page of the product for good
    help = "Relay events once a second; several may run, one does the work."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        while not stop.is_set():
            self._once()
            stop.wait(1.0)

    def _once(self) -> None:
        try:
            relay_all()
            for consumer in consumers:
                if consumer.poll():
                    ring_bells(consumer)
        except OperationalError as error:
            logger.warning("The database does not answer, trying again: %s", error)
            connection.close()
        close_old_connections()
