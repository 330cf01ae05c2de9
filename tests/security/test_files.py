"""Files over REST and on pages: hostile content, hostile names, and other people's ids."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from accounts.models import User
from api.throttling import buckets
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Operation, Process, Scope
from processes.operations import remove_field, set_grants
from processes.permissions import access_for
from records.exchange.plan import targets_for
from records.models import Attachment, Record
from records.operations import create_record, delete_record
from records.operations.files import Upload, upload_files
from tests.api.conftest import V1, ApiClient, client_of
from tests.factories import EMPLOYEE, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

HTML = b"<html><script>alert(document.domain)</script></html>"
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
GIF_AND_SCRIPT = b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//"


@pytest.fixture(autouse=True)
def full_buckets() -> None:
    buckets.clear()


@pytest.fixture
def process(db: None) -> Process:
    return make_process(fields=(FieldDraft("Scans", "file", key="scans", settings={"most_megabytes": 1}),))


@pytest.fixture
def anna(process: Process) -> User:
    return worker(process, Scope.ALL)


def worker(process: Process, view: int) -> User:
    """Somebody who sees what the scope says."""
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: {**EMPLOYEE, Operation.VIEW: view}}, actor=SYSTEM)
    return person


def send(client: ApiClient, process: Process, *files: Any, field: str = "scans", **more: Any) -> Any:
    """The answer to an upload of (name, content) pairs."""
    parts = [SimpleUploadedFile(name or "x", content, "image/png") for name, content in files]
    for part, (name, _content) in zip(parts, files, strict=True):
        part._name = name
    return client.post(f"{V1}/processes/{process.key}/files/", {field: parts, **more})


def held(process: Process, name: str = "a.txt", content: bytes = b"words") -> tuple[int, int]:
    """Ids of a file and of the record that holds it."""
    [file] = upload_files(process, [Upload("scans", name, len(content), io.BytesIO(content))], actor=SYSTEM)
    row = create_record(process, values={"title": "A", "scans": [file.pk]}, actor=SYSTEM)
    return file.pk, row.pk


def fetched(client: ApiClient, process: Process, file: int) -> Any:
    return client.call("get", f"/processes/{process.key}/files/{file}/")


def test_what_is_sent_is_what_comes_back(process: Process, anna: User) -> None:
    client = client_of(anna)
    answer = send(client, process, ("a.txt", b"one"), ("b.pdf", b"%PDF-1.7"))
    assert answer.status_code == 201
    first, second = answer.json()["items"]
    assert (first["name"], first["size"], first["field"], second["content_type"]) == (
        *("a.txt", 3, "scans"),
        "application/pdf",
    )
    body = {"title": "A", "fields": {"scans": [first["id"], second["id"]]}}
    record = client.call("post", f"/processes/{process.key}/records/", body).json()
    assert record["fields"]["scans"] == [first["id"], second["id"]]
    listed = client.call("get", f"/processes/{process.key}/records/{record['id']}/files/").json()["items"]
    assert listed == [first, second]
    content = fetched(client, process, first["id"])
    assert b"".join(content.streaming_content) == b"one"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", HTML),
        ("picture.png", HTML),
        ("picture.svg", SVG),
        ("picture.gif", GIF_AND_SCRIPT),
        ("report.pdf.exe", b"MZ\x90\x00\x03\xff"),
        ("nothing.txt", b""),
    ],
)
def test_every_file_is_saved_and_never_run(process: Process, anna: User, name: str, content: bytes) -> None:
    client = client_of(anna)
    [file] = send(client, process, (name, content)).json()["items"]
    answer = fetched(client, process, file["id"])
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in answer["Cache-Control"]
    assert answer["Content-Type"] not in ("text/html", "image/svg+xml", "application/xml", "text/xml")
    assert b"".join(answer.streaming_content) == content


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../../etc/passwd", "passwd"),
        ("a\x00.txt", "a.txt"),
        ("exe\u202etxt.exe", "exetxt.exe"),
        ('q"uote; filename=evil.html', "q_uote; filename=evil.html"),
        ("line\r\nSet-Cookie: a=b.txt", "lineSet-Cookie_ a=b.txt"),
    ],
)
def test_hostile_names_are_cleaned(process: Process, anna: User, name: str, clean: str) -> None:
    [file] = upload_files(process, [Upload("scans", name, 1, io.BytesIO(b"x"))], actor=SYSTEM)
    assert file.name == clean
    create_record(process, values={"title": "A", "scans": [file.pk]}, actor=SYSTEM)
    answer = fetched(client_of(anna), process, file.pk)
    assert answer.status_code == 200
    assert "\n" not in answer["Content-Disposition"]
    assert "Set-Cookie" not in answer.headers


def test_too_large_and_too_many_are_refused_and_leave_nothing(process: Process, anna: User) -> None:
    client = client_of(anna)
    large = send(client, process, ("a.bin", bytes(1024 * 1024 + 1)))
    assert large.status_code == 400
    assert "larger than 1 MB" in large.json()["details"]["fields"]["scans"][0]
    many = send(client, process, *[("a.txt", b"x")] * 21)
    assert many.status_code == 400
    thousands = send(client, process, *[("a.txt", b"x")] * 2_000)
    assert thousands.status_code == 400
    assert not Attachment.objects.exists()


@override_settings(FILE_MOST_LOOSE=2)
def test_nobody_fills_the_disk_with_loose_files(process: Process, anna: User) -> None:
    client = client_of(anna)
    assert send(client, process, ("a.txt", b"x"), ("b.txt", b"x")).status_code == 201
    assert send(client, process, ("c.txt", b"x")).status_code == 429


def test_only_files_and_only_of_known_fields_are_taken(process: Process, anna: User) -> None:
    client = client_of(anna)
    assert send(client, process, ("a.txt", b"x"), field="nothing").status_code == 400
    assert send(client, process, ("a.txt", b"x"), note="text").status_code == 400
    assert client.call("post", f"/processes/{process.key}/files/", {"scans": []}).status_code == 415
    assert send(client, process).status_code == 400


def test_foreign_and_absent_files_answer_alike(process: Process, anna: User) -> None:
    stranger, own = make_user("Stranger"), worker(process, Scope.OWN)
    file, record = held(process)
    [loose] = send(client_of(anna), process, ("loose.txt", b"x")).json()["items"]
    assert fetched(client_of(anna), process, file).status_code == 200
    for person, asked in ((stranger, file), (own, file), (own, loose["id"]), (anna, 10**12)):
        answer = fetched(client_of(person), process, asked)
        assert answer.status_code == 404
        assert "words" not in answer.text
    texts = {fetched(client_of(own), process, asked).json()["message"] for asked in (file, loose["id"], 10**12)}
    assert len(texts) == 1
    assert client_of(own).call("get", f"/processes/{process.key}/records/{record}/files/").status_code == 404


def test_file_is_not_found_under_another_process(process: Process, anna: User) -> None:
    file, _record = held(process)
    other = make_process()
    set_grants(other, {make_role(people=(anna,)).pk: EMPLOYEE}, actor=SYSTEM)
    assert fetched(client_of(anna), other, file).status_code == 404


def test_revoked_right_bin_and_removed_field_end_access_at_once(process: Process) -> None:
    person = make_user("Vera")
    role = make_role(people=(person,)).pk
    set_grants(process, {role: EMPLOYEE}, actor=SYSTEM)
    client = client_of(person)
    (file, record), (other, _record), (third, _third) = held(process), held(process), held(process)
    assert fetched(client, process, file).status_code == 200
    delete_record(process, record, actor=SYSTEM)
    assert fetched(client, process, file).status_code == 404
    remove_field(process.fields.get(key="scans"), actor=SYSTEM)
    assert fetched(client, process, other).status_code == 404
    set_grants(process, {role: {}}, actor=SYSTEM)
    assert fetched(client, process, third).status_code == 404


def test_file_of_somebody_else_cannot_be_put_into_ones_own_record(process: Process, anna: User) -> None:
    own = worker(process, Scope.OWN)
    file, _record = held(process)
    client = client_of(own)
    body = {"title": "Mine", "fields": {"scans": [file]}}
    answer = client.call("post", f"/processes/{process.key}/records/", body)
    assert answer.status_code == 400
    assert answer.json()["details"]["fields"] == {"scans": ["There is no such file."]}
    assert Record.objects.filter(title="Mine").count() == 0


def test_files_are_no_columns_of_imports(process: Process, anna: User) -> None:

    assert "scans" not in targets_for(access_for(SYSTEM, process))
