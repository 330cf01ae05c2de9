"""Programs that create records over REST and repeat what was not answered, under the same key."""

import http.client
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.stack import wait_for

PATIENCE = 600.0
"""Seconds after which trying again is a hang."""
REPEATED = frozenset({409, 429, 500, 502, 503, 504})
PAUSE = 0.2
"""Seconds between two tries."""


@dataclass
class RestProducer:
    """Threads that share the numbers 0 … count - 1; each number is one record under one Idempotency-Key."""

    addresses: Sequence[str]
    path: str
    secret: str
    count: int
    headers: Mapping[str, str] = field(default_factory=dict)
    threads: int = 4
    ids: dict[int, int] = field(default_factory=dict)
    """Number → the id that was answered."""
    tries: Counter[str] = field(default_factory=Counter)
    """What came of all tries: a status, `replayed`, or the kind of a broken connection."""

    def __post_init__(self) -> None:
        self._numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(self.count):
            self._numbers.put(number)
        self._may_go = threading.Event()
        self._may_go.set()
        self._busy = threading.Semaphore(self.threads)
        self._started = [threading.Thread(target=self._work, daemon=True) for _thread in range(self.threads)]

    def start(self) -> "RestProducer":
        """Begin."""
        for thread in self._started:
            thread.start()
        return self

    def pause(self) -> None:
        """Begin nothing new and wait for the answers to what was begun."""
        self._may_go.clear()
        for _thread in range(self.threads):
            assert self._busy.acquire(timeout=PATIENCE)
        for _thread in range(self.threads):
            self._busy.release()

    def resume(self) -> None:
        """Go on after a pause."""
        self._may_go.set()

    def wait_for(self, count: int) -> None:
        """Wait until so many records were answered for."""
        wait_for(lambda: len(self.ids) >= count or not self._is_alive(), patience=PATIENCE, every=0.05)
        assert len(self.ids) >= count, f"The producer has ended early: {self.tries}"

    def wait(self) -> None:
        """Wait for the last answer."""
        self.wait_for(self.count)
        for thread in self._started:
            thread.join(PATIENCE)

    def post(self, number: int, address: str) -> None:
        """Create the record of a number, as often as it takes."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._try(number, address):
                return
            time.sleep(PAUSE)

    def _is_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._started)

    def _work(self) -> None:
        while True:
            self._may_go.wait()
            with self._busy:
                if not self._may_go.is_set():
                    continue
                try:
                    number = self._numbers.get_nowait()
                except queue.Empty:
                    return
                self.post(number, self.addresses[number % len(self.addresses)])

    def _try(self, number: int, address: str) -> bool:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"load-{number}",
            **self.headers,
        }
        try:
            connection.request("POST", self.path, json.dumps({"title": f"R{number}"}), headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.tries[type(error).__name__] += 1
            return False
        finally:
            connection.close()
        self.tries[str(response.status)] += 1
        if response.status != http.client.CREATED:
            assert response.status in REPEATED, body
            return False
        self.tries["replayed"] += response.headers.get("Idempotent-Replayed") == "true"
        record_id = json.loads(body)["id"]
        assert self.ids.setdefault(number, record_id) == record_id
        return True
