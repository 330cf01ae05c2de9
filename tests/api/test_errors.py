"""Every refusal has one shape, the right status, and names what is wrong."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.operations import deactivate_person
from api.throttling import buckets
from core.actor import SYSTEM
from events.models import Event
from records.models import Record
from tests.api.conftest import ApiClient, client_of
from tests.factories import PASSWORD, make_admin, make_user


def refused(answer: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The body of a refusal, checked for its shape."""
    body: dict[str, Any] = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    assert (answer.status_code, body["code"]) == (status, code), body
    assert body["message"]
    assert answer.headers["Content-Type"] == "application/json"
    if fields:
        assert set(body["details"]["fields"]) == set(fields)
        assert all(isinstance(text, str) for texts in body["details"]["fields"].values() for text in texts)
    return body


def create(client: ApiClient, records: str) -> dict[str, Any]:
    found: dict[str, Any] = client.call("post", records, {"title": "Printer"}).json()
    return found


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"fields": {"amount": "much"}}, ["amount"]),
        ({"fields": {"nonsense": 1}}, ["nonsense"]),
        ({"fields": {"title": "x"}}, ["fields.title"]),
        ({"amount": 5}, ["amount"]),
        ({"id": 5, "version": 1, "author": 1}, ["id", "version", "author"]),
        ({"fields": []}, ["fields"]),
        ({"fields": {"source": "street", "request_date": "soon"}}, ["source", "request_date"]),
        ({"title": "a\x00b"}, ["title"]),
        ({"fields": {"comment": "a\x00b"}}, ["comment"]),
        ({"title": "x" * 10_000}, ["title"]),
        ({"title": ["x"]}, ["title"]),
        ({"assignee": 10**9}, ["assignee"]),
        ({"assignee": {"a": 1}}, ["assignee"]),
        ({"stage": "nowhere"}, ["stage"]),
        ({"stage": 5}, ["stage"]),
        ({"pipeline": "nowhere"}, ["pipeline"]),
        ({"fields": {"amount": 1e300}}, ["amount"]),
        ({"fields": {"responsible": [1]}}, ["responsible"]),
        ({"' OR 1=1 --": 1}, ["' OR 1=1 --"]),
    ],
)
def test_wrong_record_is_refused_by_name(client_anna: ApiClient, records: str, body: Any, fields: list[str]) -> None:
    refused(client_anna.call("post", records, body), 400, "invalid", *fields)
    assert not Record.objects.exists()
    assert not Event.objects.filter(kind="record.created").exists()


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"', b"[" * 100_000])
def test_malformed_body(client_anna: ApiClient, records: str, body: bytes) -> None:
    answer = client_anna.post(f"/api/v1{records}", body, content_type="application/json")
    refused(answer, 400, "malformed")


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'"text"'])
def test_body_must_be_an_object(client_anna: ApiClient, records: str, body: bytes) -> None:
    answer = client_anna.post(f"/api/v1{records}", body, content_type="application/json")
    refused(answer, 400, "invalid")


def test_body_of_another_type(client_anna: ApiClient, records: str) -> None:
    refused(client_anna.post(f"/api/v1{records}", {"a": 1}), 415, "unsupported_media_type")


def test_body_too_large(client_anna: ApiClient, records: str) -> None:
    answer = client_anna.post(f"/api/v1{records}", b" " * (11 * 1024 * 1024), content_type="application/json")
    refused(answer, 413, "too_large")


@pytest.mark.parametrize(
    "query",
    [
        "filter[nonsense]=1",
        "filter[amount]=much",
        "filter={",
        "filter=[]",
        'filter={"field":"nonsense","op":"is","value":1}',
        "sort=nonsense",
        "sort=comment",
        "cursor=zzz",
        "limit=0",
        "limit=1000",
        "limit=x",
        "limit=-1",
        "fields=nonsense",
        "expand=everything",
        "total=maybe",
        "search=%00",
        "filter[title]=%00",
        "nonsense=1",
        "filter=" + '{"all":[' * 20,
    ],
)
def test_wrong_question_is_refused_by_name(client_anna: ApiClient, records: str, query: str) -> None:
    body = refused(client_anna.call("get", f"{records}?{query}"), 400, "invalid")
    name = query.partition("=")[0]
    assert all(place == name or place.startswith(f"{name}.") for place in body["details"]["fields"])


def test_forbidden_move_missing_right_and_stale_version(
    client_anna: ApiClient, admin: ApiClient, records: str, anna: User
) -> None:
    own = f"{records}{create(client_anna, records)['id']}/"
    foreign = f"{records}{create(admin, records)['id']}/"
    refused(client_anna.call("post", f"{own}move/", {"stage": "completed"}), 403, "move_refused")
    refused(client_anna.call("post", f"{own}move/", {"stage": "nowhere"}), 400, "invalid", "stage")
    refused(client_anna.call("post", f"{own}move/", {}), 400, "invalid", "stage")
    refused(client_anna.call("post", f"{own}move/", {"stage": "in_work", "then": 1}), 400, "invalid", "then")
    refused(client_anna.call("patch", foreign, {"title": "x"}), 403, "not_allowed")
    refused(client_anna.call("delete", own), 403, "not_allowed")
    body = refused(client_anna.call("patch", own, {"title": "x"}, if_match='"7"'), 412, "stale")
    assert body["details"]["version"] == 1
    refused(client_anna.call("patch", own, {"title": "x"}, if_match="yesterday"), 400, "invalid", "If-Match")
    refused(client_anna.call("patch", own, {"stage": "in_work"}), 400, "invalid", "stage")


def test_absent_and_foreign_answer_alike(client_anna: ApiClient, records: str) -> None:
    stranger = client_of(make_user())
    present = create(client_anna, records)["id"]
    answers = [
        refused(stranger.call("get", f"{records}{present}/"), 404, "not_found"),
        refused(stranger.call("get", "/processes/nonsense/records/1/"), 404, "not_found"),
    ]
    assert answers[0]["message"] == answers[1]["message"]
    refused(client_anna.call("get", f"{records}{present + 1}/"), 404, "not_found")
    refused(client_anna.call("get", f"{records}{10**30}/"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nonsense/", "/api/v2/me/", "/api/v1/processes/a/b/c/d/"])
def test_unknown_address(path: str, client: Client) -> None:
    for method in ("get", "post", "delete"):
        refused(getattr(client, method)(path), 404, "not_found")


def test_address_without_its_slash_is_told_the_right_one(client: Client) -> None:
    assert refused(client.get("/api/v1/me"), 404, "not_found")["details"] == {"did_you_mean": "/api/v1/me/"}


def test_unknown_method(client_anna: ApiClient) -> None:
    refused(client_anna.call("delete", "/me/"), 405, "method_not_allowed")


@pytest.mark.parametrize("secret", ["nonsense", "scrm_nonsense", "x\x00", "я"])
def test_without_a_good_token_nobody_is_let_in(db: None, secret: str) -> None:
    header = f"Bearer {secret}".encode().decode("latin-1")
    answer = Client().get("/api/v1/me/", HTTP_AUTHORIZATION=header)
    refused(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    refused(Client().get("/api/v1/me/"), 401, "not_authenticated")


def test_token_of_a_deactivated_person_stops_at_once(client_anna: ApiClient, anna: User) -> None:
    make_admin()
    assert client_anna.call("get", "/me/").status_code == 200
    deactivate_person(anna, actor=SYSTEM)
    refused(client_anna.call("get", "/me/"), 401, "not_authenticated")


def test_reading_token_reads_only(anna: User, client_anna: ApiClient, records: str) -> None:
    one = f"{records}{create(client_anna, records)['id']}/"
    reader = client_of(anna, "read")
    assert reader.call("get", one).status_code == 200
    for method, path, body in (
        ("post", records, {"title": "x"}),
        ("patch", one, {"title": "x"}),
        ("post", f"{one}comments/", {"text": "x"}),
        ("post", "/tokens/", {"name": "more", "scopes": ["write"]}),
    ):
        refused(reader.call(method, path, body), 403, "not_allowed")


def test_token_cannot_make_a_mightier_one(admin: ApiClient) -> None:
    made = admin.call("post", "/tokens/", {"name": "writer", "scopes": ["write"]}).json()
    writer = ApiClient(made["secret"])
    refused(writer.call("post", "/tokens/", {"name": "more", "scopes": ["admin"]}), 403, "not_allowed")
    assert writer.call("delete", f"/tokens/{made['id']}/").status_code == 204
    refused(writer.call("get", "/me/"), 401, "not_authenticated")


def test_session_writes_need_the_csrf_token(anna: User, records: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/api/v1/me/").json()["scopes"] is None
    answer = browser.post(f"/api/v1{records}", {"title": "x"}, content_type="application/json")
    refused(answer, 403, "not_allowed")


def test_too_many_requests_say_when_to_come_again(client_anna: ApiClient, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    buckets.clear()
    assert [client_anna.call("get", "/me/").status_code for _ in range(2)] == [200, 200]
    answer = client_anna.call("get", "/me/")
    refused(answer, 429, "limit_reached")
    assert 0 < int(answer.headers["Retry-After"]) <= 30


def test_unforeseen_error_tells_nothing(client_anna: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("api.v1.people.roles", fail)
    client_anna.raise_request_exception = False
    answer = client_anna.call("get", "/me/")
    refused(answer, 500, "error")
    assert "secret" not in answer.content.decode()


def test_messages_speak_the_language_of_the_person(anna: User, client_anna: ApiClient) -> None:
    answer = client_anna.call("get", "/me/")
    assert answer.json()["language"] == "en"
    assert PASSWORD not in answer.content.decode()
