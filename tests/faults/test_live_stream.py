"""F30: streams are cut, their server is killed and rights are taken away, while records come and move."""

import json
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.operations import create_record, move_record
from tests.factories import make_process, make_role, make_user
from tests.live.listener import LiveListener
from tests.stack import Stack, StackProcess, free_port, wait_for

pytestmark = pytest.mark.faults_b

BROWSERS = 6
RECORDS = 300
DROPS = 12
FAR_BEHIND = 120
"""Events by which the slowest browser may be late: beyond 200 a page is told to load anew, which is another story."""
REVOKED_WITHIN = 1.0
"""Seconds."""


class Browser:
    """What an EventSource does: connects again with the number it has heard last; remembers what it was told."""

    def __init__(self, address: str, user: User) -> None:
        self.address = address
        self.user = user
        self.heard: list[dict[str, Any]] = []
        self.connections = 0
        self.resets = 0
        self._last: int | None = None
        self._is_over = threading.Event()
        self._stream = LiveListener(address, user)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    @property
    def numbers(self) -> list[int]:
        """The `seq` of each message about a record."""
        return [int(message["id"]) for message in self.heard]

    def drop(self) -> None:
        """Cut its connection."""
        self._stream.drop()

    def close(self) -> None:
        """The page goes away."""
        self._is_over.set()
        self.drop()
        self._thread.join(30)

    def _follow(self) -> None:
        try:
            while not self._is_over.is_set():
                self.connections += 1
                self._listen()
                self._connect()
        finally:
            connection.close()

    def _listen(self) -> None:
        while not (self._stream.closed.is_set() and self._stream.events.empty()):
            try:
                message = self._stream.events.get(timeout=0.1)
            except queue.Empty:
                continue
            self._last = int(message["id"])
            data = json.loads(message["data"])
            if data.get("record"):
                self.heard.append(message)
            self.resets += message.get("event") == "reset"

    def _connect(self) -> None:
        while not self._is_over.is_set():
            try:
                self._stream = LiveListener(self.address, self.user, self._last)
                return
            except OSError:
                self._is_over.wait(0.1)  # its server is not there yet


@pytest.fixture
def process(committed: None) -> Process:
    return make_process()


@pytest.fixture
def browsers(process: Process) -> Iterator[list[Browser]]:
    opened: list[Browser] = []
    yield opened
    for browser in opened:
        browser.close()


def watcher(process: Process) -> tuple[User, int]:
    """Somebody who may see everything, and the role that says so."""
    user = make_user()
    role = make_role(people=(user,))
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    return user, role.pk


def test_f30_dropped_streams_miss_nothing_and_a_revoked_one_falls_silent(
    stack: Stack, process: Process, browsers: list[Browser], report: Callable[..., None], fault_seed: int
) -> None:
    """Six browsers, 300 records created and moved, twelve cuts, one kill -9 of the server, one right taken away."""
    chance = random.Random(fault_seed)
    port = free_port()
    stack.relay()
    address = stack.web(port)
    web = stack._started[-1]
    people = [watcher(process) for _browser in range(BROWSERS + 1)]
    wait_for(lambda: not Event.objects.filter(seq=None).exists())
    browsers += [Browser(address, user) for user, _role in people]
    *stays, revoked = browsers
    wait_for(lambda: all(browser._last is not None for browser in browsers))
    revoked_at = 0.0

    for number in range(RECORDS):
        row = create_record(process, values={"title": f"R{number}"}, actor=SYSTEM)
        move_record(process, row.pk, to="in_work", actor=SYSTEM)
        wait_for(lambda made=number: all(len(browser.heard) >= 2 * made - FAR_BEHIND for browser in stays))
        if number % (RECORDS // DROPS) == 0:
            chance.choice(stays).drop()
        if number == RECORDS // 3:
            web = replace(stack, web, port)
        if number == RECORDS // 2:
            wait_for(lambda: revoked.heard)
            set_grants(process, {people[-1][1]: {}}, actor=SYSTEM)
            revoked_at = time.monotonic()
    expected = relayed_numbers(process)
    assert wait_for(lambda: all(len(browser.heard) >= len(expected) for browser in stays))

    late = [message["at"] - revoked_at for message in revoked.heard if message["at"] > revoked_at]
    report(
        browsers=BROWSERS,
        events=len(expected),
        connections=sum(browser.connections for browser in stays),
        missed=sum(len(set(expected) - set(browser.numbers)) for browser in stays),
        doubled=sum(len(browser.numbers) - len(set(browser.numbers)) for browser in stays),
        after_revocation=len(late),
        last_after_revocation_seconds=round(max(late, default=0.0), 3),
        heard_by_revoked=len(revoked.heard),
        resets=sum(browser.resets for browser in stays),
    )
    assert revoked.resets > 0
    assert [browser.numbers for browser in stays] == [expected] * BROWSERS
    assert 0 < len(revoked.heard) < len(expected)
    assert [seconds for seconds in late if seconds > REVOKED_WITHIN] == []
    assert sum(browser.connections for browser in stays) > BROWSERS + DROPS // 2


def replace(stack: Stack, web: StackProcess, port: int) -> StackProcess:
    """kill -9 of the server; another one at the same address."""
    web.kill()
    web.process.wait()
    stack.web(port)
    return stack._started[-1]


def relayed_numbers(process: Process) -> list[int]:
    """The `seq` of everything that has happened to records of the process, once all is relayed."""
    events = Event.objects.filter(process_id=process.pk, kind__in=["record.created", "record.moved"])
    wait_for(lambda: not Event.objects.filter(seq=None).exists())
    assert events.count() == 2 * RECORDS
    return list(events.order_by("seq").values_list("seq", flat=True))
