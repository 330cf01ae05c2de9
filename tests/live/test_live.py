"""The live stream against a real server, PostgreSQL and Redis."""

import http.client
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.operations import begin_view, deactivate_person, end_other_sessions, end_view
from accounts.sessions import SessionStore
from core.actor import SYSTEM
from events.models import Event
from events.relay import relay_all
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import add_pipeline, set_grants, update_pipeline
from records.operations import create_record, move_record, update_record
from smartcrm.live.messages import newest_seq
from tests.factories import actor_of, make_process, make_role, make_user
from tests.live.listener import PATIENCE, LiveListener
from tests.stack import Stack, wait_for

Listen = Callable[..., LiveListener]


@pytest.fixture
def address(stack: Stack) -> str:
    return stack.web()


@pytest.fixture
def process(committed: None) -> Process:
    return make_process()


@pytest.fixture
def listen(address: str) -> Iterator[Listen]:
    opened: list[LiveListener] = []

    def start(user: User, seq: int | None = None, **more: Any) -> LiveListener:
        opened.append(LiveListener(address, user, seq, **more))
        return opened[-1]

    yield start
    for listener in opened:
        listener.drop()


def watcher(process: Process, scope: Scope = Scope.ALL) -> User:
    user = make_user()
    set_grants(process, {make_role(people=(user,)).pk: {Operation.VIEW: scope}}, actor=SYSTEM)
    relay_all()
    return user


def test_two_watchers_hear_a_move_with_ids_only(process: Process, listen: Listen) -> None:
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


def test_reconnecting_browser_gets_exactly_what_it_missed(process: Process, listen: Listen) -> None:
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


def test_new_page_hears_what_has_happened_since_it_was_asked_for(process: Process, listen: Listen) -> None:
    """What is relayed between the page and its stream is not lost; what is older is not told again."""
    user = watcher(process)
    old = create_record(process, values={}, actor=SYSTEM)
    fresh = create_record(process, values={}, actor=SYSTEM)
    Event.objects.exclude(record_id=fresh.pk).update(at=timezone.now() - timedelta(hours=1))
    relay_all()
    new = create_record(process, values={}, actor=SYSTEM)
    page, late = listen(user, age=2000).ready(), listen(user).ready()
    relay_all()
    assert [page.next()["data"]["record"] for _ in range(2)] == [fresh.pk, new.pk]
    assert late.next()["data"]["record"] == new.pk
    assert old.pk < fresh.pk


def test_browser_that_missed_too_much_is_told_to_reload(process: Process, listen: Listen) -> None:
    user = watcher(process)
    row = create_record(process, values={}, actor=SYSTEM)
    for amount in range(1, 211):
        update_record(process, row.pk, values={"amount": amount}, actor=SYSTEM)
    relay_all()
    assert listen(user, 1).ready().next()["event"] == "reset"


def test_own_scope_hears_of_own_records_and_of_losing_one(process: Process, listen: Listen) -> None:
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


def test_nothing_is_heard_after_a_right_is_revoked(process: Process, listen: Listen) -> None:
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
    assert listener.next()["event"] == "reset"
    assert listener.events.empty()


def test_page_is_told_to_be_drawn_anew_when_its_rights_are_gone(process: Process, listen: Listen) -> None:
    user = watcher(process)
    role_id = user.role_assignments.get().role_id
    listener = listen(user).ready()
    set_grants(process, {role_id: {}}, actor=SYSTEM)
    relay_all()
    message = listener.next()
    assert (message["event"], message["data"]) == ("reset", {"process": process.key})


def test_closed_pipeline_is_silent_at_once_and_page_is_drawn_anew(process: Process, listen: Listen) -> None:
    """The record comes in one batch with the closing, or before anybody has been told of it."""
    second = add_pipeline(process, name="Second", is_open=True, actor=SYSTEM)
    user = watcher(process)
    listener = listen(user).ready()
    update_pipeline(second, name="Second", is_open=False, actor=SYSTEM)
    create_record(process, values={}, stage="second.new", actor=SYSTEM)
    add_pipeline(process, name="Third", actor=SYSTEM)
    create_record(process, values={}, stage="third.new", actor=SYSTEM)
    seen = create_record(process, values={}, stage="main.received", actor=SYSTEM)
    relay_all()
    heard = [listener.next() for _ in range(2)]
    assert [(one.get("event"), one["data"].get("record")) for one in heard] == [(None, seen.pk), ("reset", None)]
    assert listener.events.empty()


def test_page_that_was_away_while_rights_changed_is_drawn_anew(process: Process, listen: Listen) -> None:
    user = watcher(process)
    seq = newest_seq()
    set_grants(process, {user.role_assignments.get().role_id: {}}, actor=SYSTEM)
    relay_all()
    message = listen(user, seq).ready().next()
    assert (message["event"], message["data"]) == ("reset", {})


def test_stream_of_a_deactivated_person_ends(process: Process, listen: Listen) -> None:
    user = watcher(process)
    make_user(is_admin=True)
    listener = listen(user).ready()
    deactivate_person(user, actor=SYSTEM)
    relay_all()
    assert listener.closed.wait(PATIENCE)
    assert actor_of(make_user()) is not None
    assert listen(user).response.status == HTTPStatus.UNAUTHORIZED


def test_stream_of_a_session_signed_out_from_afar_ends_and_the_other_stays(process: Process, listen: Listen) -> None:
    user = watcher(process)
    gone, stays = listen(user).ready(), listen(user).ready()
    keep = stays.cookie.partition("=")[2]
    assert end_other_sessions(user, keep=keep, actor=actor_of(user)) == 1
    relay_all()
    assert gone.closed.wait(PATIENCE)
    record = create_record(process, values={}, actor=SYSTEM)
    relay_all()
    assert stays.next()["data"]["record"] == record.pk


def test_stream_of_an_administrator_who_looks_as_somebody_follows_that_person(
    process: Process, address: str, listen: Listen
) -> None:
    boss, person, other = make_user(is_admin=True), watcher(process), make_process()
    listener = listen(boss).ready()
    session = SessionStore(listener.cookie.partition("=")[2])

    def heard_next() -> int:
        for where in (other, process):
            create_record(where, values={}, actor=SYSTEM)
        relay_all()
        message = listener.next()
        while "record" not in message["data"]:
            message = listener.next()
        return definition_of(message["data"]["process"]).id

    begin_view(person, session=session, actor=actor_of(boss))
    assert heard_next() == process.pk
    assert [listener.next()["event"] for _ in (process, other)] == ["reset", "reset"]
    assert listener.events.empty()
    end_view(session=session, actor=actor_of(boss))
    assert heard_next() == other.pk


def test_stranger_is_refused(address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", "/live/")
    assert connection.getresponse().status == HTTPStatus.UNAUTHORIZED


def test_streams_cost_no_threads(address: str, stack: Stack, process: Process, listen: Listen) -> None:
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
