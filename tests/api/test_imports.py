"""Imports over REST: the same file, the same rights, the same counts as on the page."""

from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.exchange.worker import work
from records.models import ImportJob, Record
from tests.api.conftest import V1, ApiClient, client_of
from tests.factories import EMPLOYEE, make_role, make_user

FILE = "Название;Amount;Source;Другое\nПринтер;1 234,5;Site;x\nПлохая;many;Mail;y\nПропуск;;phone;\n"


@pytest.fixture
def importer(process: Process) -> User:
    person = make_user("Irina")
    grants = {**EMPLOYEE, Operation.IMPORT: Scope.ALL, Operation.UPDATE: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def client(importer: User) -> ApiClient:
    return client_of(importer)


@pytest.fixture
def imports(process: Process) -> str:
    return f"/processes/{process.key}/imports/"


def send(client: ApiClient, path: str, content: bytes, content_type: str = "text/csv", **headers: str) -> Any:
    return client.post(V1 + path, data=content, content_type=content_type, headers=headers or None)


def begun(client: ApiClient, imports: str, content: bytes) -> str:
    """The path of a new import."""
    return f"{imports}{send(client, imports, content).json()['id']}/"


def test_file_is_sent_planned_checked_and_run(client: ApiClient, process: Process, imports: str) -> None:
    answer = send(client, f"{imports}?name=list.csv", FILE.encode("cp1251"))
    assert answer.status_code == 201
    body = answer.json()
    assert {key: body[key] for key in ("state", "name", "encoding", "delimiter", "total", "run_robots")} == {
        "state": "draft",
        "name": "list.csv",
        "encoding": "cp1251",
        "delimiter": ";",
        "total": 3,
        "run_robots": False,
    }
    assert [column["target"] for column in body["columns"]] == ["title", "amount", "source", None]
    assert body["columns"][0]["samples"] == ["Принтер", "Плохая", "Пропуск"]
    one = f"{imports}{body['id']}/"
    planned = client.call("patch", one, {"targets": ["title", "amount", "source", None], "run_robots": True})
    assert (planned.status_code, planned.json()["run_robots"]) == (200, True)
    assert client.call("post", f"{one}check/").json()["state"] == "checking"
    work()
    found = client.call("get", one).json()
    assert [found[key] for key in ("state", "created", "updated", "rejected")] == ["checked", 2, 0, 1]
    assert Record.objects.filter(process=process).count() == 0
    assert client.call("post", f"{one}run/").json()["state"] == "running"
    work()
    found = client.call("get", one).json()
    assert [found[key] for key in ("state", "created", "updated", "rejected", "position")] == ["done", 2, 0, 1, 3]
    assert client.call("get", f"{one}problems/").json() == {
        "items": [
            {
                "row": 2,
                "line": 3,
                "reasons": [
                    {"column": 1, "message": "A number is expected."},
                    {"column": 2, "message": "“Mail” is none of the options."},
                ],
            }
        ],
        "next": None,
    }
    rejected = client.call("get", f"{one}rejected/")
    assert rejected["Content-Type"] == "text/csv; charset=utf-8"
    assert rejected.content.decode("utf-8-sig").splitlines()[1].startswith("Плохая;many;Mail;y;Amount: A number")
    assert [job["id"] for job in client.call("get", imports).json()["items"]] == [body["id"]]


def test_same_key_sends_a_file_once(client: ApiClient, imports: str) -> None:
    first = send(client, imports, b"Title\nA\n", idempotency_key="k1")
    again = send(client, imports, b"Title\nA\n", idempotency_key="k1")
    other = send(client, imports, b"Title\nB\n", idempotency_key="k1")
    assert (first.json(), other.status_code) == (again.json(), 422)
    assert again["Idempotent-Replayed"] == "true"
    assert ImportJob.objects.count() == 1


def test_another_delimiter_reads_the_file_anew(client: ApiClient, imports: str) -> None:
    one = begun(client, imports, b"Title|x;Amount\nA|b;1\n")
    body = client.call("patch", one, {"delimiter": "|"}).json()
    assert [column["header"] for column in body["columns"]] == ["Title", "x;Amount"]


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"", "text/csv", 400, "invalid"),
        (b"PK\x03\x04", "text/csv", 400, "invalid"),
        (b"{}", "application/json", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_csv_file_is_refused(
    client: ApiClient, imports: str, content: bytes, content_type: str, status: int, code: str
) -> None:
    answer = send(client, imports, content, content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_file_over_the_limit_is_refused(client: ApiClient, imports: str, settings: Any) -> None:
    settings.IMPORT_MOST_BYTES = 10
    assert send(client, imports, b"Title\n" + b"A\n" * 20).status_code == 413


def test_wrong_plans_are_refused_by_place(client: ApiClient, imports: str) -> None:
    one = begun(client, imports, b"Title,B\nA,1\n")
    for body, places in (
        ({"targets": ["title"]}, {"targets"}),
        ({"targets": ["title", "title"]}, {"targets.1"}),
        ({"key": "amount"}, {"key"}),
        ({"nonsense": 1}, {"nonsense"}),
        ({"encoding": "rot13"}, {"encoding"}),
    ):
        answer = client.call("patch", one, body)
        assert (answer.status_code, set(answer.json()["details"]["fields"])) == (400, places)
    assert client.call("post", f"{one}run/").status_code == 409


def test_import_needs_its_right_and_is_ones_own(
    client: ApiClient, client_anna: ApiClient, imports: str, process: Process
) -> None:
    assert send(client_anna, imports, b"Title\nA\n").status_code == 403
    one = begun(client, imports, b"Title\nA\n")
    assert client_anna.call("get", one).status_code == 403
    other = make_user()
    grants = {Operation.VIEW: Scope.ALL, Operation.IMPORT: Scope.ALL, Operation.CREATE: Scope.ALL}
    set_grants(process, {make_role(people=(other,)).pk: grants}, actor=SYSTEM)
    for method, path in (("get", ""), ("post", "check/"), ("post", "cancel/"), ("get", "rejected/")):
        assert client_of(other).call(method, one + path).status_code == 404


def test_reading_token_of_an_importer_only_reads(importer: User, client: ApiClient, imports: str) -> None:
    one = begun(client, imports, b"Title\nA\n")
    reader = client_of(importer, "read")
    assert send(reader, imports, b"Title\nA\n").status_code == 403
    assert reader.call("post", f"{one}check/").status_code == 403
