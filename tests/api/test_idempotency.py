"""A write with an idempotency key is done once; test_idempotency_races.py has threads and crashes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.models import FieldLevel, Operation, Process, Scope
from processes.operations import set_field_grants, set_grants
from records.models import Record, StoredAnswer
from tests.api.conftest import ApiClient
from tests.api.test_errors import refused


def test_repeat_gives_the_stored_answer(client_anna: ApiClient, records: str) -> None:
    first = client_anna.call("post", records, {"title": "Printer"}, idempotency_key="k1")
    again = client_anna.call("post", records, {"title": "Printer"}, idempotency_key="k1")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers["ETag"] == again.headers["ETag"] == '"1"'
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Record.objects.count() == 1


def test_same_key_with_another_request_is_refused(client_anna: ApiClient, records: str) -> None:
    made = client_anna.call("post", records, {"title": "Printer"}, idempotency_key="k1").json()
    one = f"{records}{made['id']}/"
    refused(client_anna.call("post", records, {"title": "Other"}, idempotency_key="k1"), 422, "key_reused")
    refused(client_anna.call("patch", one, {"title": "Printer"}, idempotency_key="k1"), 422, "key_reused")
    assert Record.objects.count() == 1


def test_keys_of_others_do_not_meet(client_anna: ApiClient, admin: ApiClient, records: str) -> None:
    for client in (client_anna, admin):
        assert client.call("post", records, {"title": "x"}, idempotency_key="k1").status_code == 201
    assert Record.objects.count() == 2


def test_refused_write_leaves_its_key_free(client_anna: ApiClient, records: str) -> None:
    refused(client_anna.call("post", records, {"nonsense": 1}, idempotency_key="k1"), 400, "invalid")
    assert client_anna.call("post", records, {"title": "x"}, idempotency_key="k1").status_code == 201


@pytest.mark.parametrize("key", ["a b", "я", "x" * 256])
def test_malformed_key_is_refused(client_anna: ApiClient, records: str, key: str) -> None:
    header = {"idempotency_key": key.encode().decode("latin-1")}
    refused(client_anna.call("post", records, {}, **header), 400, "invalid", "Idempotency-Key")


def test_deletion_and_move_are_repeated_as_they_were(admin: ApiClient, records: str) -> None:
    one = f"{records}{admin.call('post', records, {'title': 'x'}).json()['id']}/"
    for _ in range(2):
        assert admin.call("post", f"{one}move/", {"stage": "in_work"}, idempotency_key="m").json()["version"] == 2
        assert admin.call("delete", one, idempotency_key="d").status_code == 204
    assert Event.objects.filter(kind__in=["record.moved", "record.deleted"]).count() == 2


def test_stored_answer_never_holds_a_secret(client_anna: ApiClient) -> None:
    body = {"name": "t", "scopes": ["read"]}
    first = client_anna.call("post", "/tokens/", body, idempotency_key="k1").json()
    again = client_anna.call("post", "/tokens/", body, idempotency_key="k1").json()
    assert first["secret"].startswith("scrm_")
    assert "secret" not in again
    assert again["id"] == first["id"]
    assert first["secret"].encode() not in bytes(StoredAnswer.objects.get().body)


def test_old_answers_are_cleared_away(client_anna: ApiClient, records: str) -> None:
    client_anna.call("post", records, {"title": "x"}, idempotency_key="old")
    StoredAnswer.objects.update(created_at=timezone.now() - timedelta(days=2))
    client_anna.call("post", records, {"title": "y"}, idempotency_key="new")
    assert [answer.key for answer in StoredAnswer.objects.all()] == ["new"]


def test_stored_answer_is_not_told_to_whom_the_process_is_closed_by_now(
    client_anna: ApiClient, records: str, process: Process
) -> None:
    ask = {"data": {"title": "Printer"}, "idempotency_key": "one"}
    assert client_anna.call("post", records, **ask).status_code == 201
    assert client_anna.call("post", records, **ask).headers["Idempotent-Replayed"] == "true"
    set_grants(process, {role: {} for role in definition_of(process).grants}, actor=SYSTEM)
    answer = client_anna.call("post", records, **ask)
    assert (answer.status_code, "Printer" in answer.content.decode()) == (404, False)


@pytest.mark.parametrize("query", ["", "?fields=title,comment"])
def test_repeated_answer_shows_the_record_as_one_may_see_it_now(
    client_anna: ApiClient, records: str, process: Process, query: str
) -> None:
    made = client_anna.call("post", records, {"title": "Printer"}).json()
    ask = {"data": {"fields": {"comment": "platypus"}}, "idempotency_key": "one"}
    one = f"{records}{made['id']}/"
    assert "platypus" in client_anna.call("patch", f"{one}{query}", **ask).text
    assert b"platypus" not in bytes(StoredAnswer.objects.get().body)
    again = client_anna.call("patch", f"{one}{query}", **ask)
    assert (again.status_code, "platypus" in again.text) == (200, True)
    definition = definition_of(process)
    hidden = {definition.field_by_key["comment"].id: {None: FieldLevel.HIDDEN}}
    (role,) = definition.grants.keys() - definition.built_in_roles
    set_field_grants(process, {role: hidden}, actor=SYSTEM)
    again = client_anna.call("patch", f"{one}{query}", **ask)
    assert ("platypus" in again.text, again.headers.get("Idempotent-Replayed", "true")) == (False, "true")
    assert again.status_code == 200


def test_repeated_answer_tells_only_the_number_of_a_record_that_one_does_not_see(
    client_anna: ApiClient, records: str, process: Process
) -> None:
    ask = {"data": {"title": "Printer", "stage": "received"}, "idempotency_key": "one"}
    made = client_anna.call("post", records, **ask).json()
    (role,) = definition_of(process).grants.keys() - definition_of(process).built_in_roles
    set_grants(process, {role: {Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    again = client_anna.call("post", records, **ask)
    assert (again.status_code, again.json()) == (201, {"id": made["id"], "version": 1})
