"""One idempotency key under fifty threads, and a crash in the middle (F7)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from events.models import Event
from processes.models import Process
from records.models import Record
from tests.api.conftest import ApiClient, client_of
from tests.factories import make_admin, make_process

pytestmark = pytest.mark.faults


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
        patched.setattr("api.views.answer_of", crash)  # after the record was written, before the answer was stored
        assert client.call("post", path, {"title": "x"}, idempotency_key="k").status_code == 500
    assert (Record.objects.count(), Event.objects.filter(kind="record.created").count()) == (0, 0)
    answer = client.call("post", path, {"title": "x"}, idempotency_key="k")
    assert (answer.status_code, Record.objects.count()) == (201, 1)
    assert "Idempotent-Replayed" not in answer.headers
