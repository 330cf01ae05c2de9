"""Bulk changes over REST: begun with a filter, looked at, stopped, taken back; the same rights as on the page."""

from typing import Any

import pytest

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from processes.permissions import access_for
from records.bulk import worker
from records.models import BulkJob
from records.operations import create_record
from records.queries.bulk_jobs import bulk_words
from records.typed import model_for
from tests.api.conftest import ApiClient
from tests.api.test_errors import refused


@pytest.fixture
def jobs(process: Process) -> str:
    return f"/processes/{process.key}/bulk-jobs/"


@pytest.fixture
def ids(process: Process) -> list[int]:
    return [create_record(process, values={"title": f"R{n}", "amount": n}, actor=SYSTEM).pk for n in range(6)]


GE3 = {"field": "amount", "op": "ge", "value": 3}


def worked() -> None:
    while worker.turns.work():
        pass


def test_it_is_begun_done_and_taken_back(admin: ApiClient, jobs: str, ids: list[int]) -> None:
    answer = admin.call("post", jobs, {"op": "move", "stage": "in_work", "passing": {"comment": "c"}, "filter": GE3})
    made = answer.json()
    assert (answer.status_code, made["kind"], made["state"], made["total"]) == (202, "move", "running", 3)
    worked()
    one = f"{jobs}{made['id']}/"
    done = admin.call("get", one).json()
    assert (done["state"], done["position"], done["changed"], done["refused"]) == ("done", 3, 3, 0)
    assert admin.call("get", jobs).json() == {"items": [done]}
    answer = admin.call("post", f"{one}undo/")
    undo = answer.json()
    assert (answer.status_code, undo["kind"], undo["undoes"], undo["total"]) == (202, "undo", made["id"], 3)
    worked()
    assert admin.call("get", f"{jobs}{undo['id']}/").json()["changed"] == 3
    assert admin.call("post", f"{one}undo/").status_code == 409


def test_filter_may_stand_in_the_address_in_the_body_or_in_both(admin: ApiClient, jobs: str, ids: list[int]) -> None:
    change = {"op": "update", "record": {"fields": {"source": "site"}}}
    for query, body, total in (
        ("?filter[amount][ge]=3", {}, 3),
        ('?filter={"field":"amount","op":"ge","value":3}&search=R5', {}, 1),
        ("?filter[amount][ge]=3", {"filter": {"field": "amount", "op": "lt", "value": 5}}, 2),
        ("?search=R", {"search": "4"}, 1),
        ("", {"all": True}, 6),
    ):
        answer = admin.call("post", f"{jobs}{query}", {**change, **body})
        assert (answer.status_code, answer.json()["total"]) == (202, total), query
        worked()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"op": "delete"}, "all"),
        ({"op": "delete", "filter": {}}, "all"),
        ({"op": "explode", "all": True}, "op"),
        ({"op": "delete", "all": True, "stage": "in_work"}, "stage"),
        ({"op": "update", "all": True}, "fields"),
        ({"op": "update", "all": True, "record": {"fields": {"amount": "much"}}}, "amount"),
        ({"op": "update", "all": True, "record": {"stage": "in_work"}}, "stage"),
        ({"op": "move", "all": True}, "stage"),
        ({"op": "move", "all": True, "stage": "nowhere"}, "stage"),
        ({"op": "move", "all": True, "stage": "in_work", "stages": {"main.received": "main.in_work"}}, "stages"),
        ({"op": "move", "all": True, "stage": "in_work", "stages": {}}, "stages"),
        (
            {"op": "move", "all": True, "stage": "in_work", "passing": {"fields": {"amount": 1}}},
            "passing.fields",
        ),
        ({"op": "delete", "all": True, "nonsense": 1}, "nonsense"),
        ({"op": "delete", "filter": {"field": "nothing", "op": "is", "value": 1}}, "filter.field"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    admin: ApiClient, jobs: str, ids: list[int], body: dict[str, Any], named: str
) -> None:
    answer = admin.call("post", jobs, body)
    assert answer.status_code == 400
    assert list(answer.json()["details"]["fields"]) == [named]
    assert not BulkJob.objects.exists()


def test_repeated_request_begins_nothing_twice(admin: ApiClient, jobs: str, ids: list[int]) -> None:
    body = {"op": "delete", "filter": GE3}
    first, again = (admin.call("post", jobs, body, idempotency_key="k1") for _try in range(2))
    assert (first.status_code, again.status_code, first.json()) == (202, 202, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    worked()
    one = f"{jobs}{first.json()['id']}/undo/"
    undone = [admin.call("post", one, {}, idempotency_key="k2") for _try in range(2)]
    assert [answer.status_code for answer in undone] == [202, 202]
    assert BulkJob.objects.count() == 2


def test_refused_ones_are_told_page_by_page(client_anna: ApiClient, anna: Any, jobs: str, process: Process) -> None:
    own = create_record(process, values={"title": "Mine", "assignee": anna.pk}, actor=SYSTEM).pk
    foreign = [create_record(process, values={"title": f"F{n}"}, actor=SYSTEM).pk for n in range(51)]
    made = client_anna.call("post", jobs, {"op": "update", "record": {"title": "x"}, "all": True, "quiet": True}).json()
    worked()
    one = f"{jobs}{made['id']}/"
    done = client_anna.call("get", one).json()
    assert (done["changed"], done["refused"], done["quiet"]) == (1, 51, True)
    first = client_anna.call("get", f"{one}refused/").json()
    last = client_anna.call("get", f"{one}refused/?after={first['next']}").json()
    told = [item["record"] for item in (*first["items"], *last["items"])]
    assert (told, last["next"]) == (foreign, None)
    assert own not in told
    assert {item["reason"] for item in first["items"]} == {"You have no right to do this: edit."}


def test_stop_keeps_what_is_done(admin: ApiClient, jobs: str, ids: list[int]) -> None:
    made = admin.call("post", jobs, {"op": "delete", "all": True}).json()
    stopped = admin.call("post", f"{jobs}{made['id']}/stop/").json()
    assert (stopped["state"], stopped["position"]) == ("stopped", 0)
    refused(admin.call("post", f"{jobs}{made['id']}/stop/"), 409, "conflict")
    worked()
    assert BulkJob.objects.get().position == 0


def test_job_of_somebody_else_is_none(admin: ApiClient, client_anna: ApiClient, jobs: str, ids: list[int]) -> None:
    made = admin.call("post", jobs, {"op": "delete", "all": True}).json()
    for method, part in (("get", ""), ("get", "refused/"), ("post", "stop/"), ("post", "undo/")):
        assert client_anna.call(method, f"{jobs}{made['id']}/{part}").status_code == 404
    assert client_anna.call("get", jobs).json() == {"items": []}
    assert client_anna.call("post", jobs, {"op": "delete", "all": True}).status_code == 403


def test_records_move_by_stages(admin: ApiClient, jobs: str, ids: list[int], process: Process) -> None:
    body = {"op": "move", "stages": {"received": "in_work"}, "all": True}
    begun = admin.call("post", jobs, body)
    assert begun.status_code == 202, begun.json()
    worked()
    assert {row.stage.key for row in model_for(definition_of(process)).objects.all()} == {"in_work"}
    assert bulk_words(access_for(SYSTEM, process), BulkJob.objects.get()) == "Move into “Main”"
    wrong = admin.call("post", jobs, {"op": "move", "stages": {"received": ""}, "all": True})
    assert list(wrong.json()["details"]["fields"]) == ["stages.received"]
