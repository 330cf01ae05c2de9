"""The bell: tells the workers that the outbox has something, without ever holding up a request.

A broker that accepts and stays silent holds `delay()` for its whole timeout; so one background thread with one
slot rings. A lost ring costs at most a second: the relay process polls.
"""

import logging
import os
import threading
import time

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

REST = 0.05
"""Seconds between two rings. The first is at once; what happens in between is relayed together, at a fraction of the
price of a relay for every event."""


class Bell:
    """One slot, one thread: any number of rings while the thread is busy become one more ring."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._pid = 0

    def ring(self) -> None:
        """Ask for a ring and return at once."""
        if self._pid != os.getpid():
            self._start()
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._wanted = threading.Event()
            threading.Thread(target=self._work, args=(self._wanted,), name="bell", daemon=True).start()
            self._pid = os.getpid()

    def _work(self, wanted: threading.Event) -> None:
        while True:
            wanted.wait()
            wanted.clear()
            try:
                current_app.send_task("events.relay", queue="relay", ignore_result=True, retry=False)
            except (OperationalError, OSError) as error:
                logger.warning("The bell could not ring: %s", error)
            time.sleep(REST)


_bell = Bell()


def ring() -> None:
    """Ring the bell for the relay; returns at once, whatever the broker does."""
    _bell.ring()
