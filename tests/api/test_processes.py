"""Processes over REST: created whole, usable at once, changed and guarded."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.drafts import GateDraft
from processes.models import FieldGrant, FieldLevel, Gate, Grant, Operation, Process, Scope
from processes.operations import copy_role, set_field_grants, set_gate, set_grants
from tests.api.conftest import ApiClient, client_of
from tests.api.test_errors import refused
from tests.factories import EMPLOYEE, actor_of, make_role, make_user

DRAFT: dict[str, Any] = {
    "name": "Purchases",
    "noun": "purchase",
    "noun_plural": "purchases",
    "stages": [
        {"name": "New", "key": "fresh"},
        {"name": "Approved", "kind": "won", "key": "approved"},
        {"name": "Refused", "kind": "lost", "key": "refused"},
    ],
    "moves": [["fresh", "approved"], ["fresh", "refused"]],
    "fields": [
        {"label": "Price", "type": "number", "key": "price", "required": "always"},
        {"label": "Urgent", "type": "boolean", "key": "urgent"},
    ],
}


def test_process_created_whole_is_usable_at_once(admin: ApiClient) -> None:
    person = make_user()
    role = make_role(people=(person,))
    body = {**DRAFT, "grants": {str(role.pk): EMPLOYEE}, "reasons": ["Too expensive", "No answer"]}
    created = admin.call("post", "/processes/", body)
    assert created.status_code == 201
    (pipeline,) = created.json()["pipelines"]
    assert [reason["name"] for reason in pipeline["lost_reasons"]] == ["Too expensive", "No answer"]
    assert pipeline["is_reason_required"]
    key = created.json()["key"]
    client = client_of(person)
    record = client.call("post", f"/processes/{key}/records/", {"fields": {"price": 5, "urgent": True}})
    assert (record.status_code, record.json()["title"]) == (201, f"Purchase {record.json()['id']}")
    move = f"/processes/{key}/records/{record.json()['id']}/move/"
    assert client.call("post", move, {"stage": "approved"}).json()["closed_at"]
    refused(client.call("post", move, {"stage": "fresh"}), 403, "move_refused")
    refused(client.call("post", f"/processes/{key}/records/", {}), 400, "invalid", "price")
    assert key in [item["key"] for item in client.call("get", "/processes/").json()["items"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "x" * 10_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"key": "Wrong Key"}, "key"),
        ({"key": "import"}, "key"),
        ({"key": "x" * 41}, "key"),
        ({"color": "infrared"}, "color"),
        ({"nonsense": 1}, "nonsense"),
        ({"stages": [{"name": "New", "nonsense": 1}]}, "stages.0.nonsense"),
        ({"stages": [{"name": ""}]}, "stages.0.name"),
        ({"stages": [{"name": "Won", "kind": "won"}], "moves": None}, "stages"),
        ({"stages": [{"name": "A", "key": "a"}, {"name": "B", "key": "a"}], "moves": None}, "stages.1.key"),
        ({"fields": [{"label": "A", "type": "nonsense"}]}, "fields.0.type"),
        ({"fields": [{"label": "A", "type": "text", "key": "title"}]}, "fields.0.key"),
        ({"fields": [{"label": "A", "type": "text", "key": "a"}] * 2}, "fields.1.key"),
        ({"fields": [{"label": "A", "type": "choice"}]}, "fields.0.options"),
        ({"moves": [["fresh", "nowhere"]]}, "moves"),
        ({"moves": [["fresh"]]}, "moves.0"),
        ({"grants": {"999999": {"view": 5}}}, "roles"),
        ({"grants": {"x": {"view": 5}}}, "grants"),
    ],
)
def test_wrong_draft_is_refused_with_its_place(admin: ApiClient, changes: dict[str, Any], field: str) -> None:
    before = Process.objects.count()
    body = refused(admin.call("post", "/processes/", DRAFT | changes), 400, "invalid")
    assert field in body["details"]["fields"], body
    assert Process.objects.count() == before


def test_taken_key_is_refused(admin: ApiClient) -> None:
    assert admin.call("post", "/processes/", DRAFT | {"key": "purchases"}).status_code == 201
    answer = admin.call("post", "/processes/", DRAFT | {"key": "purchases"})
    assert answer.status_code in (400, 409)


def test_only_administrators_design(client_anna: ApiClient, process: Process) -> None:
    refused(client_anna.call("post", "/processes/", DRAFT), 403, "not_allowed")
    for method, path, body in (
        ("patch", "", {"name": "Mine"}),
        ("post", "archive/", None),
        ("post", "fields/", {"label": "A", "type": "text"}),
        ("delete", "fields/amount/", None),
        ("put", "field-order/", {"keys": []}),
        ("post", "pipelines/main/stages/", {"name": "A"}),
        ("put", "pipelines/main/moves/", {"moves": None}),
        ("get", "access/", None),
        ("put", "access/", {"grants": {}}),
    ):
        refused(client_anna.call(method, f"/processes/{process.key}/{path}", body), 403, "not_allowed")


def test_fields_are_added_changed_ordered_and_removed(admin: ApiClient, process: Process) -> None:
    base = f"/processes/{process.key}/fields/"
    added = admin.call("post", base, {"label": "Urgent", "type": "boolean", "key": "urgent"})
    assert (added.status_code, added.json()["key"]) == (201, "urgent")
    records = f"/processes/{process.key}/records/"
    assert admin.call("post", records, {"fields": {"urgent": True}}).json()["fields"]["urgent"] is True
    changed = admin.call("patch", f"{base}urgent/", {"label": "Very urgent"}).json()
    assert (changed["label"], changed["in_list"]) == ("Very urgent", True)
    keys = [field["key"] for field in admin.call("get", base).json()["items"]]
    assert admin.call("put", f"/processes/{process.key}/field-order/", {"keys": keys[::-1]}).status_code == 204
    assert [field["key"] for field in admin.call("get", base).json()["items"]] == keys[::-1]
    assert admin.call("delete", f"{base}urgent/").status_code == 204
    refused(admin.call("post", records, {"fields": {"urgent": True}}), 400, "invalid", "urgent")
    refused(admin.call("patch", f"{base}urgent/", {"label": "A"}), 404, "not_found")


def test_stages_and_moves_are_changed(admin: ApiClient, process: Process) -> None:
    base = f"/processes/{process.key}/pipelines/main/"
    stage = admin.call("post", f"{base}stages/", {"name": "Paused", "key": "paused"})
    assert stage.status_code == 201
    assert admin.call("patch", f"{base}stages/paused/", {"color": "red"}).json()["color"] == "red"
    pipeline = admin.call("put", f"{base}moves/", {"moves": [["received", "paused"]]}).json()
    assert pipeline["moves"] == [["received", "paused"]]
    keys = [item["key"] for item in pipeline["stages"]]
    order = [keys[0], keys[-1], *keys[1:-1]]
    assert admin.call("put", f"{base}stage-order/", {"keys": order}).status_code == 204
    found = admin.call("get", f"/processes/{process.key}/pipelines/").json()["items"][0]
    assert [item["key"] for item in found["stages"]] == order
    assert admin.call("delete", f"{base}stages/paused/").status_code == 204


def test_archived_process_is_closed_until_published(admin: ApiClient, process: Process) -> None:
    records = f"/processes/{process.key}/records/"
    assert admin.call("post", f"/processes/{process.key}/archive/").json()["status"] == "archived"
    refused(admin.call("post", records, {"title": "x"}), 409, "conflict")
    assert admin.call("post", f"/processes/{process.key}/publish/").json()["status"] == "published"
    assert admin.call("post", records, {"title": "x"}).status_code == 201


def test_rights_work_from_the_next_request_on(admin: ApiClient, process: Process) -> None:
    person = make_user()
    role = make_role(people=(person,))
    client = client_of(person)
    refused(client.call("get", f"/processes/{process.key}/"), 404, "not_found")
    rights = admin.call("put", f"/processes/{process.key}/access/", {"grants": {str(role.pk): EMPLOYEE}})
    assert rights.json()["grants"][str(role.pk)]["view"] == 5
    assert client.call("get", f"/processes/{process.key}/").status_code == 200
    admin.call("put", f"/processes/{process.key}/access/", {"grants": {str(role.pk): {}}})
    refused(client.call("get", f"/processes/{process.key}/"), 404, "not_found")


def test_schema_describes_a_real_record(client_anna: ApiClient, process: Process, records: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = client_anna.call("get", f"/processes/{process.key}/schema/").json()
    record = client_anna.call("post", records, {"title": "x", "fields": {"amount": 5, "source": "site"}}).json()
    jsonschema.validate(record, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "fields": {"source": "street"}}, schema)


def test_document_shows_only_processes_that_one_may_see(client_anna: ApiClient, process: Process) -> None:
    document = client_anna.call("get", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    amount = document["components"]["schemas"][f"Record_{process.key}"]["properties"]["fields"]["properties"]["amount"]
    assert amount == {"type": ["number", "null"], "title": "Amount"}
    stranger = client_of(make_user()).call("get", "/openapi.json")
    assert process.key not in stranger.content.decode()


def test_document_follows_the_definition(client_anna: ApiClient, admin: ApiClient, process: Process) -> None:
    def fields() -> set[str]:
        schemas = client_anna.call("get", "/openapi.json").json()["components"]["schemas"]
        return set(schemas[f"RecordCreate_{process.key}"]["properties"]["fields"]["properties"])

    before = fields()
    admin.call("post", f"/processes/{process.key}/fields/", {"label": "A", "type": "text", "key": "extra"})
    assert fields() == before | {"extra"}


def test_roles_are_made_given_taken_and_deleted(admin: ApiClient, process: Process) -> None:
    person = make_user()
    role = admin.call("post", "/roles/", {"name": "Sales"}).json()
    assert admin.call("patch", f"/roles/{role['id']}/", {"name": "Selling"}).json()["name"] == "Selling"
    set_grants(process, {role["id"]: EMPLOYEE}, actor=SYSTEM)
    client = client_of(person)
    assert admin.call("post", f"/roles/{role['id']}/people/", {"person": person.pk}).status_code == 204
    assert client.call("get", "/me/").json()["roles"] == [role["key"]]
    assert admin.call("delete", f"/roles/{role['id']}/people/{person.pk}/").status_code == 204
    assert client.call("get", "/me/").json()["roles"] == []
    assert admin.call("delete", f"/roles/{role['id']}/").status_code == 204
    refused(client.call("post", "/roles/", {"name": "Mine"}), 403, "not_allowed")


def test_role_is_made_like_another_in_everything(admin: ApiClient, process: Process) -> None:
    role, stage = make_role(), process.pipelines.get().stages.all()[1]
    field = process.fields.all()[0]
    set_grants(process, {role.pk: EMPLOYEE}, differing={role.pk: {"move": {stage.pk: 0}}}, actor=SYSTEM)
    set_field_grants(process, {role.pk: {field.pk: {None: FieldLevel.READ, stage.pk: FieldLevel.EDIT}}}, actor=SYSTEM)
    gate = set_gate(stage, GateDraft(roles=[role.pk]), actor=SYSTEM)
    copy = admin.call("post", "/roles/", {"name": "Senior", "like": role.pk}).json()["id"]
    definition = definition_of(process)
    for rights in (definition.grants, definition.stage_grants, definition.field_grants):
        assert rights[copy] == rights[role.pk]
    assert set(gate.roles.values_list("pk", flat=True)) == {role.pk, copy}
    told = Event.objects.filter(kind="access.changed", process_id=process.pk).latest("pk").changes
    assert all(key.startswith(f"{copy}.") for key in told)
    assert admin.call("post", "/roles/", {"name": "Nobody", "like": 10**6}).status_code == 404


def test_role_is_copied_without_multiplying_rights_by_fields_and_gates(process: Process) -> None:
    """Where several roles have rights, differing fields and a place in gates, each row is looked at once."""
    roles = [make_role() for _number in range(6)]
    fields, stages = list(process.fields.all()), list(process.pipelines.get().stages.all())
    set_grants(process, {role.pk: EMPLOYEE for role in roles}, actor=SYSTEM)
    levels = {role.pk: {field.pk: {None: FieldLevel.READ} for field in fields} for role in roles}
    set_field_grants(process, levels, actor=SYSTEM)
    for stage in stages[1:]:
        set_gate(stage, GateDraft(roles=[role.pk for role in roles]), actor=SYSTEM)
    with CaptureQueriesContext(connection) as asked:
        copy_role(roles[0], name="Senior", actor=SYSTEM)
    [found, *_rest] = [query["sql"] for query in asked if "processes_gate_roles" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {found}")
        [[[plan]]] = cursor.fetchall()
    assert 'FROM "processes_process"' in found
    rows = Grant.objects.count() + FieldGrant.objects.count() + Gate.roles.through.objects.count()
    assert most_rows(plan["Plan"]) <= rows


def most_rows(node: dict[str, Any]) -> float:
    """The most rows that a step of a plan gave."""
    own = node["Actual Rows"] * node["Actual Loops"]
    return max(own, *(most_rows(part) for part in node.get("Plans", ())), 0)


def test_people_are_found_by_name(client_anna: ApiClient) -> None:
    assert [item["name"] for item in client_anna.call("get", "/people/?search=ann").json()["items"]] == ["Anna"]


def test_hidden_field_is_in_no_description_of_the_process(
    client_anna: ApiClient, admin: ApiClient, process: Process, anna: User
) -> None:
    base = f"/processes/{process.key}"
    (role,) = actor_of(anna).role_ids
    section = admin.call("post", f"{base}/sections/", {"label": "Money"}).json()["id"]
    for key in ("amount", "source"):
        assert admin.call("patch", f"{base}/fields/{key}/", {"section": section}).status_code == 200
    admin.call("patch", f"{base}/pipelines/main/stages/in_work/", {"locked_fields": ["amount", "source"]})
    hidden = definition_of(process).field_by_key["amount"]
    set_field_grants(process, {role: {hidden.id: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    for path in ("/processes/", f"{base}/", f"{base}/fields/", f"{base}/sections/", f"{base}/pipelines/"):
        told = {who: client.call("get", path).content.decode() for who, client in (("a", client_anna), ("b", admin))}
        assert ('"amount"' in told["a"], '"amount"' in told["b"]) == (False, True), path
        assert ('"Amount"' in told["a"], '"source"' in told["a"]) == (False, True), path


def test_designer_who_is_no_administrator_designs_with_a_token(process: Process, anna: User) -> None:
    rights = {**EMPLOYEE, Operation.DESIGN: Scope.ALL}
    set_grants(process, {make_role(people=(anna,)).pk: rights}, actor=SYSTEM)
    body, path = {"label": "Extra", "type": "text"}, f"/processes/{process.key}/fields/"
    refused(client_of(anna, "read", "write").call("post", path, body), 403, "not_allowed")
    token = client_of(anna, "read", "admin")
    assert token.call("post", path, body).status_code == 201
    refused(token.call("post", "/processes/", DRAFT), 403, "not_allowed")
