"""Gates and reasons over REST: describing them, being held back, passing."""

from typing import Any

import pytest

from core.actor import SYSTEM
from processes.models import Operation, Process
from processes.operations import add_pipeline, set_grants
from tests.api.conftest import ApiClient, client_of
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

MISSING = {
    "fields": [{"key": "amount", "label": "Amount", "type": "number"}],
    "hidden_fields": 0,
    "refusals": [],
    "checklist": [{"key": "papers", "text": "Papers are signed"}],
    "comment": True,
    "reasons": [],
    "roles": [],
    "obstacles": [],
    "can_override": False,
}
GATE = {
    "target": "completed",
    "fields": ["amount"],
    "checklist": [{"key": "papers", "text": "Papers are signed"}],
    "comment": True,
}
PASSING = {"fields": {"amount": 5}, "checked": ["papers"], "comment": "Done"}


@pytest.fixture
def process() -> Process:
    return make_process(moves=None)


@pytest.fixture
def admin() -> ApiClient:
    return client_of(make_admin(), "read", "write", "admin")


@pytest.fixture
def employee(process: Process) -> ApiClient:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return client_of(person)


def gates(process: Process) -> str:
    return f"/processes/{process.key}/pipelines/main/gates/"


def made(client: ApiClient, process: Process, **more: Any) -> str:
    answer = client.call("post", f"/processes/{process.key}/records/", {"title": "A", **more})
    assert answer.status_code == 201, answer.json()
    return f"/processes/{process.key}/records/{answer.json()['id']}/"


def test_a_gate_is_described_listed_replaced_and_removed(admin: ApiClient, process: Process) -> None:
    body: dict[str, Any] = {
        "id": 0,
        "source": None,
        "roles": [],
        "condition": None,
        "refusal": "",
        **GATE,
    }
    answer = admin.call("put", gates(process), GATE)
    assert answer.status_code == 200, answer.json()
    body["id"] = answer.json()["id"]
    assert (answer.status_code, answer.json()) == (200, body)
    again = admin.call("put", gates(process), {"target": "completed", "source": "received", "comment": True})
    assert [gate["source"] for gate in admin.call("get", gates(process)).json()["items"]] == [None, "received"]
    assert admin.call("delete", f"{gates(process)}{again.json()['id']}/").status_code == 204
    assert admin.call("get", gates(process)).json() == {"items": [body]}
    assert admin.call("delete", f"{gates(process)}{10**6}/").status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"target": "nowhere"}, "target"),
        ({"source": "nowhere"}, "source"),
        ({"fields": ["nothing"]}, "fields"),
        ({"roles": [10**9]}, "roles"),
        ({"condition": {"field": "nothing", "op": "eq", "value": 1}}, "condition"),
        ({"strange": 1}, "strange"),
    ],
)
def test_a_wrong_gate_is_refused_at_its_place(
    admin: ApiClient, process: Process, change: dict[str, Any], place: str
) -> None:
    answer = admin.call("put", gates(process), {**GATE, **change})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, [place])


def test_a_closed_gate_answers_400_with_all_that_is_missing_and_the_same_terms_pass(
    admin: ApiClient, employee: ApiClient, process: Process
) -> None:
    admin.call("put", gates(process), GATE)
    record = made(employee, process)
    asked = employee.call("get", f"{record}moves/").json()["items"]
    told = {move["stage"]: (move["allowed"], move["gate"]) for move in asked}
    assert told == {"in_work": (True, None), "completed": (True, MISSING), "rejected": (True, None)}
    answer = employee.call("post", f"{record}move/", {"stage": "completed"})
    assert (answer.status_code, answer.json()["code"]) == (400, "gate")
    assert answer.json()["details"] == {
        "stage": "completed",
        "gate": MISSING,
        "fields": {"amount": ["Fill this in."]},
    }
    moved = employee.call("post", f"{record}move/", {"stage": "completed", "passing": PASSING})
    assert (moved.status_code, moved.json()["stage"], moved.json()["fields"]["amount"]) == (200, "completed", 5)


def test_the_moves_of_a_record_say_why_not(admin: ApiClient, employee: ApiClient) -> None:
    process = make_process()
    set_grants(process, {make_role(people=()).pk: EMPLOYEE}, actor=SYSTEM)
    record = made(admin, process)
    lawyers = make_role("Lawyers")
    admin.call("put", gates(process), {"target": "in_work", "roles": [lawyers.pk]})
    items = {move["stage"]: move for move in admin.call("get", f"{record}moves/").json()["items"]}
    assert (items["in_work"]["allowed"], items["completed"]["allowed"]) == (True, False)
    assert "cannot go from" in items["completed"]["why_not"]
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    own = made(client_of(person), process)
    closed = next(
        move for move in client_of(person).call("get", f"{own}moves/").json()["items"] if move["stage"] == "in_work"
    )
    assert (closed["allowed"], closed["why_not"]) == (False, "Only these roles may do it: Lawyers.")


def test_the_moves_of_a_record_go_into_other_pipelines_that_one_sees(admin: ApiClient) -> None:
    process = make_process()
    add_pipeline(process, name="Service", is_open=True, actor=SYSTEM)
    record = made(admin, process)
    items = admin.call("get", f"{record}moves/").json()["items"]
    assert [(move["pipeline"], move["stage"]) for move in items][3:5] == [
        ("service", "service.new"),
        ("service", "service.in_work"),
    ]
    moved = admin.call("post", f"{record}move/", {"stage": items[4]["stage"]})
    assert (moved.json()["pipeline"], moved.json()["stage"]) == ("service", "in_work")
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    add_pipeline(process, name="Secret", actor=SYSTEM)
    own = made(client_of(person), process)
    assert {move["pipeline"] for move in client_of(person).call("get", f"{own}moves/").json()["items"]} == {
        "main",
        "service",
    }


def test_many_moves_in_one_call_are_each_held_back_or_done(
    admin: ApiClient, employee: ApiClient, process: Process
) -> None:
    admin.call("put", gates(process), GATE)
    ids = [int(made(employee, process).split("/")[-2]) for _n in range(3)]
    operations = [
        {"op": "move", "id": ids[0], "stage": "completed"},
        {"op": "move", "id": ids[1], "stage": "completed", "passing": PASSING},
        {"op": "move", "id": ids[2], "stage": "in_work", "version": 1},
        {"op": "move", "id": ids[2], "stage": "in_work", "version": 1},
        {"op": "move", "id": ids[2], "stage": "rejected", "passing": {"strange": 1}},
        {"op": "create", "record": {"title": "B", "stage": "completed"}},
    ]
    results = employee.call("post", f"/processes/{process.key}/records/bulk/", {"operations": operations}).json()
    found = [(result["status"], result.get("error", {}).get("code")) for result in results["results"]]
    assert found == [(400, "gate"), (200, None), (200, None), (412, "stale"), (400, "invalid"), (400, "gate")]


def test_a_new_record_brings_what_the_gate_asks(admin: ApiClient, employee: ApiClient, process: Process) -> None:
    admin.call("put", gates(process), GATE)
    path, body = f"/processes/{process.key}/records/", {"title": "A", "stage": "completed", "fields": {"amount": 5}}
    held = employee.call("post", path, body)
    assert (held.status_code, held.json()["code"], held.json()["details"]["gate"]["fields"]) == (400, "gate", [])
    passing = {"checked": ["papers"], "comment": "Done"}
    assert employee.call("post", path, {**body, "passing": passing}).status_code == 201
    double = employee.call("post", path, {**body, "passing": {**passing, "fields": {}}})
    assert list(double.json()["details"]["fields"]) == ["passing.fields"]


def test_reasons_are_replaced_read_and_given(admin: ApiClient, employee: ApiClient, process: Process) -> None:
    path = f"/processes/{process.key}/pipelines/main/lost-reasons/"
    body = {"items": [{"name": "Price"}, {"name": "Silence"}], "required": True}
    answer = admin.call("put", path, body)
    items = answer.json()["items"]
    assert (answer.status_code, [item["name"] for item in items]) == (200, ["Price", "Silence"])
    assert employee.call("get", path).json() == answer.json()
    assert employee.call("put", path, body).status_code == 403
    record = made(employee, process)
    held = employee.call("post", f"{record}move/", {"stage": "rejected"})
    assert [reason["name"] for reason in held.json()["details"]["gate"]["reasons"]] == ["Price", "Silence"]
    given = {"stage": "rejected", "passing": {"reason": items[0]["id"]}}
    assert employee.call("post", f"{record}move/", given).status_code == 200
    admin.call("put", path, {"items": [{"id": items[1]["id"], "name": "No answer"}], "required": False})
    left = [(item["name"], item["retired"]) for item in admin.call("get", path).json()["items"]]
    assert sorted(left) == [("No answer", False), ("Price", True)]
    pipeline = employee.call("get", f"/processes/{process.key}/").json()["pipelines"][0]
    assert (len(pipeline["lost_reasons"]), pipeline["is_reason_required"]) == (2, False)


def test_a_way_that_one_cannot_pass_whatever_one_brings_is_told_as_closed(
    admin: ApiClient, employee: ApiClient, process: Process
) -> None:
    admin.call("patch", f"/processes/{process.key}/pipelines/main/stages/received/", {"locked_fields": ["amount"]})
    admin.call("put", gates(process), {"target": "completed", "fields": ["amount"]})
    record = made(employee, process)
    items = {move["stage"]: move for move in employee.call("get", f"{record}moves/").json()["items"]}
    why = "Amount: Nobody changes this field in the stage “Received”"
    assert (items["completed"]["allowed"], items["in_work"]["allowed"]) == (False, True)
    assert items["completed"]["why_not"] == f"Missing for “Completed”: Amount. {why}."
    assert items["completed"]["gate"]["obstacles"] == [why]
    answer = employee.call("post", f"{record}move/", {"stage": "completed"})
    assert (answer.status_code, answer.json()["details"]["gate"]["obstacles"]) == (400, [why])
    assert answer.json()["message"] == items["completed"]["why_not"]
    override = {"stage": "completed", "passing": {"override": "Urgent"}}
    forced = {move["stage"]: move for move in admin.call("get", f"{record}moves/").json()["items"]}
    assert (forced["completed"]["allowed"], forced["completed"]["why_not"]) == (True, "")
    assert admin.call("post", f"{record}move/", override).status_code == 200


def test_a_comment_that_one_may_not_write_closes_the_way(admin: ApiClient, process: Process) -> None:
    anna = make_user("Mute")
    rights = {operation: scope for operation, scope in EMPLOYEE.items() if operation != Operation.COMMENT}
    set_grants(process, {make_role("Mute", people=(anna,)).pk: rights}, actor=SYSTEM)
    admin.call("put", gates(process), {"target": "completed", "comment": True})
    client = client_of(anna)
    record = made(client, process)
    items = {move["stage"]: move for move in client.call("get", f"{record}moves/").json()["items"]}
    why = "Missing for “Completed”: a comment. Comment: you have no right to write one."
    assert (items["completed"]["allowed"], items["completed"]["why_not"]) == (False, why)
    refused = client.call("post", f"/processes/{process.key}/records/", {"title": "New", "stage": "completed"})
    assert (refused.status_code, refused.json()["message"]) == (400, why)
