"""Rows of cells between being read and being written: compressed lines of JSON."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from expressions.values import Money
from processes.fieldtype import Cell


def packed_rows(rows: Iterable[Sequence[Cell]]) -> bytes:
    """The rows as they are kept."""
    return gzip.compress(b"\n".join(orjson.dumps([_written(cell) for cell in row]) for row in rows), 1)


def unpacked_rows(content: bytes) -> Iterator[list[Cell]]:
    """The rows of what `packed_rows` gave."""
    for line in gzip.decompress(content).splitlines():
        yield [_read(cell) for cell in orjson.loads(line)]


def _written(cell: Cell) -> Any:
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, Money):
        return {"money": str(cell.amount), "currency": cell.currency}
    return {"number" if isinstance(cell, Decimal) else type(cell).__name__: str(cell)}


def _read(cell: Any) -> Cell:
    if cell is None or isinstance(cell, str | int):
        return cell
    kind, text = next(iter(cell.items()))
    return _READERS[kind](text, cell)


_READERS: Mapping[str, Callable[[str, Mapping[str, str]], Cell]] = {
    "number": lambda text, cell: Decimal(text),
    "money": lambda text, cell: Money(Decimal(text), cell["currency"]),
    "date": lambda text, cell: date.fromisoformat(text),
    "datetime": lambda text, cell: datetime.fromisoformat(text),
}
