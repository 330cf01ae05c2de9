"""What is found by an address, a number and a word: in the search of everything and in lists alike."""

from typing import Any

import pytest

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from processes.permissions import access_for
from records.operations import create_record
from records.queries.narrowing import Narrowing
from records.queries.search import hits_for
from records.queries.table import table_for
from tests.factories import make_process

pytestmark = pytest.mark.django_db

FIELDS = {
    "mail": ("email", "Anna.Petrova+crm@mail.Example-Shop.com"),
    "phone": ("phone", "+7 (495) 123-45-67"),
    "abroad": ("phone", "+44 20 7946 0958"),
    "site": ("url", "https://www.acme.org/contacts/head_office?lang=ru#map"),
    "number": ("text", "REQ-2026-0005"),
    "note": ("long_text", "Писать на o.kuznetsov@zavod.ru, договор № 12/7-Б"),
}


@pytest.fixture
def process() -> Process:
    process = make_process()
    for key, (kind, _value) in FIELDS.items():
        add_field(process, FieldDraft(key.title(), kind, key=key, is_searchable=True), actor=SYSTEM)
    add_field(process, FieldDraft("Hidden", "email", key="hidden"), actor=SYSTEM)
    return process


@pytest.fixture
def record(process: Process) -> int:
    values: dict[str, Any] = {key: value for key, (_kind, value) in FIELDS.items()}
    found = create_record(process, values={"title": "Ёлка от Зари", "hidden": "x@hidden.org", **values}, actor=SYSTEM)
    other = {"mail": "info@elsewhere.net", "phone": "+7 812 765-43-21", "number": "REQ-2025-0006"}
    create_record(process, values={"title": "Ink", **other}, actor=SYSTEM)
    return found.pk


def everywhere(process: Process, text: str) -> list[int]:
    return [hit.id for hit in hits_for([access_for(SYSTEM, process)], text)]


def in_list(process: Process, text: str) -> list[int]:
    return [row.record_id for row in table_for(access_for(SYSTEM, process), Narrowing(search=text)).rows]


FOUND = [
    "anna.petrova+crm@mail.example-shop.com",
    "ANNA.PETROVA+CRM@MAIL.EXAMPLE-SHOP.COM",
    "Anna.Petrova",
    "petrova",
    "@mail.example-shop.com",
    "example-shop.com",
    "shop.com",
    "o.kuznetsov@zavod.ru",
    "zavod.ru",
    "acme.org",
    "https://www.acme.org/contacts/head_office?lang=ru#map",
    "acme.org/contacts",
    "head_office",
    "REQ-2026-0005",
    "2026-0005",
    "12/7-б",
    "+7 495 123-45-67",
    "8 (495) 123-45-67",
    "84951234567",
    "+74951234567",
    "495 123 45 67",
    "(495) 123-45",
    "8 495 123",
    "8 495 123-45-67 доб. 12",
    "+44 20 7946 0958",
    "020 7946 0958",
    "елка petrova",
]


def test_record_is_found_by_what_people_write(process: Process, record: int) -> None:
    wanted = {text: [record] for text in FOUND}
    assert {text: everywhere(process, text) for text in FOUND} == wanted
    assert {text: in_list(process, text) for text in FOUND} == wanted


def test_what_no_searched_field_has_is_not_found(process: Process, record: int) -> None:
    for text in ("x@hidden.org", "anna.ivanova", "example-shop.net", "8 499 123-45-67", "REQ-2027", "petrova ink"):
        assert (text, everywhere(process, text), in_list(process, text)) == (text, [], [])


def test_signs_of_the_query_language_are_only_signs(process: Process, record: int) -> None:
    for text in ("'", "':*", "\\", "a' | b", "!!", "((", "&", "«»", "1" * 190, "+" * 40, "8" * 40, "%", "_"):
        assert (text, everywhere(process, text), in_list(process, text)) == (text, [], [])


def test_list_finds_parts_of_titles_and_beginnings_of_words_of_fields(process: Process, record: int) -> None:
    assert in_list(process, "лка") == [record]
    assert in_list(process, "petr") == [record]
    assert in_list(process, "etrova") == []
    assert in_list(process, "pe") == []


def test_counts_and_pages_agree_about_what_is_found(process: Process, record: int) -> None:
    table = table_for(access_for(SYSTEM, process), Narrowing(search="example-shop.com"), limit=1)
    assert (table.total, len(table.rows)) == (1, 1)
