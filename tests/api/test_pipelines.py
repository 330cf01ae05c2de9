"""Pipelines and limits of stages over REST: what a page can, a program can."""

import pytest

from accounts.models import User
from processes.definition import definition_of
from processes.models import Process, Stage
from tests.api.conftest import ApiClient, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(process: Process) -> str:
    return f"/processes/{process.key}"


def test_pipeline_is_added_renamed_ordered_and_removed(admin: ApiClient, base: str, process: Process) -> None:
    body = {"name": "Service", "stages": [{"name": "New", "time_limit": 3600}, {"name": "Done", "kind": "won"}]}
    made = admin.call("post", f"{base}/pipelines/", body)
    assert made.status_code == 201, made.content
    assert [(stage["key"], stage["time_limit"]) for stage in made.json()["stages"]] == [("new", 3600), ("done", None)]
    assert admin.call("patch", f"{base}/pipelines/service/", {"name": "Repairs"}).json()["name"] == "Repairs"
    assert admin.call("put", f"{base}/pipeline-order/", {"keys": ["service", "main"]}).status_code == 204
    record = admin.call("post", f"{base}/records/", {"title": "x", "pipeline": "service"}).json()
    refused = admin.call("post", f"{base}/pipelines/service/remove/", {})
    assert (refused.status_code, refused.json()["details"]["count"]) == (409, 1)
    moved = admin.call("post", f"{base}/pipelines/service/remove/", {"stages": {"new": "main.in_work"}})
    assert moved.json() == {"records": 1}
    found = admin.call("get", f"{base}/records/{record['id']}/").json()
    assert (found["pipeline"], found["stage"]) == ("main", "in_work")


def test_pipeline_like_another(admin: ApiClient, base: str) -> None:
    made = admin.call("post", f"{base}/pipelines/", {"name": "Second", "like": "main"}).json()
    first = admin.call("get", f"{base}/pipelines/").json()["items"][0]
    assert [stage["key"] for stage in made["stages"]] == [stage["key"] for stage in first["stages"]]
    assert made["moves"] == first["moves"]


def test_stage_takes_limits_and_refuses_one_more(admin: ApiClient, base: str) -> None:
    changed = admin.call(
        "patch",
        f"{base}/pipelines/main/stages/in_work/",
        {"limit": 1, "is_limit_hard": True, "time_limit": 7200},
    ).json()
    assert (changed["limit"], changed["is_limit_hard"], changed["time_limit"]) == (1, True, 7200)
    assert admin.call("post", f"{base}/records/", {"title": "a", "stage": "in_work"}).status_code == 201
    refused = admin.call("post", f"{base}/records/", {"title": "b", "stage": "in_work"})
    assert (refused.status_code, refused.json()["code"]) == (409, "stage_full")
    assert refused.json()["details"] == {"stage": "in_work", "limit": 1}
    kept = admin.call("patch", f"{base}/pipelines/main/stages/in_work/", {"name": "Doing"}).json()
    assert (kept["limit"], kept["time_limit"]) == (1, 7200)


def test_stage_is_duplicated_looked_at_and_removed_with_a_target(admin: ApiClient, base: str, process: Process) -> None:
    copy = admin.call("post", f"{base}/pipelines/main/stages/in_work/duplicate/")
    assert copy.status_code == 201
    place = f"{base}/pipelines/main/stages/{copy.json()['key']}/"
    admin.call("post", f"{base}/records/", {"title": "a", "stage": copy.json()["key"]})
    assert admin.call("get", f"{place}uses/").json() == {"records": 1, "uses": []}
    assert admin.call("delete", place).status_code == 409
    assert admin.call("delete", f"{place}?to=received").status_code == 204
    assert not Stage.objects.filter(key=copy.json()["key"]).exists()


def test_records_move_into_another_pipeline_one_by_one_and_by_a_mapping(
    admin: ApiClient, base: str, process: Process
) -> None:
    admin.call("post", f"{base}/pipelines/", {"name": "Second", "is_open": True})
    ids = [admin.call("post", f"{base}/records/", {"title": "a"}).json()["id"] for _number in range(3)]
    one = admin.call("post", f"{base}/records/{ids[0]}/move/", {"stage": "second.new"}).json()
    assert (one["pipeline"], one["stage"]) == ("second", "new")
    mapping = {"main.received": "second.in_work", "second.new": "main.in_work"}
    operations = [{"op": "move", "id": record, "stages": mapping} for record in ids]
    answer = admin.call("post", f"{base}/records/bulk/", {"operations": operations}).json()
    assert answer["refused"] == 0
    stages = definition_of(process).stage_by_id
    places = [admin.call("get", f"{base}/records/{record}/").json() for record in ids]
    assert [(found["pipeline"], found["stage"]) for found in places] == [
        ("main", "in_work"),
        ("second", "in_work"),
        ("second", "in_work"),
    ]
    assert len(stages) == 8


@pytest.mark.parametrize(
    "operation", [{}, {"stage": "nowhere"}, {"stage": 5}, {"stages": []}, {"stage": "received", "stages": {"a": "b"}}]
)
def test_move_that_says_no_stage_is_refused(admin: ApiClient, base: str, operation: dict[str, object]) -> None:
    record = admin.call("post", f"{base}/records/", {"title": "a"}).json()["id"]
    body = {"operations": [{"op": "move", "id": record, **operation}]}
    [result] = admin.call("post", f"{base}/records/bulk/", body).json()["results"]
    assert result["status"] == 400


def test_stage_locks_fields(admin: ApiClient, anna: User, base: str) -> None:
    place = f"{base}/pipelines/main/stages/in_work/"
    assert admin.call("patch", place, {"locked_fields": ["amount"]}).json()["locked_fields"] == ["amount"]
    assert admin.call("patch", place, {"name": "Doing"}).json()["locked_fields"] == ["amount"]
    record = admin.call("post", f"{base}/records/", {"title": "a", "stage": "in_work", "fields": {"amount": 5}}).json()
    refused = admin.call("patch", f"{base}/records/{record['id']}/", {"fields": {"amount": 6}})
    assert refused.status_code == 400
    assert refused.json()["details"]["fields"] == {"amount": ["Nobody changes this field in the stage “Doing”."]}
    wrong = admin.call("patch", place, {"locked_fields": ["nothing"]})
    assert (wrong.status_code, list(wrong.json()["details"]["fields"])) == (400, ["locked_fields"])
    assert client_of(anna).call("patch", place, {"locked_fields": []}).status_code == 403
