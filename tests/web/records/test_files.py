"""Files on pages: sent with a form or before it, shown, taken out, fetched."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from accounts.models import User
from accounts.queries import actor_for
from core.actor import SYSTEM
from expressions.conditions import evaluate, parse_condition
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import set_grants
from processes.permissions import access_for
from processes.schema import schema_of
from records.asking import scope_of
from records.models import Attachment
from records.operations import create_record, update_record
from records.operations.files import Upload, upload_files
from records.queries.filters import condition_from
from records.queries.narrowing import Narrowing
from records.queries.table import table_for
from records.typed import model_for
from tests.factories import EMPLOYEE, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process(db: None) -> Process:
    settings = {"most_files": 3, "extensions": "txt, pdf"}
    return make_process(fields=(FieldDraft("Scans", "file", key="scans", on_card=True, settings=settings),))


@pytest.fixture
def anna(process: Process) -> User:
    person = make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return person


@pytest.fixture
def browser(anna: User) -> Client:
    return signed_in(anna)


def text_file(name: str = "a.txt", content: bytes = b"words") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def taken(process: Process, person: User | None = None, *names: str) -> list[int]:
    actor = actor_for(person) if person else SYSTEM
    uploads = [Upload("scans", name, 5, io.BytesIO(b"words")) for name in names]
    return [file.pk for file in upload_files(process, uploads, actor=actor)]


def test_new_form_sends_files_without_scripts(process: Process, browser: Client) -> None:
    address = reverse("record-new", args=[process.key])
    assert 'enctype="multipart/form-data"' in browser.get(address).text
    answer = browser.post(address, {"title": "A", "scans": [text_file(), text_file("b.pdf", b"%PDF-1.7")]})
    assert answer.status_code == 302
    row = model_for(definition_of(process)).objects.get()
    files = row.values()["scans"]
    assert [Attachment.objects.get(pk=pk).name for pk in files] == ["a.txt", "b.pdf"]
    card = browser.get(reverse("record-card", args=[process.key, row.pk])).text
    assert reverse("file", args=[files[0], "a.txt"]) in card
    content = browser.get(reverse("file", args=[files[0], "a.txt"]))
    assert b"".join(content.streaming_content) == b"words"
    assert content["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert content["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_refused_form_keeps_the_files_that_were_sent(process: Process, browser: Client) -> None:
    address = reverse("record-new", args=[process.key])
    answer = browser.post(address, {"title": "x" * 400, "scans": [text_file()]})
    assert answer.status_code == 422
    [file] = Attachment.objects.all()
    assert f'value="{file.pk}"' in answer.text
    assert "a.txt" in answer.text
    assert browser.post(address, {"title": "A", "scans": [str(file.pk)]}).status_code == 302
    file.refresh_from_db()
    assert file.record_id is not None


def test_refused_file_is_said_at_its_field(process: Process, browser: Client) -> None:
    answer = browser.post(reverse("record-new", args=[process.key]), {"title": "A", "scans": [text_file("a.exe")]})
    assert answer.status_code == 422
    assert "“a.exe”: only txt, pdf." in str(answer.context["form"].errors["scans"])
    assert not Attachment.objects.exists()


def test_form_tells_nothing_of_files_of_others(process: Process, browser: Client) -> None:
    [foreign] = taken(process, make_admin_like(process), "secret.txt")
    answer = browser.post(reverse("record-new", args=[process.key]), {"title": "A", "scans": [str(foreign)]})
    assert answer.status_code == 422
    assert "secret.txt" not in answer.text


def make_admin_like(process: Process) -> User:
    other = make_user("Other")
    set_grants(process, {make_role(people=(other,)).pk: EMPLOYEE}, actor=SYSTEM)
    return other


def test_script_sends_files_and_gets_their_rows(process: Process, browser: Client) -> None:
    address = f"{reverse('files-upload', args=[process.key])}?name=value"
    answer = browser.post(address, {"scans": text_file("<b>.txt")})
    assert answer.status_code == 201
    [pk] = answer.json()["ids"]
    assert f'value="{pk}"' in answer.json()["html"]
    assert 'name="value"' in answer.json()["html"]
    assert "<b>" not in answer.json()["html"]
    refused = browser.post(address, {"scans": text_file("a.exe")}, headers={"accept": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["details"]["fields"]["scans"] == ["“a.exe”: only txt, pdf."]


def test_value_is_edited_in_its_place(process: Process, browser: Client, anna: User) -> None:
    first, second = taken(process, anna, "a.txt", "b.txt")
    row = create_record(process, values={"title": "A", "scans": [first, second]}, actor=actor_for(anna))
    address = reverse("record-field", args=[process.key, row.pk, "scans"])
    editor = browser.get(address).text
    assert f'value="{first}"' in editor
    assert "data-upload-url" in editor
    data = {"value": [str(second), text_file("c.txt")], "was": json.dumps([first, second])}
    answer = browser.post(address, data)
    assert answer.status_code == 200, answer.content
    third = Attachment.objects.get(name="c.txt").pk
    assert answer.json()["json"] == [second, third]
    emptied = browser.post(address, {"was": json.dumps([second, third])})
    assert emptied.json()["json"] is None


def test_list_board_and_history_name_files(process: Process, browser: Client, anna: User) -> None:
    first, second = taken(process, anna, "a & b.txt", "c.txt")
    row = create_record(process, values={"title": "A", "scans": [first]}, actor=actor_for(anna))
    assert (
        escape(reverse("file", args=[first, "a & b.txt"]))
        in browser.get(reverse("process-list", args=[process.key])).text
    )
    assert "a &amp; b.txt" in browser.get(reverse("process-board", args=[process.key])).text
    update_record(process, row.pk, values={"scans": [second]}, actor=actor_for(anna))
    activity = browser.get(reverse("record-activity", args=[process.key, row.pk])).text
    assert "a &amp; b.txt" in activity
    assert "c.txt" in activity


def test_conditions_ask_whether_there_are_files(process: Process, anna: User) -> None:
    [file] = taken(process, None, "a.txt")
    with_file = create_record(process, values={"title": "A", "scans": [file]}, actor=SYSTEM)
    without = create_record(process, values={"title": "B"}, actor=SYSTEM)
    access, definition = access_for(actor_for(anna), process), definition_of(process)
    for op, expected in (("is_filled", with_file.pk), ("is_empty", without.pk)):
        condition = {"field": "scans", "op": op}
        found = table_for(access, Narrowing(condition=condition_from(access, condition))).rows
        assert [row.pk for row in found] == [expected]
        parsed = parse_condition(condition, schema_of(definition))
        rows = model_for(definition).objects.all()
        assert [row.pk for row in rows if evaluate(parsed, scope_of(definition, row, me=None))] == [expected]


def test_file_of_others_is_a_page_that_is_not_there(process: Process) -> None:
    [file] = taken(process, None, "a.txt")
    create_record(process, values={"title": "A", "scans": [file]}, actor=SYSTEM)
    stranger = signed_in(make_user("Stranger"))
    for pk in (file, 10**9):
        assert stranger.get(reverse("file", args=[pk, "a.txt"])).status_code == 404
    assert Client().get(reverse("file", args=[file, "a.txt"])).status_code == 302


def test_tile_counts_several_files(process: Process, anna: User) -> None:
    field = definition_of(process).field_by_key["scans"]
    with translation.override("ru"):
        assert "2" in field.type.short_display([1, 2], field, None)  # type: ignore[arg-type]
