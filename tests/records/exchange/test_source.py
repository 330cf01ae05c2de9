"""Files as people have them: whatever stands in one, every row has a verdict."""

import random
from typing import Any

import pytest

from core.errors import Invalid
from records.exchange.cells import guarded, unguarded
from records.exchange.source import Form, encoding_of, form_of, outline_of, packed, rows_of

RUSSIAN = "Название;Сумма;Комментарий\nПринтер на втором этаже;1 234,50;не печатает\nПропуск;5;для подрядчика\n"


def read(content: bytes, form: Form | None = None) -> Any:
    kept = packed(content)
    outline = outline_of(kept, form)
    return outline, list(rows_of(kept, outline.form))


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1251", "cp1251"),
        ("koi8-r", "koi8-r"),
        ("cp866", "cp866"),
    ],
)
def test_encoding_is_found(codec: str, encoding: str) -> None:
    outline, rows = read(RUSSIAN.encode(codec))
    assert outline.form == Form(encoding, ";")
    assert outline.headers == ("Название", "Сумма", "Комментарий")
    assert [row.cells[0] for row in rows] == ["Принтер на втором этаже", "Пропуск"]


def test_western_words_are_not_taken_for_cyrillic() -> None:
    assert encoding_of("Name;City\nJosé Müller;Köln\nZoë Françoise;Besançon\n".encode("cp1252")) == "cp1252"


def test_few_damaged_bytes_do_not_make_the_whole_file_nonsense() -> None:
    content = (RUSSIAN * 20).encode()[:-3] + b"\xd0\n"
    assert encoding_of(content) == "utf-8-sig"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    lines = [["Name", "Note, or; two", "Sum"], ["A", "x, y; z", "1"], ["B", "q, w; e", "2"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert form_of(text.encode()).delimiter == delimiter


def test_line_that_names_the_delimiter_is_no_header() -> None:
    outline, rows = read(b"sep=;\r\nName;Sum\r\nA,B;1\r\n")
    assert outline.headers == ("Name", "Sum")
    assert [list(row.cells) for row in rows] == [["A,B", "1"]]


def test_quoted_newlines_and_quotes_stay_in_their_cell() -> None:
    outline, rows = read(b'Name,Note\r\n"A ""big"" one","first\r\nsecond"\r\n5" pipe,ok\r\n')
    assert outline.total == 2
    assert [list(row.cells) for row in rows] == [['A "big" one', "first\r\nsecond"], ['5" pipe', "ok"]]
    assert [(row.number, row.line) for row in rows] == [(1, 2), (2, 4)]


def test_empty_and_repeated_headers_get_names() -> None:
    outline, _rows = read(b"Name,,Name,\n1,2,3,4\n")
    assert outline.headers == ("Name", "Column 2", "Name (2)", "Column 4")


def test_ragged_rows_have_a_problem_and_trailing_blanks_have_none() -> None:
    _outline, rows = read(b"A,B\n1\n1,2,3\n1,2,,\n,\n\n1,2\n")
    assert [row.problem for row in rows] == [
        "This row has 1 cell, the header has 2.",
        "This row has 3 cells, the header has 2.",
        "",
        "",
    ]


def test_quotation_mark_that_never_closes_is_said() -> None:
    outline, rows = read(b'A,B\n1,2\n3,"4\n5,6\n7,8\n')
    assert outline.total == 2
    assert [row.problem for row in rows] == ["", "A quotation mark is opened and never closed."]


def test_huge_cell_and_nul_are_read() -> None:
    _outline, rows = read(b"A,B\n" + b"x" * 10_000_000 + b",1\n\x00,2\n")
    assert [len(row.cells[0]) for row in rows] == [10_000_000, 1]


def test_rows_go_on_after_a_position() -> None:
    kept = packed(b"A\n" + b"".join(b"%d\n" % number for number in range(10)))
    assert [row.cells[0] for row in rows_of(kept, Form("utf-8-sig", ","), after=7)] == ["7", "8", "9"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n", "The file is empty."),
        (b"A,B\n", "There is a header but no row below it."),
        (b"\nA,B\n1,2\n", "The first line must name the columns."),
        (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook, or one with a password. Save it as XLSX or CSV."),
        (b"%PDF-1.7 rest", "This is a PDF. A CSV or Excel file is expected."),
        (b",".join([b"x"] * 301) + b"\n1\n", "The file has more than 300 columns."),
    ],
)
def test_what_is_no_file_of_rows_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(content)
    assert str(refused.value) == words


def test_limits_are_those_of_the_settings(settings: Any) -> None:
    settings.IMPORT_MOST_ROWS = 2
    with pytest.raises(Invalid, match="more than 2 rows"):
        read(b"A\n1\n2\n3\n")
    settings.IMPORT_MOST_BYTES = 1024 * 1024
    with pytest.raises(Invalid, match="larger than 1 MB"):
        packed(b"x" * (1024 * 1024 + 1))


def test_noise_is_refused_in_words_or_read_and_never_breaks() -> None:
    seed = 20_261_124
    dice = random.Random(seed)
    verdicts = {"refused": 0, "read": 0}
    for _attempt in range(300):
        alphabet = dice.choice([bytes(range(256)), b'a,;"\n\r\t|\x00', "яж,;\"\n'=".encode("cp1251")])
        content = bytes(dice.choice(alphabet) for _byte in range(dice.randint(0, 400)))
        try:
            outline, rows = read(content)
        except Invalid:
            verdicts["refused"] += 1
        else:
            assert outline.total == len(rows), seed
            assert all(row.problem or len(row.cells) == len(outline.headers) for row in rows), seed
            verdicts["read"] += 1
    assert min(verdicts.values()) > 20, verdicts


@pytest.mark.parametrize(
    "cell", ["=1+1", "+7 900", "-5+1", "@cmd", "\tx", "\rx", "'quoted'", "'=1", "''-1", "plain", ""]
)
def test_guarded_cell_is_inert_and_comes_back_as_it_was(cell: str) -> None:
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["-5", "-1234.56", "-0,5"])
def test_negative_number_stays_a_number_that_spreadsheets_count_with(cell: str) -> None:
    assert guarded(cell) == cell
    assert unguarded(guarded(f"'{cell}")) == f"'{cell}"
