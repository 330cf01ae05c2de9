"""Files: taken in, held by values, swept when nobody holds them."""

import io
import os
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotFound
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import set_grants
from processes.permissions import access_for
from records.files import clean_name, content_type_of, served_type
from records.models import Attachment
from records.operations import RecordChange, change_records, create_record, delete_record, restore_record, update_record
from records.operations.drafts import draft_record, write_drafts
from records.operations.files import Upload, sweep_files, upload_files
from records.operations.writing import begin
from records.queries.card import value_of
from records.queries.files import file_for, files_of
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def process(db: None) -> Process:
    return make_process(
        fields=(
            FieldDraft("Scans", "file", key="scans", settings={"most_files": 3}),
            FieldDraft("Pictures", "file", key="pictures", settings={"extensions": "png, jpg", "most_megabytes": 1}),
        )
    )


def up(
    process: Process, *names: str, field: str = "scans", actor: Actor = SYSTEM, content: bytes = b"words"
) -> list[int]:
    """Ids of new files."""
    uploads = [Upload(field, name, len(content), io.BytesIO(content)) for name in names]
    return [file.pk for file in upload_files(process, uploads, actor=actor)]


def test_value_holds_files_in_order_and_history_names_them(process: Process) -> None:
    first, second = up(process, "a.txt", "b.txt")
    row = create_record(process, values={"title": "A", "scans": [second, first]}, actor=SYSTEM)
    assert row.values()["scans"] == [second, first]
    assert set(Attachment.objects.values_list("pk", "record_id")) == {(first, row.pk), (second, row.pk)}
    access = access_for(SYSTEM, process)
    assert value_of(access, row.pk, "scans")[0].text == "b.txt, a.txt"
    assert [held.file.name for held in files_of(access, row.pk)] == ["b.txt", "a.txt"]


def test_content_is_kept_digested_and_sniffed(process: Process) -> None:
    [pk] = up(process, "x.txt", content=PNG)
    file = Attachment.objects.get(pk=pk)
    with default_storage.open(file.path) as content:
        assert content.read() == PNG
    assert (file.size, file.content_type, len(file.digest)) == (len(PNG), "image/png", 64)
    assert "x.txt" not in file.path


def test_file_of_another_record_is_refused_like_an_absent_one(process: Process) -> None:
    [file] = up(process, "a.txt")
    create_record(process, values={"title": "A", "scans": [file]}, actor=SYSTEM)
    said = []
    for other in (file, 10**9):
        with pytest.raises(Invalid) as refused:
            create_record(process, values={"title": "B", "scans": [other]}, actor=SYSTEM)
        said.append(refused.value.fields)
    assert said[0] == said[1]


def test_file_of_another_field_and_of_another_person_is_refused(process: Process) -> None:
    anna, boris = make_user("Anna"), make_user("Boris")
    set_grants(process, {make_role(people=(anna, boris)).pk: EMPLOYEE}, actor=SYSTEM)
    [file] = up(process, "a.txt", actor=actor_of(anna))
    for values, actor in (({"pictures": [file]}, anna), ({"scans": [file]}, boris)):
        with pytest.raises(Invalid):
            create_record(process, values={"title": "B", **values}, actor=actor_of(actor))
    assert create_record(process, values={"title": "B", "scans": [file]}, actor=actor_of(anna)).pk


def test_bulk_creates_hold_files_in_one_statement_and_no_file_twice(process: Process) -> None:
    def queries(count: int) -> int:
        files = up(process, *["a.txt"] * 3) + up(process, *["b.txt"] * 3)
        changes = [RecordChange(values={"title": "R", "scans": [file]}) for file in files[:count]]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            outcomes = change_records(process, changes, actor=SYSTEM)
        assert all(outcome.row for outcome in outcomes)
        return len(captured)

    assert queries(2) == queries(6)
    [file] = up(process, "a.txt")
    twice = [RecordChange(values={"title": "R", "scans": [file]})] * 2
    outcomes = change_records(process, twice, actor=SYSTEM)
    assert outcomes[0].row is not None
    assert isinstance(outcomes[1].error, Invalid)


def test_file_that_another_record_takes_at_the_same_time_is_a_conflict(process: Process) -> None:
    [file] = up(process, "a.txt")
    with transaction.atomic():
        writing = begin(process, actor=SYSTEM)
        drafts = [draft_record(writing, values={"scans": [file]})]
        # What the other one asked before the first was written.
        writing.known["file", definition_of(process).field_by_key["scans"].id].add(file)
        drafts.append(draft_record(writing, values={"scans": [file]}))
        with pytest.raises(Conflict):
            write_drafts(writing, drafts)


def test_file_removed_from_value_can_be_put_back_by_who_sees_history(process: Process) -> None:
    viewer = make_user("Viewer")
    grants = {operation: scope for operation, scope in EMPLOYEE.items() if operation != "history"} | {"update": 5}
    set_grants(process, {make_role(people=(viewer,)).pk: grants}, actor=SYSTEM)
    [file] = up(process, "a.txt")
    row = create_record(process, values={"title": "A", "scans": [file]}, actor=SYSTEM)
    assert file_for(actor_of(viewer), file).pk == file
    update_record(process, row.pk, values={"scans": None}, actor=SYSTEM)
    with pytest.raises(NotFound):
        file_for(actor_of(viewer), file)
    assert file_for(SYSTEM, file).pk == file
    with pytest.raises(Invalid):
        update_record(process, row.pk, values={"scans": [file]}, actor=actor_of(viewer))
    assert update_record(process, row.pk, values={"scans": [file]}, actor=SYSTEM).values()["scans"] == [file]


def test_nobody_has_files_of_a_record_in_the_bin(process: Process) -> None:
    [file] = up(process, "a.txt")
    row = create_record(process, values={"title": "A", "scans": [file]}, actor=SYSTEM)
    delete_record(process, row.pk, actor=SYSTEM)
    with pytest.raises(NotFound):
        file_for(SYSTEM, file)
    restore_record(process, row.pk, actor=SYSTEM)
    assert file_for(SYSTEM, file).pk == file


@pytest.mark.parametrize(
    ("field", "name", "content", "words"),
    [
        ("nothing", "a.txt", b"x", "no such field"),
        ("pictures", "a.txt", b"x", "only png, jpg"),
        ("pictures", "a.png.exe", PNG, "only png, jpg"),
        ("pictures", "a.png", b"<html><script>alert(1)</script>", "not what its name says"),
        ("pictures", "a.png", PNG + bytes(1024 * 1024), "larger than 1 MB"),
    ],
)
def test_upload_refuses_what_the_field_does_not_take(
    process: Process, field: str, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        up(process, name, field=field, content=content)
    assert words in str(refused.value.fields[field][0])
    assert not Attachment.objects.exists()


def test_upload_refuses_more_files_than_a_value_holds(process: Process) -> None:
    with pytest.raises(Invalid, match="At most 3 files"):
        up(process, *["a.txt"] * 4)
    files = up(process, "a.txt", "b.txt") + up(process, "c.txt", "d.txt")
    with pytest.raises(Invalid) as refused:
        create_record(process, values={"title": "A", "scans": files}, actor=SYSTEM)
    assert "At most 3 files" in str(refused.value.fields["scans"][0])


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ('say "hi" <b>.txt', "say _hi_ _b_.txt"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("Договор № 5.docx", "Договор № 5.docx"),
        ("\ud800.txt", "txt"),
    ],
)
def test_names_are_made_harmless(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_long_name_keeps_its_ending() -> None:
    assert len(clean_name("я" * 500 + ".pdf")) == 255
    assert clean_name("я" * 500 + ".pdf").endswith("я.pdf")


@pytest.mark.parametrize(
    ("head", "media_type", "served"),
    [
        (PNG, "image/png", "image/png"),
        (b"%PDF-1.7 ...", "application/pdf", "application/pdf"),
        (b"GIF89a/*<script>*/=1;", "image/gif", "image/gif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain", "text/plain"),
        (b"", "text/plain", "text/plain"),
        (b"MZ\x90\x00\x03\x00\x00\x00\xff\xff", None, "application/octet-stream"),
        (bytes(range(256)), None, "application/octet-stream"),
    ],
)
def test_content_says_what_a_file_is(head: bytes, media_type: str | None, served: str) -> None:
    found = content_type_of(head)
    assert media_type is None or found == media_type
    assert served_type(found) == served


def test_sweep_deletes_what_nobody_holds_and_nothing_else(process: Process) -> None:
    old, loose, held = up(process, "old.txt", "loose.txt", "held.txt")
    row = create_record(process, values={"title": "A", "scans": [held]}, actor=SYSTEM)
    update_record(process, row.pk, values={"scans": None}, actor=SYSTEM)
    paths = dict(Attachment.objects.values_list("pk", "path"))
    long_ago = timezone.now() - timedelta(hours=25)
    Attachment.objects.filter(pk__in=[old, held]).update(created_at=long_ago)
    orphan = default_storage.save("files/zz/" + "0" * 38, io.BytesIO(b"x"))
    for path in (*paths.values(), orphan):
        os.utime(default_storage.path(path), (long_ago.timestamp(),) * 2)
    assert sweep_files() == 2
    assert set(Attachment.objects.values_list("pk", flat=True)) == {loose, held}
    assert [default_storage.exists(paths[pk]) for pk in (old, loose, held)] == [False, True, True]
    assert not default_storage.exists(orphan)


def test_definition_describes_files(process: Process) -> None:
    field = definition_of(process).field_by_key["scans"]
    assert field.settings == {"most_files": 3, "most_megabytes": 25, "extensions": []}
    assert field.type.short_display([1, 2], field, None) == "2 files"  # type: ignore[arg-type]
