"""Many clients on one card: nothing is lost, nothing happens twice (F8)."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import pytest
from django.db import connection

from events.models import Event
from processes.definition import definition_of
from records.models import Record, StageVisit
from records.typed import model_for
from tests.api.conftest import ApiClient, client_of
from tests.factories import make_admin, make_process

MOVES, CLIENTS = 200, 40

pytestmark = pytest.mark.faults


def test_two_hundred_moves_of_one_card_lose_nothing(committed: None) -> None:
    process = make_process(moves=None)
    secret = client_of(make_admin(), "read", "write", "admin").defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    path = f"/processes/{process.key}/records/"
    card = f"{path}{ApiClient(secret).call('post', path, {'title': 'x'}).json()['id']}/"
    accepted, stale, turns = count(), count(), iter(range(MOVES))

    def work(_number: int) -> None:
        client = ApiClient(secret)
        try:
            for turn in turns:
                move_once(client, card, turn, accepted, stale)
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(CLIENTS)))

    moves, refusals = next(accepted), next(stale)
    row = model_for(definition_of(process)).objects.get()
    moved = Event.objects.filter(kind="record.moved").order_by("id")
    assert moves == row.version - 1 == moved.count() == StageVisit.objects.count() - 1
    assert moves + refusals == MOVES
    assert moves >= 1
    assert list(moved.values_list("record_version", flat=True)) == list(range(2, moves + 2))
    path_walked = [event.changes["stage"] for event in moved]
    assert all(before[1] == after[0] for before, after in pairwise(path_walked))
    assert Record.objects.get().stage_id == row.stage_id == path_walked[-1][1]


def move_once(client: ApiClient, card: str, turn: int, accepted: Any, stale: Any) -> None:
    """Read the card, move it elsewhere if it is still as read; count what was answered."""
    seen = client.call("get", card)
    target = ("received", "in_work", "completed", "rejected")[turn % 4]
    if target == seen.json()["stage"]:
        target = "in_work" if target != "in_work" else "received"
    answer = client.call("post", f"{card}move/", {"stage": target}, if_match=seen.headers["ETag"])
    assert answer.status_code in (200, 412), answer.json()
    next(accepted if answer.status_code == 200 else stale)


def test_bulk_calls_over_the_same_rows_do_not_dead_lock(committed: None) -> None:
    process = make_process()
    secret = client_of(make_admin(), "read", "write", "admin").defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    path = f"/processes/{process.key}/records/"
    ids = [ApiClient(secret).call("post", path, {"title": "x"}).json()["id"] for _ in range(20)]

    def work(number: int) -> set[int]:
        order = ids if number % 2 else ids[::-1]
        operations = [{"op": "update", "id": one, "record": {"title": f"{number}"}} for one in order]
        try:
            answer = ApiClient(secret).call("post", f"{path}bulk/", {"operations": operations})
            assert answer.status_code == 200, answer.json()
            return {result["status"] for result in answer.json()["results"]}
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(16)))
    assert set().union(*found) == {200}
    assert len(set(Record.objects.values_list("title", flat=True))) == 1
