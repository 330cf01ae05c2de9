"""The live stream against a real server, PostgreSQL and Redis."""

import http.client
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from accounts.models import User
from accounts.operations import deactivate_person, end_other_sessions
from core.actor import SYSTEM
from events.relay import relay_all
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.operations import create_record, move_record, update_record
from tests.factories import actor_of, make_process, make_role, make_user, session_of
from tests.stack import Stack, wait_for

PATIENCE = 15.0


class Listener:
    """A browser's EventSource, as far as a test needs one."""

    def __init__(self, address: str, user: User, seq: int | None = None) -> None:
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(user)}"
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.closed = threading.Event()
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        headers = {"Cookie": self.cookie} | ({} if seq is None else {"Last-Event-ID": str(seq)})
        self.connection.request("GET", "/live/", headers=headers)
        self.response = self.connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        message: dict[str, Any] = {}
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                if not line and message:
                    self.events.put(message)
                    message = {}
                elif line and not line.startswith(":"):
                    name, _colon, value = line.partition(": ")
                    message[name] = value
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # the test closed the connection
        self.closed.set()

    def next(self) -> dict[str, Any]:
        """The next message, its data parsed; raises queue.Empty after PATIENCE."""
        message = self.events.get(timeout=PATIENCE)
        return {**message, "data": json.loads(message["data"])}

    def ready(self) -> "Listener":
        """Wait for the greeting."""
        assert self.next()["event"] == "ready"
        return self


@pytest.fixture
def address(stack: Stack) -> str:
    return stack.web()


@pytest.fixture
def process(committed: None) -> Process:
    return make_process()


@pytest.fixture
def listen(address: str) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def start(user: User, seq: int | None = None) -> Listener:
        opened.append(Listener(address, user, seq))
        return opened[-1]

    yield start
    for listener in opened:
        if listener.connection.sock:
            listener.connection.sock.shutdown(socket.SHUT_RDWR)


def watcher(process: Process, scope: Scope = Scope.ALL) -> User:
    user = make_user()
    set_grants(process, {make_role(people=(user,)).pk: {Operation.VIEW: scope}}, actor=SYSTEM)
    relay_all()
    return user


def test_two_watchers_hear_a_move_with_ids_only(process: Process, listen: Callable[..., Listener]) -> None:
    listeners = [listen(watcher(process)).ready(), listen(watcher(process)).ready()]
    row = create_record(process, values={"title": "Secret words", "amount": 5}, actor=SYSTEM)
    relay_all()
    for listener in listeners:
        message = listener.next()
        while message["data"].get("kind") != "record.created":
            message = listener.next()
        stage = definition_of(process).stage("received").id
        assert message["data"] == {
            "kind": "record.created",
            "process": process.key,
            "record": row.pk,
            "version": 1,
            "stage": stage,
            "from": None,
        }


def test_reconnecting_browser_gets_exactly_what_it_missed(process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process)
    first = listen(user).ready()
    row = create_record(process, values={}, actor=SYSTEM)
    relay_all()
    seq = int(first.next()["id"])
    for target in ("in_work", "completed", "in_work"):
        move_record(process, row.pk, to=target, actor=SYSTEM)
    relay_all()
    again = listen(user, seq).ready()
    stages = [definition_of(process).stage(again.next()["data"]["stage"]).key for _ in range(3)]
    assert stages == ["in_work", "completed", "in_work"]


def test_browser_that_missed_too_much_is_told_to_reload(process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process)
    row = create_record(process, values={}, actor=SYSTEM)
    for amount in range(1, 211):
        update_record(process, row.pk, values={"amount": amount}, actor=SYSTEM)
    relay_all()
    assert listen(user, 1).ready().next()["event"] == "reset"


def test_own_scope_hears_of_own_records_and_of_losing_one(process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process, Scope.OWN)
    listener = listen(user).ready()
    create_record(process, values={"title": "Foreign"}, actor=SYSTEM)
    mine = create_record(process, values={"title": "Mine", "assignee": user.pk}, actor=SYSTEM)
    update_record(process, mine.pk, values={"assignee": None}, actor=SYSTEM)
    relay_all()
    heard = [listener.next()["data"] for _ in range(2)]
    assert [(message["kind"], message["record"]) for message in heard] == [
        ("record.created", mine.pk),
        ("record.hidden", mine.pk),
    ]


def test_nothing_is_heard_after_a_right_is_revoked(process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process)
    role_id = user.role_assignments.get().role_id
    listener = listen(user).ready()
    set_grants(process, {role_id: {}}, actor=SYSTEM)
    relay_all()
    for _ in range(20):
        create_record(process, values={}, actor=SYSTEM)
    relay_all()
    stays = make_user(is_admin=True)
    heard = listen(stays, 0).ready()
    assert wait_for(lambda: heard.events.qsize() >= 20)
    assert listener.events.empty()


def test_stream_of_a_deactivated_person_ends(process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process)
    make_user(is_admin=True)
    listener = listen(user).ready()
    deactivate_person(user, actor=SYSTEM)
    relay_all()
    assert listener.closed.wait(PATIENCE)
    assert actor_of(make_user()) is not None
    assert listen(user).response.status == HTTPStatus.UNAUTHORIZED


def test_stream_of_a_session_signed_out_from_afar_ends_and_the_other_stays(
    process: Process, listen: Callable[..., Listener]
) -> None:
    user = watcher(process)
    gone, stays = listen(user).ready(), listen(user).ready()
    keep = stays.cookie.partition("=")[2]
    assert end_other_sessions(user, keep=keep, actor=actor_of(user)) == 1
    relay_all()
    assert gone.closed.wait(PATIENCE)
    record = create_record(process, values={}, actor=SYSTEM)
    relay_all()
    assert stays.next()["data"]["record"] == record.pk


def test_stranger_is_refused(address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", "/live/")
    assert connection.getresponse().status == HTTPStatus.UNAUTHORIZED


def test_streams_cost_no_threads(address: str, stack: Stack, process: Process, listen: Callable[..., Listener]) -> None:
    user = watcher(process)
    web = stack._started[0]

    def threads() -> int:
        with open(f"/proc/{web.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))

    listen(user).ready()
    before = threads()
    for _ in range(60):
        listen(user).ready()
    assert threads() - before <= 10
