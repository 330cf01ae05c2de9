"""Reading a CSV file as people have it: its encoding, its delimiter, its rows, and what is wrong with them."""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import Invalid, Text

ENCODINGS: dict[str, Text] = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "koi8-r": "KOI8-R",
    "cp866": "DOS (866)",
}
DELIMITERS: dict[str, Text] = {
    ",": gettext_lazy("Comma"),
    ";": gettext_lazy("Semicolon"),
    "\t": gettext_lazy("Tab"),
    "|": gettext_lazy("Vertical bar"),
}
UNREADABLE = "\ufffd"
"""What stands for bytes that the encoding has no character for."""
SAMPLE = 65_536
"""Bytes that the choice of an encoding of one byte looks at."""
LOOKED_AT = 100
"""Rows that the choice of a delimiter looks at."""
HEADER_LIMIT = 200
_NOT_CSV = {
    b"\xd0\xcf\x11\xe0": gettext_lazy("This is an old Excel workbook, or one with a password. Save it as XLSX or CSV."),
    b"%PDF": gettext_lazy("This is a PDF. A CSV or Excel file is expected."),
}
_CYRILLIC_WORD = re.compile(rb"[\xc0-\xff\xa8\xb8]{3,}")
_WESTERN_WORD = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")

csv.field_size_limit(max(csv.field_size_limit(), settings.IMPORT_MOST_BYTES))


@dataclass(frozen=True, slots=True)
class Form:
    """How the bytes of a file are read."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row below the header that is not blank. `problem` says what is wrong with it as a whole."""

    number: int
    line: int
    cells: Sequence[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file holds: how it is read, its headers, and how many rows stand below them."""

    form: Form
    headers: tuple[str, ...]
    total: int


def packed(content: bytes) -> bytes:
    """The file as it is kept. Raises Invalid for what can be no CSV file."""
    if len(content) > settings.IMPORT_MOST_BYTES:
        raise _wrong(_("The file is larger than %d MB; split it.") % (settings.IMPORT_MOST_BYTES // 1024 // 1024))
    if not content.strip(b" \r\n\t\xef\xbb\xbf\xff\xfe\x00"):
        raise _wrong(_("The file is empty."))
    for beginning, words in _NOT_CSV.items():
        if content.startswith(beginning):
            raise _wrong(words)
    return gzip.compress(content)


def outline_of(kept: bytes, form: Form | None = None) -> Outline:
    """Look through a whole file, read as `form` says or as it seems to be written. Raises Invalid."""
    form = form or form_of(gzip.decompress(kept))
    headers = headers_of(kept, form)
    total = sum(1 for _row in rows_of(kept, form))
    if total == 0:
        raise _wrong(_("There is a header but no row below it."))
    if total > settings.IMPORT_MOST_ROWS:
        raise _wrong(_("The file has more than %d rows; split it.") % settings.IMPORT_MOST_ROWS)
    return Outline(form, headers, total)


def form_of(content: bytes) -> Form:
    """The encoding and the delimiter that a file seems to have."""
    encoding = encoding_of(content)
    return Form(encoding, _delimiter_of(gzip.compress(content, 1), encoding))


def encoding_of(content: bytes) -> str:
    """By its mark, by being UTF-8, by the zeros of UTF-16, else by the words of an alphabet of one byte."""
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = content[:SAMPLE].count(0)
    if zeros * 20 > len(content[:SAMPLE]):
        return "utf-16-le" if content[1:SAMPLE:2].count(0) > zeros // 2 else "utf-16-be"
    if _is_utf8(content):
        return "utf-8-sig"
    sample = content[:SAMPLE]
    is_cyrillic = len(_CYRILLIC_WORD.findall(sample)) >= len(_WESTERN_WORD.findall(sample))
    return _cyrillic_encoding(sample) if is_cyrillic else "cp1252"


def rows_of(kept: bytes, form: Form, *, after: int = 0) -> Iterator[SourceRow]:
    """The rows below the header, without the first `after` ones, from a compressed file."""
    records = _records(kept, form)
    width = len(next(records, _Record(1, (), "")).cells)
    filled = (record for record in records if any(cell.strip() for cell in record.cells) or record.problem)
    for number, record in islice(enumerate(filled, 1), after, None):
        yield _row(number, record, width)


def headers_of(kept: bytes, form: Form) -> tuple[str, ...]:
    """The names of the columns; empty ones are numbered, repeated ones too. Raises Invalid."""
    first = next(_records(kept, form), None)
    if first is None or not any(cell.strip() for cell in first.cells):
        raise _wrong(_("The first line must name the columns."))
    cells = list(first.cells)
    if len(cells) > settings.IMPORT_MOST_COLUMNS:
        raise _wrong(_("The file has more than %d columns.") % settings.IMPORT_MOST_COLUMNS)
    if first.problem:
        raise _wrong(first.problem)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for index, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\x00", "").split())[:HEADER_LIMIT] or _("Column %d") % index
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Record:
    """One record of the file, the header included; `line` is where it begins."""

    line: int
    cells: Sequence[str]
    problem: str


class _Lines:
    """The lines of a file, counting the quotation marks of the record being read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.count = self.quotes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        self.quotes += line.count('"')
        return line


def _records(kept: bytes, form: Form) -> Iterator[_Record]:
    with gzip.GzipFile(fileobj=io.BytesIO(kept)) as unpacked:
        text = io.TextIOWrapper(unpacked, encoding=form.encoding, errors="replace", newline="")
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=form.delimiter)
        while True:
            begin, lines.quotes = lines.count + 1, 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _Record(begin, (), _("This row cannot be read: %s") % error)
                continue
            if begin == 1 and cells and re.fullmatch("\ufeff?sep=.?", form.delimiter.join(cells)):
                continue
            is_torn = lines.quotes % 2 == 1 and lines.count > begin
            yield _Record(begin, cells, _("A quotation mark is opened and never closed.") if is_torn else "")


def _row(number: int, record: _Record, width: int) -> SourceRow:
    cells, problem = record.cells, record.problem
    if not problem and len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if not problem and len(cells) != width:
        problem = ngettext(
            "This row has %(cells)d cell, the header has %(width)d.",
            "This row has %(cells)d cells, the header has %(width)d.",
            len(cells),
        ) % {"cells": len(cells), "width": width}
    return SourceRow(number, record.line, cells, problem)


def _is_utf8(content: bytes) -> bool:
    """Also when a few of its bytes are damaged: those become cells that cannot be read, not a file of nonsense."""
    try:
        content.decode()
    except UnicodeDecodeError:
        text = content.decode(errors="replace")
        broken = text.count(UNREADABLE)
        return broken * 20 < sum(1 for char in text if char > "\x7f") - broken
    return True


def _cyrillic_encoding(sample: bytes) -> str:
    """The one in which most letters are small: 1251, KOI8-R and DOS put capitals where the others have small ones."""
    small = {name: sum("а" <= char <= "я" for char in sample.decode(name, "replace")) for name in _CYRILLIC}
    return max(_CYRILLIC, key=lambda name: small[name])


_CYRILLIC = ("cp1251", "koi8-r", "cp866")


def _delimiter_of(kept: bytes, encoding: str) -> str:
    """The one that cuts the rows most evenly into several cells; a line `sep=;` at the beginning says it."""
    with gzip.GzipFile(fileobj=io.BytesIO(kept)) as unpacked:
        first = io.TextIOWrapper(unpacked, encoding=encoding, errors="replace").readline(100).strip("\ufeff\r\n")
    if first.startswith("sep=") and first[4:] in DELIMITERS:
        return first[4:]
    return max(DELIMITERS, key=lambda delimiter: _evenness(kept, Form(encoding, delimiter)))


def _evenness(kept: bytes, form: Form) -> tuple[float, int]:
    widths = [len(record.cells) for record in islice(_records(kept, form), LOOKED_AT) if record.cells]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _wrong(message: Text) -> Invalid:
    return Invalid(message, {"file": [message]})
