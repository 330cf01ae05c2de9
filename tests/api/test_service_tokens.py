"""Programs that work for themselves: under a name and roles of their own, as nobody's person."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role, RoleAssignment, Token, User
from accounts.operations import assign_role_to_token, create_service_token, deactivate_person, revoke_token
from api.v1.people_shapes import TokenOut
from core.actor import SYSTEM
from core.errors import Conflict
from events.models import Event
from processes.drafts import FieldDraft
from processes.models import Operation, Process, Scope
from processes.operations import add_field, set_grants
from records.models import Attachment, Comment, Record
from records.operations import create_record
from tests.api.conftest import V1, ApiClient, client_of
from tests.api.test_errors import refused
from tests.factories import make_admin, make_role, make_user

pytestmark = pytest.mark.django_db

WORK = {
    Operation.VIEW: Scope.ALL,
    Operation.CREATE: Scope.ALL,
    Operation.UPDATE: Scope.ALL,
    Operation.MOVE: Scope.ALL,
    Operation.COMMENT: Scope.ALL,
    Operation.HISTORY: Scope.ALL,
    Operation.EXPORT: Scope.ALL,
    Operation.IMPORT: Scope.ALL,
}


def service(*roles: Role, name: str = "Website", scopes: tuple[str, ...] = ("read", "write")) -> tuple[Token, Any]:
    """A service token and a program that has it."""
    token, secret = create_service_token(name=name, scopes=scopes, roles=roles, actor=SYSTEM)
    return token, ApiClient(secret)


@pytest.fixture
def worker(process: Process) -> Role:
    role = make_role("Intake")
    set_grants(process, {role.pk: WORK}, actor=SYSTEM)
    return role


def test_administrator_makes_reads_changes_and_revokes_one(admin: ApiClient, worker: Role) -> None:
    other = make_role("Reports")
    body = {"name": "Website", "scopes": ["read", "write"], "roles": [worker.pk]}
    made = admin.call("post", "/tokens/", body)
    assert made.status_code == 201
    token, secret = made.json(), made.json()["secret"]
    assert (token["roles"], token["scopes"]) == ([worker.pk], ["read", "write"])
    told = admin.call("get", f"/tokens/{token['id']}/").json()
    assert told == {name: value for name, value in token.items() if name != "secret"} | {"last_used_at": None}
    assert told in admin.call("get", "/tokens/").json()["items"]
    changed = admin.call("patch", f"/tokens/{token['id']}/", {"name": "Shop", "roles": [other.pk]}).json()
    assert (changed["name"], changed["roles"]) == ("Shop", [other.pk])
    me = ApiClient(secret).call("get", "/me/").json()
    assert (me["id"], me["name"], me["email"], me["roles"]) == (None, "Shop", None, [other.key])
    assert (me["is_admin"], me["scopes"]) == (False, ["read", "write"])
    assert admin.call("delete", f"/tokens/{token['id']}/").status_code == 204
    refused(ApiClient(secret).call("get", "/me/"), 401, "not_authenticated")
    refused(admin.call("patch", f"/tokens/{token['id']}/", {"roles": []}), 409, "conflict")


def test_nobody_else_makes_one_and_none_is_an_administrator(
    admin: ApiClient, client_anna: ApiClient, worker: Role
) -> None:
    body = {"name": "Website", "scopes": ["read"], "roles": []}
    refused(client_anna.call("post", "/tokens/", body), 403, "not_allowed")
    _token, program = service(worker)
    refused(program.call("post", "/tokens/", body), 403, "not_allowed")
    refused(program.call("get", "/tokens/"), 403, "not_allowed")
    refused(admin.call("post", "/tokens/", {**body, "scopes": ["read", "admin"]}), 400, "invalid", "scopes")
    refused(admin.call("post", "/tokens/", {**body, "roles": [10**9]}), 400, "invalid", "roles")
    past = {**body, "expires_at": "2001-01-01T00:00:00Z"}
    refused(admin.call("post", "/tokens/", past), 400, "invalid", "expires_at")
    assert list(Token.objects.filter(user=None).values_list("name", flat=True)) == ["Website"]


def test_right_to_design_is_nothing_to_a_service_token(process: Process) -> None:
    role = make_role()
    set_grants(process, {role.pk: dict.fromkeys(Operation.values, Scope.ALL)}, actor=SYSTEM)
    _token, program = service(role)
    refused(program.call("patch", f"/processes/{process.key}/", {"name": "Mine"}), 403, "not_allowed")
    refused(program.call("get", f"/processes/{process.key}/access/"), 403, "not_allowed")


def test_what_it_does_carries_its_name(process: Process, records: str, worker: Role) -> None:
    token, program = service(worker)
    made = program.call("post", records, {"title": "From the site"})
    assert made.status_code == 201
    record_id = made.json()["id"]
    one = f"{records}{record_id}/"
    assert program.call("patch", one, {"fields": {"amount": 5}}).status_code == 200
    assert program.call("post", f"{one}move/", {"stage": "in_work"}).status_code == 200
    assert program.call("post", f"{one}comments/", {"text": "paid"}).status_code == 201
    task = program.call("post", f"{one}tasks/", {"title": "Call"}).json()["id"]
    assert program.call("post", f"{one}tasks/{task}/complete/").status_code == 200
    said = set(Event.objects.filter(record_id=record_id).values_list("actor_label", "actor_user_id", "actor_token_id"))
    assert said == {("Website", None, token.pk)}
    row = Record.objects.get(pk=record_id)
    assert (row.author_id, row.assignee_id) == (None, None)
    comment = Comment.objects.get()
    assert (comment.author_id, comment.author_label) == (None, "Website")
    timeline = program.call("get", f"{one}timeline/").json()["items"]
    assert {item["actor_label"] for item in timeline if "actor_label" in item} <= {"Website"}
    assert program.call("get", "/notifications/").json()["items"] == []


def test_role_given_or_taken_counts_on_the_next_request(
    admin: ApiClient, records: str, worker: Role, process: Process
) -> None:
    token, program = service()
    refused(program.call("get", records), 404, "not_found")
    assert admin.call("post", f"/roles/{worker.pk}/tokens/", {"token": token.pk}).status_code == 204
    assert program.call("get", records).status_code == 200
    assert admin.call("get", f"/roles/{worker.pk}/tokens/").json()["items"][0]["id"] == token.pk
    assert admin.call("delete", f"/roles/{worker.pk}/tokens/{token.pk}/").status_code == 204
    refused(program.call("get", records), 404, "not_found")
    kinds = Event.objects.filter(data__token_id=token.pk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["token.created", "role.assigned", "role.unassigned"]


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.OBSERVED, Scope.DEPARTMENT, Scope.BELOW])
def test_own_and_department_reach_nothing_and_unassigned_what_nobody_has(
    process: Process, records: str, scope: int
) -> None:
    role = make_role()
    set_grants(process, {role.pk: {Operation.VIEW: scope, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    _token, program = service(role)
    assert program.call("post", records, {"title": "Mine?"}).status_code == 201
    create_record(process, values={"title": "Theirs", "assignee": make_user().pk}, actor=SYSTEM)
    assert program.call("get", records).json()["items"] == []
    set_grants(process, {role.pk: {Operation.VIEW: scope + 8, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    assert [row["title"] for row in program.call("get", records).json()["items"]] == ["Mine?"]


def test_filter_by_me_finds_nothing_that_has_nobody(process: Process, records: str, worker: Role) -> None:
    create_record(process, values={"title": "Nobody's"}, actor=SYSTEM)
    _token, program = service(worker)
    mine = quote(json.dumps({"field": "assignee", "op": "is", "value": {"me": True}}))
    assert program.call("get", f"{records}?filter={mine}").json()["items"] == []


def test_maker_leaves_and_it_goes_on(admin: ApiClient, records: str, worker: Role) -> None:
    maker = make_admin("Leaver")
    body = {"name": "Website", "scopes": ["read"], "roles": [worker.pk]}
    made = client_of(maker, "read", "write", "admin").call("post", "/tokens/", body).json()
    assert made["made_by"] == maker.pk
    deactivate_person(maker, actor=SYSTEM)
    program = ApiClient(made["secret"])
    assert program.call("get", records).status_code == 200
    refused(program.call("post", records, {"title": "x"}), 403, "not_allowed")
    revoke_token(Token.objects.get(pk=made["id"]), actor=SYSTEM)
    refused(program.call("get", records), 401, "not_authenticated")


def test_file_waits_for_the_token_that_sent_it(process: Process, records: str, worker: Role, admin: ApiClient) -> None:
    field = FieldDraft("Scans", "file", key="scans")
    add_field(process, field, actor=SYSTEM)
    (_one, program), (_other, stranger) = service(worker), service(worker, name="Other")
    files = f"/processes/{process.key}/files/"
    sent = program.post(V1 + files, {"scans": SimpleUploadedFile("a.txt", b"words", "text/plain")})
    assert sent.status_code == 201, sent.text
    file_id = sent.json()["items"][0]["id"]
    assert Attachment.objects.get().uploader_id is None
    for nobody in (stranger, admin):
        refused(nobody.call("get", f"{files}{file_id}/"), 404, "not_found")
        body = {"title": "x", "fields": {"scans": [file_id]}}
        refused(nobody.call("post", records, body), 400, "invalid", "scans")
    assert program.call("get", f"{files}{file_id}/").status_code == 200
    assert program.call("post", records, {"title": "x", "fields": {"scans": [file_id]}}).status_code == 201


def test_import_wants_a_person(process: Process, worker: Role) -> None:
    _token, program = service(worker)
    there = f"{V1}/processes/{process.key}"
    answer = program.post(f"{there}/imports/?name=a.csv", b"Title\na\n", content_type="text/csv")
    refused(answer, 403, "not_allowed")
    assert program.call("get", f"/processes/{process.key}/imports/").json()["items"] == []


def test_idempotency_keys_of_two_tokens_are_two(records: str, worker: Role) -> None:
    (_one, first), (_other, second) = service(worker), service(worker, name="Other")
    made = [
        program.call("post", records, {"title": "x"}, idempotency_key="k").json()["id"]
        for program in (first, first, second)
    ]
    assert (made[0] == made[1], made[1] == made[2]) == (True, False)


def test_why_names_the_role_of_a_token(admin: ApiClient, process: Process, worker: Role) -> None:
    token, _program = service(worker)
    record = create_record(process, values={"title": "x"}, actor=SYSTEM)
    there = f"/processes/{process.key}/access/why/?token={token.pk}&record={record.pk}"
    why = admin.call("get", f"{there}&operation=update").json()
    assert why["allowed"]
    assert "Intake" in why["summary"]
    set_grants(process, {worker.pk: {Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    why = admin.call("get", there).json()
    assert not why["allowed"]
    assert [(one["role"], one["enough"]) for one in why["roles"]] == [("Intake", False)]
    assert "nobody" in why["roles"][0]["why"]
    assert not admin.call("get", f"/processes/{process.key}/access/why/?token={token.pk}&operation=design").json()[
        "allowed"
    ]
    refused(admin.call("get", f"{there}&person=1"), 400, "invalid", "token")
    refused(admin.call("get", there.replace(str(token.pk), "0", 1)), 400, "invalid", "token")


def test_token_of_a_person_takes_no_role(admin: ApiClient, anna: User, worker: Role) -> None:
    client_of(anna)
    token = anna.tokens.get()
    refused(admin.call("post", f"/roles/{worker.pk}/tokens/", {"token": token.pk}), 409, "conflict")
    assert TokenOut(token).data["roles"] is None


def test_deleted_role_is_taken_from_it(admin: ApiClient, worker: Role) -> None:
    token, program = service(worker)
    assert admin.call("delete", f"/roles/{worker.pk}/").status_code == 204
    assert not RoleAssignment.objects.filter(token=token).exists()
    assert program.call("get", "/me/").json()["roles"] == []


def test_revoked_token_gets_no_role(worker: Role) -> None:
    token, _program = service()
    revoke_token(token, actor=SYSTEM)
    with pytest.raises(Conflict):
        assign_role_to_token(worker, to=token, actor=SYSTEM)
