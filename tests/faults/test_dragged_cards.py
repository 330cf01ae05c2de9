"""F9: forty people drag two hundred cards at once, between the same two neighbours; every reader sees one order."""

import http.client
import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from accounts.models import User
from accounts.operations import create_token
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.models import Operation, Process, Scope, Stage
from processes.operations import set_grants
from records.models import StageVisit
from records.operations import create_record
from records.typed import model_for
from tests.automation.helpers import stage_of
from tests.factories import make_process, make_role, make_user, session_of
from tests.faults.conftest import create_many
from tests.stack import PATIENCE, Stack

pytestmark = pytest.mark.faults_b

CARDS, CLIENTS = 200, 40
CSRF = "c" * 32
_TILE = re.compile(r'data-id="(\d+)".*?data-rank="([^"]+)"', re.DOTALL)
_MORE = re.compile(r'data-more="([^"]+)"')


@dataclass
class Client:
    """Somebody at the board: over REST with a token, or as the page does with a session."""

    address: str
    headers: Mapping[str, str]

    @classmethod
    def over_rest(cls, address: str, person: User) -> "Client":
        """A program."""
        secret = create_token(person, name="f9", scopes=("read", "write"), actor=SYSTEM)[1]
        return cls(address, {"Authorization": f"Bearer {secret}"})

    @classmethod
    def on_the_page(cls, address: str, person: User) -> "Client":
        """A browser."""
        cookies = {settings.SESSION_COOKIE_NAME: session_of(person), settings.CSRF_COOKIE_NAME: CSRF}
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return cls(address, {"Cookie": cookie, "X-CSRFToken": CSRF})

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> str:
        """The answer's text; anything but 200 fails the test."""
        caller = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=PATIENCE)
        sent = {**self.headers, "Content-Type": "application/json", **headers}
        try:
            caller.request(method, path, None if body is None else json.dumps(body), sent)
            response = caller.getresponse()
            text = response.read().decode()
        finally:
            caller.close()
        assert response.status == 200, f"{method} {path}: {response.status} {text[:500]}"
        return text


@dataclass
class Ground:
    """A board with one card that stays in the middle of the column to which all others are dragged."""

    process: Process
    target: Stage
    anchor: int
    cards: list[int]
    counted: list[tuple[int, ...]] = field(default_factory=list)
    """What each look at the board during the dragging has counted."""

    def drag(self, client: Client, card: int, *, below: bool) -> None:
        """Drop a card right below or right above the one in the middle."""
        place = {"after" if below else "before": self.anchor}
        if "Cookie" in client.headers:
            path = reverse("record-move", args=[self.process.key, card])
            moved = json.loads(client.call("POST", path, {"stage": self.target.pk, "version": 1, **place}))
            assert (moved["version"], moved["stage"]) == (2, self.target.pk)
        else:
            path = f"/api/v1/processes/{self.process.key}/records/{card}/move/"
            moved = json.loads(client.call("POST", path, {"stage": self.target.key, **place}, **{"If-Match": '"1"'}))
            assert (moved["version"], moved["stage"]) == (2, self.target.key)

    def look(self, client: Client) -> None:
        """Count the board: every card stands in exactly one column, whatever is under way."""
        board = json.loads(client.call("GET", f"/api/v1/processes/{self.process.key}/board/"))
        shown = [item["id"] for column in board["columns"] for item in column["items"]]
        self.counted.append((board["total"], sum(column["count"] for column in board["columns"])))
        assert len(shown) == len(set(shown))

    def column(self, client: Client) -> list[tuple[str, int]]:
        """(rank, id) of every card of the column, page by page as one scrolls."""
        found: list[tuple[str, int]] = []
        path = reverse("board-column", args=[self.process.key, self.target.pk])
        while path:
            page = client.call("GET", path)
            found += [(unescape(rank), int(card)) for card, rank in _TILE.findall(page)]
            more = _MORE.search(page)
            path = unescape(more[1]) if more else ""
        return found

    def totals(self, client: Client) -> dict[int, int]:
        """Stage id → count, as the page keeps its headings."""
        told = json.loads(client.call("GET", reverse("board-totals", args=[self.process.key])))
        return {int(stage): count for stage, (count, _sum) in told["columns"].items()}


@pytest.fixture
def ground(clean_typed_tables: None) -> Ground:
    process = make_process(moves=None)
    cards = create_many(process, CARDS)
    anchor = create_record(process, values={"title": "anchor"}, stage="in_work", actor=SYSTEM)
    return Ground(process, stage_of(process, "in_work"), anchor.pk, cards)


@pytest.fixture
def people(ground: Ground) -> list[User]:
    """Who drags: everybody may see and move everything."""
    found = [make_user() for _client in range(CLIENTS)]
    grants: dict[str, int] = {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.ALL}
    set_grants(ground.process, {make_role(people=tuple(found)).pk: grants}, actor=SYSTEM)
    return found


@pytest.fixture
def watching(ground: Ground, people: list[User]) -> Iterator[Callable[[Client], None]]:
    """Starts somebody who looks at the board again and again until the test is over."""
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as pool:

        def watch(client: Client) -> None:
            ground.look(client)
            while not is_over.is_set():
                ground.look(client)

        started: list[Any] = []
        yield lambda client: started.append(pool.submit(watch, client))
        is_over.set()
        for one in started:
            one.result(PATIENCE)


def test_f9_two_hundred_cards_dragged_at_once_stand_in_one_order(
    stack: Stack,
    ground: Ground,
    people: list[User],
    watching: Callable[[Client], None],
    fault_seed: int,
    report: Callable[..., None],
) -> None:
    """Forty clients, half over REST and half as the page does, at two web servers; in each of five rounds all forty
    drop at the same moment, right above or right below one card, so that ranks are computed from the same neighbours.

    It fails when the order of a column forgets the id behind the rank, when a page of a column begins behind the rank
    alone, when the catalogue is not told of a move, and when a drop does not look at its neighbour's rank.
    """
    addresses = [stack.web(API_REQUESTS_PER_MINUTE="0") for _server in range(2)]
    doors = [Client.over_rest, Client.on_the_page]
    clients = [doors[number % 2](addresses[number // 2 % 2], person) for number, person in enumerate(people)]
    chance = random.Random(fault_seed)
    hands = list(zip(ground.cards, [chance.random() < 0.5 for _card in ground.cards], strict=True))
    together = threading.Barrier(CLIENTS, timeout=PATIENCE)
    watching(clients[0])

    def work(number: int) -> None:
        for card, below in hands[number::CLIENTS]:
            together.wait()
            ground.drag(clients[number], card, below=below)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work, number) for number in range(CLIENTS)]:
            done.result(5 * PATIENCE)

    orders = {json.dumps(ground.column(client)) for client in clients[1::2]}
    order = [(rank, card) for rank, card in json.loads(next(iter(orders)))]
    places = {card: place for place, (_rank, card) in enumerate(order)}
    missing = {*ground.cards, ground.anchor} - set(places)
    middle = places.get(ground.anchor, -1)
    wrong_side = [card for card, below in hands if card in places and (places[card] > middle) != below]
    first = json.loads(clients[0].call("GET", f"/api/v1/processes/{ground.process.key}/board/"))
    column = next(column for column in first["columns"] if column["stage"] == ground.target.key)
    moved = Event.objects.filter(kind="record.moved")
    report(
        moves=moved.count(), rows=len(order), orders=len(orders), missing=len(missing), wrong_side=len(wrong_side),
        shared_ranks=len(order) - len({rank for rank, _card in order}),
        longest_rank=max(len(rank) for rank, _card in order), looks=len(ground.counted),
        miscounted=sum(look != (CARDS + 1, CARDS + 1) for look in ground.counted),
    )  # fmt: skip
    assert len(orders) == 1
    assert order == sorted(order)
    assert missing == set()
    assert len(places) == len(order) == CARDS + 1
    assert wrong_side == []
    assert [item["id"] for item in column["items"]] == [card for _rank, card in order[: len(column["items"])]]
    assert ground.totals(clients[1]) == {**dict.fromkeys(stages_of(ground.process), 0), ground.target.pk: CARDS + 1}
    assert ground.counted
    assert set(ground.counted) == {(CARDS + 1, CARDS + 1)}
    assert_written(ground, order)


def stages_of(process: Process) -> list[int]:
    """Ids of the stages."""
    return list(Stage.objects.filter(pipeline__process=process).values_list("pk", flat=True))


def assert_written(ground: Ground, order: list[tuple[str, int]]) -> None:
    """Rows, visits, history and catalogue say the same: each card moved once."""
    rows = model_for(definition_of(ground.process)).objects.filter(stage_id=ground.target.pk)
    assert sorted(rows.values_list("position", "record_id")) == order
    assert dict(rows.values_list("record_id", "version")) == {**dict.fromkeys(ground.cards, 2), ground.anchor: 1}
    moved = Event.objects.filter(kind="record.moved")
    assert sorted(moved.values_list("record_id", "record_version")) == [(card, 2) for card in sorted(ground.cards)]
    open_visits = StageVisit.objects.filter(left_at=None)
    assert (open_visits.count(), StageVisit.objects.count()) == (CARDS + 1, 2 * CARDS + 1)
    assert set(open_visits.values_list("stage_id", flat=True)) == {ground.target.pk}
    call_command("check_records")
    connection.close()
