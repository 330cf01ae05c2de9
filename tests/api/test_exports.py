"""Exports over REST: the same file, the same rights as on the page; workbooks come in as they went out."""

import io
from typing import Any

import openpyxl
import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.exchange.exporting import turns
from records.exchange.worker import work
from records.exchange.writers import CONTENT_TYPES
from records.operations import create_record
from records.typed import model_for
from tests.api.conftest import V1, ApiClient, client_of
from tests.factories import EMPLOYEE, make_role, make_user

EXPORTER = {**EMPLOYEE, Operation.EXPORT: Scope.ALL, Operation.IMPORT: Scope.ALL}


@pytest.fixture
def exporter(process: Process) -> User:
    person = make_user("Elena")
    set_grants(process, {make_role(people=(person,)).pk: EXPORTER}, actor=SYSTEM)
    return person


@pytest.fixture
def client(exporter: User) -> ApiClient:
    return client_of(exporter)


@pytest.fixture
def exports(process: Process) -> str:
    return f"/processes/{process.key}/exports/"


@pytest.fixture
def ids(process: Process) -> list[int]:
    made = [("Paper", 5), ("Pens", 50), ("=cmd", 70)]
    return [create_record(process.pk, values={"title": t, "amount": a}, actor=SYSTEM).pk for t, a in made]


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_records_are_asked_for_and_fetched(client: ApiClient, exports: str, ids: list[int]) -> None:
    body = {
        "format": "csv",
        "columns": ["title", "amount"],
        "filter": {"field": "amount", "op": "ge", "value": 50},
        "sort": "-amount",
        "encoding": "utf-8",
        "delimiter": "\t",
    }
    answer = client.call("post", exports, body)
    made = answer.json()
    assert (answer.status_code, made["state"], made["total"], made["position"]) == (201, "done", 2, 2)
    one = f"{exports}{made['id']}/"
    assert client.call("get", one).json() == made
    assert client.call("get", exports).json() == {"items": [made]}
    file = client.call("get", f"{one}file/")
    content = content_of(file)
    assert content.decode("utf-8") == "Title\tAmount\r\n'=cmd\t70\r\nPens\t50\r\n"
    assert made["size"] == len(content)
    assert file["Content-Disposition"].startswith("attachment; filename=")
    assert (file["Content-Type"], file["X-Content-Type-Options"]) == ("text/csv; charset=utf-8", "nosniff")


def test_selection_search_and_all_columns(client: ApiClient, exports: str, ids: list[int]) -> None:
    made = client.call("post", exports, {"format": "csv", "ids": ids[:2], "search": "pap"}).json()
    text = content_of(client.call("get", f"{exports}{made['id']}/file/")).decode("utf-8-sig")
    header, row = text.splitlines()
    assert header.startswith("Number,Title,Pipeline,Stage,")
    assert row.startswith(f"{ids[0]},Paper,")


def test_worker_makes_what_is_long_and_it_may_be_stopped(
    client: ApiClient, exports: str, ids: list[int], settings: Any
) -> None:
    settings.EXPORT_ROWS_AT_ONCE = 0
    first, second = (client.call("post", exports, {"format": "xlsx"}).json() for _ in range(2))
    assert (first["state"], first["size"]) == ("reading", 0)
    assert client.call("get", f"{exports}{first['id']}/file/").status_code == 404
    stopped = client.call("post", f"{exports}{second['id']}/cancel/")
    assert stopped.json()["state"] == "cancelled"
    assert client.call("post", f"{exports}{second['id']}/cancel/").status_code == 409
    turns.work()
    assert client.call("get", f"{exports}{first['id']}/").json()["state"] == "done"
    book = openpyxl.load_workbook(io.BytesIO(content_of(client.call("get", f"{exports}{first['id']}/file/"))))
    assert len(list(book.active.iter_rows())) == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, "format"),
        ({"format": "pdf"}, "format"),
        ({"format": "csv", "columns": ["nope"]}, "columns"),
        ({"format": "csv", "columns": "title"}, "columns"),
        ({"format": "csv", "sort": "nope"}, "sort"),
        ({"format": "csv", "filter": {"field": "nope", "op": "is", "value": 1}}, "filter"),
        ({"format": "csv", "ids": ["x"]}, "ids"),
        ({"format": "csv", "search": "\x00"}, "search"),
        ({"format": "csv", "delimiter": "x"}, "delimiter"),
        ({"format": "csv", "encoding": "cp1251"}, "encoding"),
        ({"format": "csv", "all": True}, "all"),
    ],
)
def test_wrong_bodies_are_refused_with_the_place(client: ApiClient, exports: str, wrong: Any, place: str) -> None:
    answer = client.call("post", exports, wrong)
    assert answer.status_code == 400
    assert place in str(answer.json()["details"])


def test_right_to_export_is_needed_and_nobody_fetches_what_another_made(
    client: ApiClient, process: Process, exports: str, ids: list[int]
) -> None:
    made = client.call("post", exports, {"format": "csv"}).json()
    reader, other = make_user("Reader"), make_user("Other")
    for person, grants in ((reader, EMPLOYEE), (other, EXPORTER)):
        set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    for path in (exports, f"{exports}{made['id']}/", f"{exports}{made['id']}/file/"):
        assert client_of(reader).call("get", path).status_code == 403
    assert client_of(reader).call("post", exports, {"format": "csv"}).status_code == 403
    assert client_of(other).call("get", exports).json() == {"items": []}
    assert client_of(other).call("get", f"{exports}{made['id']}/file/").status_code == 404


def test_exported_workbook_is_imported_as_it_went_out(
    client: ApiClient, process: Process, exports: str, ids: list[int]
) -> None:
    made = client.call("post", exports, {"format": "xlsx", "columns": ["title", "amount"], "sort": "id"}).json()
    content = content_of(client.call("get", f"{exports}{made['id']}/file/"))
    imports = f"/processes/{process.key}/imports/"
    job = client.post(V1 + imports, data=content, content_type=CONTENT_TYPES["xlsx"]).json()
    assert [column["target"] for column in job["columns"]] == ["title", "amount"]
    assert (job["sheets"], job["sheet"]) == ([], "Sheet1")
    for step in ("check", "run"):
        client.call("post", f"{imports}{job['id']}/{step}/")
        work()
    done = client.call("get", f"{imports}{job['id']}/").json()
    assert (done["state"], done["created"], done["rejected"]) == ("done", 3, 0)
    titles = list(model_for(definition_of(process)).objects.order_by("pk").values_list("title", flat=True))
    assert titles == ["Paper", "Pens", "=cmd"] * 2


def test_sheet_of_a_workbook_is_chosen(client: ApiClient, process: Process) -> None:
    book = openpyxl.Workbook()
    for name in ("One", "Two"):
        sheet = book.create_sheet(name)
        sheet.append(["Title" if name == "One" else "Amount"])
        sheet.append([name])
    buffer = io.BytesIO()
    book.save(buffer)
    imports = f"/processes/{process.key}/imports/"
    job = client.post(V1 + imports, data=buffer.getvalue(), content_type=CONTENT_TYPES["xlsx"]).json()
    assert (job["sheets"], job["sheet"]) == (["Sheet", "One", "Two"], "One")
    one = f"{imports}{job['id']}/"
    changed = client.call("patch", one, {"sheet": "Two", "targets": ["title"]}).json()
    assert (changed["sheet"], changed["columns"][0]["header"]) == ("Two", "Amount")
    assert changed["columns"][0]["target"] == "title"
    assert client.call("patch", one, {"sheet": "Three"}).status_code == 400
    assert client.call("patch", one, {"delimiter": ";"}).status_code == 409
