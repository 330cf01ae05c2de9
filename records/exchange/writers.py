"""Files out of rows of cells, row by row, in memory that does not grow: CSV and XLSX."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import Invalid, Text
from expressions.values import Money
from processes.fieldtype import Cell
from records.exchange.cells import guarded
from records.exchange.source import DELIMITERS, Form
from records.models import ExportJob

Rows = Iterable[Sequence[Cell]]

CONTENT_TYPES: Mapping[str, str] = {
    ExportJob.Format.CSV: "text/csv; charset=utf-8",
    ExportJob.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ENCODINGS_OUT = ("utf-8-sig", "utf-8")
"""UTF-8 with the mark by which spreadsheets know it, and without."""
MOST_ROWS: Mapping[str, int] = {ExportJob.Format.XLSX: 2**20 - 1}
"""Rows below the header that a file of the format can hold."""
LONGEST = 32_767
"""Characters of one cell of a workbook."""
CUT = " […]"
"""What ends a cell that was longer."""
FIRST_DAY = date(1900, 3, 1)
"""Workbooks count days wrongly before."""
_WIDTHS: Mapping[type, int] = {str: 24, int: 12, Decimal: 14, Money: 16, date: 12, datetime: 17}


def write_csv(headers: Sequence[str], rows: Rows, to: IO[bytes], form: Form) -> int:
    """A CSV file, by default as spreadsheets of the active language open it. Returns 0 cells cut."""
    text = io.TextIOWrapper(to, encoding=form.encoding, newline="", write_through=True)
    writer = csv.writer(text, delimiter=form.delimiter or _delimiter())
    writer.writerow([guarded(header) for header in headers])
    for row in rows:
        writer.writerow([guarded(str(cell)) for cell in row])
    text.flush()
    text.detach()
    return 0


def write_xlsx(headers: Sequence[str], rows: Rows, to: IO[bytes], form: Form) -> int:
    """A workbook with real numbers, days and amounts; returns how many cells were cut. Texts are texts: none runs."""
    with xlsxwriter.Workbook(to, _OPTIONS) as book:
        return _Sheet(book, headers).write(rows)


WRITERS: Mapping[str, Callable[[Sequence[str], Rows, IO[bytes], Form], int]] = {
    ExportJob.Format.CSV: write_csv,
    ExportJob.Format.XLSX: write_xlsx,
}


def check_form(form: Form) -> None:
    """Raise Invalid for an encoding or a delimiter that no CSV file of ours has."""
    wrong = {
        "encoding": form.encoding not in ENCODINGS_OUT,
        "delimiter": form.delimiter != "" and form.delimiter not in DELIMITERS,
    }
    fields: dict[str, list[Text]] = {key: [_("Choose one of the list.")] for key, is_wrong in wrong.items() if is_wrong}
    if fields:
        raise Invalid(_("The file cannot be written so."), fields)


def check_size(file_format: str, rows: int) -> None:
    """Raise Invalid for more rows than a file of the format can hold."""
    most = MOST_ROWS.get(file_format)
    if most is not None and rows > most:
        message = _("A workbook holds at most %d records; choose CSV, or filter the list.") % most
        raise Invalid(message, {"format": [message]})


_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


class _Sheet:
    """The only sheet of a workbook. Columns get their widths from the first row."""

    def __init__(self, book: Any, headers: Sequence[str]) -> None:
        self._book = book
        self._sheet = book.add_worksheet()
        self._headers = headers
        self._cut = 0
        self._bold = book.add_format({"bold": True})
        self._whole = book.add_format({"num_format": "0"})
        # Number 14 and 22 are the ones that each spreadsheet shows by its own language.
        self._day = book.add_format({"num_format": 14})
        self._moment = book.add_format({"num_format": 22})
        self._money: dict[str, Any] = {}
        self._writers: Mapping[type, Callable[[int, int, Any], None]] = {
            str: self._write_text,
            int: lambda row, column, value: self._sheet.write_number(row, column, value, self._whole),
            Decimal: lambda row, column, value: self._sheet.write_number(row, column, float(value)),
            Money: self._write_money,
            date: self._write_day,
            datetime: self._write_moment,
        }

    def write(self, rows: Rows) -> int:
        """The header, which stays in sight, and the rows; returns how many cells were cut."""
        self._sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            if number == 1:
                self._begin(row)
            for column, value in enumerate(row):
                if value is not None and value != "":
                    self._writers[type(value)](number, column, value)
        if self._sheet.dim_rowmax is None:
            self._begin(["" for _header in self._headers])
        return self._cut

    def _begin(self, first: Sequence[Cell]) -> None:
        for column, (header, value) in enumerate(zip(self._headers, first, strict=True)):
            width = max(_WIDTHS.get(type(value), 14), min(len(header) + 2, 40))
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, header, self._bold)

    def _write_text(self, row: int, column: int, value: str) -> None:
        if len(value) > LONGEST // 2 and _units(value) > LONGEST:
            self._cut += 1
            value = _first_units(value, LONGEST - len(CUT)) + CUT
        self._sheet.write_string(row, column, value)

    def _write_money(self, row: int, column: int, value: Money) -> None:
        self._sheet.write_number(row, column, float(value.amount), self._money_format(value.currency))

    def _money_format(self, currency: str) -> Any:
        if currency not in self._money:
            sign = f" [${currency}]" if currency else ""
            self._money[currency] = self._book.add_format({"num_format": f"#,##0.00{sign}"})
        return self._money[currency]

    def _write_day(self, row: int, column: int, value: date) -> None:
        if value < FIRST_DAY:
            self._write_text(row, column, value.isoformat())
        else:
            self._sheet.write_datetime(row, column, value, self._day)

    def _write_moment(self, row: int, column: int, value: datetime) -> None:
        if value.date() < FIRST_DAY:
            self._write_text(row, column, value.isoformat(" "))
        else:
            self._sheet.write_datetime(row, column, value, self._moment)


def _units(text: str) -> int:
    """How long a text is as workbooks count: characters beyond the first 65,536 are two."""
    return len(text.encode("utf-16-le")) // 2


def _first_units(text: str, most: int) -> str:
    return text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")


def _delimiter() -> str:
    """What the spreadsheets of the active language expect between cells."""
    return ";" if (get_language() or "").startswith("ru") else ","
