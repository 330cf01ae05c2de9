"""Reading a workbook: one of its sheets as the CSV file that the rest of an import works on.

A workbook is a compressed archive of XML, so its sizes are looked at before anything is unpacked, and its parts before
they are parsed. What it says about its own sizes is never believed further than it can be checked.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from django.conf import settings
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from core.errors import Invalid, Text
from records.exchange.cells import guarded
from records.exchange.source import UNREADABLE, Form, Outline, outline_of, packed

ARCHIVE = b"PK\x03\x04"
MOST_CELLS = 1_000_000
MOST_ROWS = 2**20
"""Rows that a sheet can have, blank ones included."""
MOST_PARTS = 5_000
SMALL, LARGE = 4 * 1024 * 1024, 100 * 1024 * 1024
"""Bytes of a part once it is unpacked: of texts and sheets, and of any other."""
LONGEST_ROW = SMALL
"""Bytes of the XML of one row."""
MOST_TAGS = 3_000_000
"""Tags of the part that holds the texts."""
CHUNK = 1024 * 1024
_TEXTS = "sharedStrings.xml"
_SHEETS = "xl/worksheets/"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CURRENCY = re.compile(r'\[\$([^\]\-]+)|"?([₽$€£₸₴])"?')
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ParseError, LookupError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, EOFError, NotImplementedError, RuntimeError, OSError),
)
"""What a damaged or forged workbook raises in one place or another."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook as a CSV file (UTF-8, commas), and the names of all sheets that can be seen."""

    name: str
    content: bytes
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it is kept, and what it holds. `sheets` are those to choose from, none where there is no choice."""

    kept: bytes
    outline: Outline
    sheet: str = ""
    sheets: tuple[str, ...] = ()


def taken(content: bytes, sheet: str = "") -> Taken:
    """A CSV file, or a sheet of a workbook: this one, or the first that holds anything. Raises Invalid."""
    if not is_workbook(content):
        kept = packed(content)
        return Taken(kept, outline_of(kept))
    found = sheet_of(content, sheet)
    kept = packed(found.content)
    outline = outline_of(kept, Form("utf-8-sig", ","))
    return Taken(kept, outline, found.name, found.names if len(found.names) > 1 else ())


def is_workbook(content: bytes) -> bool:
    """Whether a file is an archive, as workbooks are."""
    return content.startswith(ARCHIVE)


def sheet_of(content: bytes, name: str = "") -> Sheet:
    """The sheet of this name, or the first one that holds anything. Raises Invalid."""
    if len(content) > settings.IMPORT_MOST_BYTES:
        raise _wrong(_("The file is larger than %d MB; split it.") % (settings.IMPORT_MOST_BYTES // 1024 // 1024))
    try:
        _look_through(content)
        return _read(content, name)
    except _BROKEN as error:
        raise _wrong(_("This workbook is damaged, protected by a password, or no Excel workbook (XLSX).")) from error


def _read(content: bytes, name: str) -> Sheet:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheets = {sheet.title[:100]: sheet for sheet in book.worksheets if sheet.sheet_state == "visible"}
    if name and name not in sheets:
        raise Invalid(_("There is no such sheet."), {"sheet": [_("Choose one of the list.")]})
    for title in [name] if name else sheets:
        found = _as_csv(sheets[title])
        if found:
            return Sheet(title, found, tuple(sheets))
    raise _wrong(_("The sheet is empty.") if name else _("The workbook is empty."))


def _as_csv(sheet: Any) -> bytes:
    """The sheet from its first row that holds anything, the header: rows are padded to its width, blank ones stay."""
    text = io.StringIO()
    writer = csv.writer(text)
    sheet.reset_dimensions()
    cells = width = 0
    for number, row in enumerate(sheet.iter_rows()):
        cells += len(row)
        if number > MOST_ROWS or cells > MOST_CELLS:
            raise _wrong(_("The sheet has more than %d cells; split it, or save it as CSV.") % MOST_CELLS)
        texts = _trimmed([_text_of(cell) for cell in row])
        width = width or len(texts)
        if width:
            writer.writerow(texts + [""] * (width - len(texts)))
    return text.getvalue().encode("utf-8-sig") if width else b""


def _trimmed(texts: list[str]) -> list[str]:
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _text_of(cell: Any) -> str:
    """A cell as a person would write it into a CSV file. A text stays a text, whatever it begins with."""
    value = cell.value
    if value is None:
        return ""
    write = _TEXTS_OF.get(type(value))
    return guarded(_unescaped(str(value))) if write is None else write(value, cell)


def _number(value: float, cell: Any) -> str:
    """To the 15 digits that a workbook knows, with the sign of the currency in which it is shown."""
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    if "e" in text:
        text = f"{value:.20f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    currency = _CURRENCY.search(cell.number_format or "")
    return text if currency is None else f"{text} {currency[1] or currency[2]}"


def _moment(value: datetime, cell: Any) -> str:
    """A day where there is no time: workbooks know no days alone."""
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ")


_TEXTS_OF: Mapping[type, Callable[[Any, Any], str]] = {
    bool: lambda value, cell: "TRUE" if value else "FALSE",
    int: _number,
    float: _number,
    datetime: _moment,
    date: lambda value, cell: value.isoformat(),
    time: lambda value, cell: value.isoformat(),
    timedelta: lambda value, cell: str(value),
}


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold stand there as `_x000D_`."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return UNREADABLE if 0xD800 <= code <= 0xDFFF else chr(code)


def _look_through(content: bytes) -> None:
    """Raise Invalid for an archive that would unpack to more than a workbook of so many cells needs."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
        if len(archive.infolist()) > MOST_PARTS or any(part.file_size > _most_bytes(part) for part in parts):
            raise _too_large()
        if sum(part.file_size for part in parts) > 2 * LARGE:
            raise _too_large()
        for part in parts:
            _look_at(part, archive)


def _most_bytes(part: zipfile.ZipInfo) -> int:
    return LARGE if part.filename.endswith(_TEXTS) or part.filename.startswith(_SHEETS) else SMALL


def _look_at(part: zipfile.ZipInfo, archive: zipfile.ZipFile) -> None:
    """One part: no entities, rows and texts of a size that can be parsed."""
    tags = length = 0
    for chunk in _chunks(part, archive):
        if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk or b"\x00" in chunk:
            raise ValueError(part.filename)
        last = chunk.rfind(b"</row>")
        first = chunk.find(b"</row>")
        if part.filename.startswith(_SHEETS) and length + (len(chunk) if first < 0 else first) > LONGEST_ROW:
            raise _too_large()
        length = length + len(chunk) if last < 0 else len(chunk) - last
        tags += chunk.count(b"<") if part.filename.endswith(_TEXTS) else 0
        if tags > MOST_TAGS:
            raise _too_large()


def _chunks(part: zipfile.ZipInfo, archive: zipfile.ZipFile) -> Iterator[bytes]:
    """What is unpacked is never more than the archive says, and it is an error where there is more."""
    with archive.open(part) as unpacked:
        while chunk := unpacked.read(CHUNK):
            yield chunk


def _too_large() -> Invalid:
    return _wrong(_("This workbook unpacks to too much; split it, or save it as CSV."))


def _wrong(message: Text) -> Invalid:
    return Invalid(message, {"file": [message]})
