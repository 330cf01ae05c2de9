"""Keys that no row can have, and values of another type than they have in JSON: refused by name, never read as another
value."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Department, Token
from processes.models import Process, Stage
from records.models import Record
from tests.api.conftest import ApiClient

pytestmark = pytest.mark.django_db

NUL = "%00"
NOWHERE: list[tuple[str, str, Any]] = [
    ("get", f"/processes/{NUL}/", None),
    ("get", f"/processes/{NUL}/records/", None),
    ("patch", "/processes/{key}/pipelines/%00/", {"name": "x"}),
    ("get", "/processes/{key}/pipelines/%00/gates/", None),
    ("patch", "/processes/{key}/pipelines/main/stages/%00/", {"name": "x"}),
    ("delete", "/processes/{key}/pipelines/main/stages/in_work/?to=%00", None),
    ("delete", "/processes/{key}/pipelines/main/stages/in_work/?to=%00.new", None),
    ("post", "/processes/{key}/pipelines/main/remove/", {"stages": {"\0": "main.received"}}),
    ("patch", "/processes/{key}/fields/%00/", {"label": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), NOWHERE, ids=[f"{call[0]} {call[1]}" for call in NOWHERE])
def test_key_that_no_row_can_have_is_absent(
    method: str, path: str, body: Any, admin: ApiClient, process: Process
) -> None:
    answer = admin.call(method, path.replace("{key}", process.key), body)
    assert answer.status_code == 404, answer.content


def test_gate_names_no_stage_that_cannot_be(admin: ApiClient, process: Process) -> None:
    path = f"/processes/{process.key}/pipelines/main/gates/"
    answer = admin.call("put", path, {"target": "\0", "comment": True})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, ["target"])


@pytest.mark.parametrize("op", [[], {}, None, 7])
def test_operation_of_a_bulk_call_that_is_none_is_refused_alone(op: Any, admin: ApiClient, process: Process) -> None:
    operations = [{"op": op}, {"op": "create", "record": {"title": "x"}}]
    answer = admin.call("post", f"/processes/{process.key}/records/bulk/", {"operations": operations})
    assert [result["status"] for result in answer.json()["results"]] == [400, 201]


@pytest.mark.parametrize("stages", [{"main.received": ""}, {"": "main.in_work"}])
def test_bulk_move_reads_no_empty_key_as_a_stage(stages: Any, admin: ApiClient, process: Process) -> None:
    path = f"/processes/{process.key}/records/"
    made = admin.call("post", path, {"title": "x"}).json()
    operations = [{"op": "move", "id": made["id"], "stages": stages}]
    (result,) = admin.call("post", f"{path}bulk/", {"operations": operations}).json()["results"]
    assert (result["status"], list(result["error"]["details"]["fields"])) == (400, ["stages"])
    assert Record.objects.get().stage.key == "received"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("title", value) for value in (False, 0, [], {}, 7)),
        *(("assignee", value) for value in ("", "1", True, 1.0)),
        *(("observers", value) for value in ("", ["", ""], ["1"], [True], {})),
    ],
)
def test_record_takes_only_what_the_key_means(key: str, value: Any, admin: ApiClient, process: Process) -> None:
    path = f"/processes/{process.key}/records/"
    answer = admin.call("post", path, {"title": "x", key: value})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, [key])
    made = admin.call("post", path, {"title": "x"}).json()
    refused = admin.call("patch", f"{path}{made['id']}/", {key: value})
    assert (refused.status_code, list(refused.json()["details"]["fields"])) == (400, [key])
    assert Record.objects.count() == 1


STAGE = "/processes/{key}/pipelines/main/stages/in_work/"
MISTYPED: list[tuple[str, str, dict[str, Any], str]] = [
    ("patch", STAGE, {"name": 1e30}, "name"),
    ("patch", STAGE, {"name": True}, "name"),
    ("patch", STAGE, {"limit": "7"}, "limit"),
    ("patch", STAGE, {"limit": 7.0}, "limit"),
    ("patch", STAGE, {"limit": 7, "is_limit_hard": "yes"}, "is_limit_hard"),
    ("patch", STAGE, {"limit": 7, "is_limit_hard": 1}, "is_limit_hard"),
    ("patch", STAGE, {"time_limit": "60"}, "time_limit"),
    ("patch", STAGE, {"locked_fields": [7]}, "locked_fields.0"),
    ("post", "/departments/", {"name": 1e30}, "name"),
    ("post", "/departments/", {"name": "x", "head": "1"}, "head"),
    ("post", "/departments/1/people/", {"person": 3.0}, "person"),
    ("post", "/departments/1/people/", {"person": "3"}, "person"),
    ("put", "/processes/{key}/pipelines/main/moves/", {"moves": [["received", 7]]}, "moves.0.1"),
    ("put", "/processes/{key}/pipelines/main/gates/", {"target": "in_work", "roles": ["1"]}, "roles.0"),
    ("post", "/processes/", {"name": "x", "noun": "y", "noun_plural": "z", "stages": [{"name": 7}]}, "stages.0.name"),
    ("post", "/processes/{key}/records/1/move/", {"stage": "in_work", "after": -5}, "after"),
    ("post", "/processes/{key}/records/1/move/", {"stage": "in_work", "before": "1"}, "before"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "place"), MISTYPED, ids=[f"{path} {body}" for _m, path, body, _p in MISTYPED]
)
def test_values_of_another_type_are_refused_by_name(
    method: str, path: str, body: dict[str, Any], place: str, admin: ApiClient, process: Process
) -> None:
    answer = admin.call(method, path.replace("{key}", process.key), body)
    assert (answer.status_code, list(answer.json()["details"].get("fields", ()))) == (400, [place]), answer.content
    stage = Stage.objects.get(pipeline__process=process, key="in_work")
    assert (stage.name, stage.limit, stage.time_limit) == ("In work", None, None)
    assert not Department.objects.exists()


def test_null_is_still_nothing_where_it_may_be(admin: ApiClient, process: Process) -> None:
    path = STAGE.replace("{key}", process.key)
    assert admin.call("patch", path, {"limit": 7}).json()["limit"] == 7
    assert admin.call("patch", path, {"limit": None}).json()["limit"] is None
    made = admin.call(
        "post", f"/processes/{process.key}/records/", {"title": None, "assignee": None, "observers": None}
    )
    assert (made.status_code, made.json()["assignee"], made.json()["observers"]) == (201, None, [])


def test_token_does_not_end_before_it_begins(admin: ApiClient) -> None:
    before = Token.objects.count()
    for ends in ("2001-01-01T00:00:00Z", timezone.now().isoformat()):
        answer = admin.call("post", "/tokens/", {"name": "x", "scopes": ["read"], "expires_at": ends})
        assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, ["expires_at"])
    assert Token.objects.count() == before
    later = (timezone.now() + timedelta(days=1)).isoformat()
    body = {"name": "x", "scopes": ["read"], "expires_at": later}
    assert admin.call("post", "/tokens/", body).status_code == 201


def test_home_of_a_removed_department_is_an_id(admin: ApiClient) -> None:
    made = admin.call("post", "/departments/", {"name": "Sales"}).json()["id"]
    answer = admin.call("delete", f"/departments/{made}/?rehome_to=²")
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, ["rehome_to"])
