"""F24: workbooks as people and enemies make them; what is read is imported or rejected, what is a bomb is refused."""

import io
import struct
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from records.exchange.workbook import sheet_of, taken
from records.operations.imports import choose_sheet, read_import_anew
from tests.records.exchange.conftest import Begin, counts, imported, reasons, rows_in

SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def book(*rows: Any, **sheets: Any) -> bytes:
    """A workbook whose first sheet has these rows, the further ones theirs."""
    made = openpyxl.Workbook()
    for number, (name, found) in enumerate({"First": rows, **sheets}.items()):
        sheet = made.create_sheet(name, number)
        for row in found:
            sheet.append(row)
    del made["Sheet"]
    return saved(made)


def saved(made: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed, or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, change(old.read(name) if name in old.namelist() else b""))
    return buffer.getvalue()


def texts_in(content: bytes, sheet: str = "") -> list[str]:
    return sheet_of(content, sheet).content.decode("utf-8-sig").splitlines()


def test_cells_keep_their_kind(process: Process, actor: Actor, begin: Begin) -> None:
    for draft in (
        FieldDraft("Due", "date", key="due"),
        FieldDraft("At", "datetime", key="at"),
        FieldDraft("Sum", "money", key="sum", settings={"currency": "RUB", "others": ["EUR"]}),
        FieldDraft("Yes", "boolean", key="yes"),
        FieldDraft("Phone", "text", key="phone"),
    ):
        add_field(process, draft, actor=SYSTEM)
    made = openpyxl.Workbook()
    sheet: Any = made.active
    sheet.append(["Title", "Amount", "Due", "At", "Sum", "Yes", "Phone"])
    sheet.append(["A", 0.1, date(2026, 11, 24), datetime(2026, 11, 24, 10, 30), 12.5, True, "007"])
    sheet["E2"].number_format = "#,##0.00 [$EUR]"
    job = imported(begin(saved(made)), actor)
    assert (counts(job), list(reasons(job))) == ((1, 0, 0), [])
    values = rows_in(process)[0].values()
    assert (str(values["amount"]), values["due"], values["phone"]) == ("0.1", "2026-11-24", "007")
    assert (values["at"], values["yes"]) == ("2026-11-24T10:30:00+00:00", True)
    assert values["sum"] == {"amount": 12.5, "currency": "EUR"}


def test_sheet_is_chosen_among_those_that_can_be_seen(process: Process, actor: Actor, begin: Begin) -> None:
    content = book(Second=[["Title", "Amount"], ["B", 5], ["C", "x"]], Third=[["Title"], ["D"]])
    job = begin(content)
    assert (job.sheets, job.sheet, job.headers) == (["First", "Second", "Third"], "Second", ["Title", "Amount"])
    job = choose_sheet(job, sheet="Third", actor=actor)
    assert (job.sheet, job.headers, job.total, job.targets) == ("Third", ["Title"], 1, ["title"])
    job = imported(choose_sheet(job, sheet="Second", actor=actor), actor)
    assert counts(job) == (1, 0, 1)
    assert [row.title for row in rows_in(process)] == ["B"]
    with pytest.raises(Conflict):
        choose_sheet(job, sheet="Third", actor=actor)


def test_wrong_sheet_and_another_reading_are_refused(actor: Actor, begin: Begin) -> None:
    job = begin(book(["Title"], ["A"], Other=[["Title"]]))
    with pytest.raises(Invalid) as refused:
        choose_sheet(job, sheet="Nowhere", actor=actor)
    assert "sheet" in refused.value.fields
    with pytest.raises(Conflict):
        read_import_anew(job, encoding="cp1251", delimiter=";", actor=actor)


def test_hidden_sheets_are_not_offered() -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(["Title"], ["A"], Secret=[["Title"], ["B"]])))
    made["Secret"].sheet_state = "hidden"
    assert sheet_of(saved(made)).names == ("First",)


def test_merged_cells_hold_their_value_once_and_blank_rows_are_passed(
    process: Process, begin: Begin, actor: Actor
) -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(["Title", "Amount"], ["A", 1], [], ["B", 2], ["C", 3])))
    sheet: Any = made.active
    sheet.merge_cells("A4:A5")
    sheet.merge_cells("D1:F9")
    job = imported(begin(saved(made)), actor)
    assert (counts(job), list(reasons(job))) == ((3, 0, 0), [])
    found = [(row.title, row.values()["amount"]) for row in rows_in(process)]
    assert found == [("A", 1), ("B", 2), (f"Request {rows_in(process)[2].pk}", 3)]


def test_ragged_rows_and_headers_that_are_called_the_same_are_read() -> None:
    assert texts_in(book(["Title", "Amount"], ["A"], ["B", 1, "more"])) == ["Title,Amount", "A,", "B,1,more"]
    assert taken(book(["Title", "Title"], ["A", "B"])).outline.headers[0] == "Title"


def test_texts_are_texts_and_formulas_give_what_they_said_last() -> None:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    for row in (["Title"], ["=1+1"], ["'=2"], ["a_x000D_b"]):
        sheet.append(row)
    sheet["A2"].data_type = "s"
    assert texts_in(saved(made))[1:3] == ["'=1+1", "''=2"]
    formula = with_part(
        book(["Title"], ["A"]),
        SHEET,
        lambda xml: xml.replace(b"</row></sheetData>", b"<c><f>1+1</f><v>2</v></c></row></sheetData>"),
    )
    assert texts_in(formula)[1] == "A,2"


def test_sizes_that_the_sheet_claims_are_not_believed() -> None:
    for claim in (b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD1048576"/>'):
        lying = with_part(
            book(["Title", "Amount"], ["A", 1], ["B", 2]),
            SHEET,
            lambda xml, claim=claim: xml.replace(b'<dimension ref="A1:B3" />', claim),  # type: ignore[misc]
        )
        assert texts_in(lying) == ["Title,Amount", "A,1", "B,2"]


def bomb_of_zeros() -> bytes:
    return with_part(book(["Title"], ["A"]), SHEET, lambda _xml: b"\x00" * 150_000_000)


def bomb_of_one_row() -> bytes:
    return with_part(book(["Title"], ["A"]), SHEET, lambda _xml: HEAD.encode() + b"<row>" + b"<c/>" * 20_000_000)


def bomb_of_texts() -> bytes:
    return with_part(book(["Title"], ["A"]), TEXTS, lambda _xml: b"<sst>" + b"<si><t>a</t></si>" * 5_000_000)


def bomb_of_entities() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    rows = '<row><c t="str"><v>&e11;</v></c></row></sheetData></worksheet>'
    xml = f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]>{HEAD}{rows}'
    return with_part(book(["Title"], ["A"]), SHEET, lambda _xml: xml.encode())


def bomb_of_styles() -> bytes:
    return with_part(book(["Title"], ["A"]), "xl/styles.xml", lambda _xml: b" " * 50_000_000)


def bomb_of_parts() -> bytes:
    buffer = io.BytesIO(book(["Title"], ["A"]))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(6_000):
            archive.writestr(f"xl/x{number}.xml", b"")
    return buffer.getvalue()


def lying_archive() -> bytes:
    """The sheet unpacks to 100 MB; the archive says 100 bytes, in both places."""
    content = bytearray(with_part(book(["Title"], ["A"]), SHEET, lambda xml: xml + b" " * 100_000_000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        part, directory = archive.getinfo(SHEET), archive.start_dir
    struct.pack_into("<L", content, part.header_offset + 22, 100)
    entry = content.index(SHEET.encode(), directory) - 46
    struct.pack_into("<L", content, entry + 24, 100)
    return bytes(content)


@pytest.mark.parametrize(
    "make",
    [bomb_of_zeros, bomb_of_one_row, bomb_of_texts, bomb_of_entities, bomb_of_styles, bomb_of_parts, lying_archive],
)
def test_bombs_are_refused_before_they_grow(make: Callable[[], bytes]) -> None:
    content = make()
    began = time.process_time()
    with pytest.raises(Invalid) as refused:
        taken(content)
    assert time.process_time() - began < 5, "ten times what it takes: it was read after all"
    assert "file" in refused.value.fields


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and nothing more",
        book(["Title"])[:-200],
        with_part(book(["Title"]), "xl/workbook.xml", lambda _xml: b"<a/>"),
        with_part(book(["Title"]), SHEET, lambda xml: xml.replace(b"<row", b"<row r='-5'")),
        with_part(book(["Title"]), SHEET, lambda xml: xml[:-30]),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512,
        book(),
    ],
    ids=["stump", "cut", "no book", "row before the first", "unclosed", "old or with a password", "empty"],
)
def test_what_is_no_workbook_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        taken(content)
    assert str(refused.value.message)
