"""A write with an idempotency key is done once (F7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event
from processes.models import Process
from records.models import Record, StoredAnswer
from tests.api.conftest import ApiClient, client_of
from tests.api.test_errors import refused
from tests.factories import make_admin, make_process


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


@pytest.fixture
def shared(committed: None) -> tuple[Process, ApiClient]:
    """A process and an administrator's client that other connections see."""
    return make_process(), client_of(make_admin(), "read", "write", "admin")


def test_fifty_parallel_posts_with_one_key_make_one_record(shared: tuple[Process, ApiClient]) -> None:
    process, client = shared
    path = f"/processes/{process.key}/records/"
    secret = client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")

    def post(number: int) -> tuple[int, bytes]:
        try:
            answer = ApiClient(secret).call("post", path, {"title": "Printer"}, idempotency_key="one")
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    assert {status for status, _content in answers} == {201}
    assert len({content for _status, content in answers}) == 1
    assert (Record.objects.count(), Event.objects.filter(kind="record.created").count()) == (1, 1)


def test_crash_in_the_middle_leaves_nothing_and_the_retry_does_it(
    shared: tuple[Process, ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, client = shared
    path = f"/processes/{process.key}/records/"

    def crash(*args: Any) -> None:
        raise RuntimeError("crash")

    client.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr("api.views._answer", crash)  # after the record was written, before the answer was stored
        assert client.call("post", path, {"title": "x"}, idempotency_key="k").status_code == 500
    assert (Record.objects.count(), Event.objects.filter(kind="record.created").count()) == (0, 0)
    answer = client.call("post", path, {"title": "x"}, idempotency_key="k")
    assert (answer.status_code, Record.objects.count()) == (201, 1)
    assert "Idempotent-Replayed" not in answer.headers
