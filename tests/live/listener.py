"""A browser's EventSource, as far as a test needs one."""

import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import User
from tests.factories import session_of

PATIENCE = 15.0


class LiveListener:
    """One stream, read in a thread; `seq` is what the browser has heard last, `headers` what a proxy adds, `age` how
    many milliseconds ago the page was asked for.

    Each message has the keys of the stream (`id`, `event`, `data`) and `at`, when it came by the monotonic clock.
    """

    def __init__(
        self,
        address: str,
        user: User,
        seq: int | None = None,
        headers: Mapping[str, str] | None = None,
        age: int | None = None,
    ) -> None:
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.closed = threading.Event()
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(user)}"
        since = {} if seq is None else {"Last-Event-ID": str(seq)}
        self.connection.request(
            "GET",
            "/live/" if age is None else f"/live/?age={age}",
            headers={"Cookie": self.cookie, **since, **(headers or {})},
        )
        self.response = self.connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        message: dict[str, Any] = {}
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                if not line and message:
                    self.events.put({**message, "at": time.monotonic()})
                    message = {}
                elif line and not line.startswith(":"):
                    name, _colon, value = line.partition(": ")
                    message[name] = value
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # the connection was cut
        self.closed.set()

    def next(self) -> dict[str, Any]:
        """The next message, its data parsed; raises queue.Empty after PATIENCE."""
        message = self.events.get(timeout=PATIENCE)
        return {**message, "data": json.loads(message["data"])}

    def ready(self) -> "LiveListener":
        """Wait for the greeting."""
        assert self.next().get("event") == "ready"
        return self

    def drop(self) -> None:
        """Cut the connection."""
        if self.connection.sock:
            with suppress(OSError):  # the other side was faster
                self.connection.sock.shutdown(socket.SHUT_RDWR)
