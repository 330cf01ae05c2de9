"""Whether the product and the reference application answer the same, so that equal work is compared."""

from typing import Any

import orjson

from bench.driver.sides import HttpSide, Ours, Reference
from bench.workload import FIELDS, SOURCES, STAGES

CAPPED = 10_000
"""The product's totals are exact up to here."""


class Disagreement(Exception):
    """The two answer differently."""


def compare_loaded(ours: Ours, reference: Reference, *, record: int) -> int:
    """Totals, ids in order, columns of the board and all values of a record; how many answers agreed.

    Raises Disagreement.
    """
    return _all_equal(
        *((source, _list(ours, source, "id"), _list(reference, source, "id")) for source in SOURCES),
        ("newest", _list(ours, None, "id"), _list(reference, None, "id")),
        ("board", _our_board(ours), _reference_board(reference)),
        ("record", _our_record(ours, record), _reference_record(reference, record)),
    )


def compare_worked(ours: Ours, reference: Reference, *, record: int) -> int:
    """The same after the rounds, but for ids: who creates over many connections gets them in any order.

    Raises Disagreement.
    """
    return _all_equal(
        *((source, _list(ours, source, "title"), _list(reference, source, "title")) for source in SOURCES),
        ("newest", _list(ours, None, "id")[0], _list(reference, None, "id")[0]),
        ("board", _without_cards(_our_board(ours)), _without_cards(_reference_board(reference))),
        ("record", _our_record(ours, record), _reference_record(reference, record)),
    )


def _all_equal(*answers: tuple[str, Any, Any]) -> int:
    for name, mine, theirs in answers:
        if mine != theirs:
            raise Disagreement(f"{name}: {mine} here, {theirs} there")
    return len(answers)


def _ask(side: HttpSide, work: str, piece: Any) -> Any:
    with side.hand() as call:
        return orjson.loads(call(side.pieces(work, [piece])[0]))


def _list(side: HttpSide, source: str | None, key: str) -> tuple[int, list[Any]]:
    page = _ask(side, "list_filtered" if source else "list_newest", source)
    rows = page["items"] if side.name == "ours" else page["results"]
    total = page["total"] if side.name == "ours" else page["count"]
    return min(total, CAPPED), [row[key] for row in rows]


def _our_board(side: Ours) -> list[Any]:
    return [
        (column["stage"], column["count"], float(column["sum"] or 0), [card["id"] for card in column["items"]])
        for column in _ask(side, "board", None)["columns"]
    ]


def _reference_board(side: Reference) -> list[Any]:
    return [
        (column["stage"], column["count"], float(column["sum"] or 0), [card["id"] for card in column["cards"]])
        for column in _ask(side, "board", None)
    ]


def _without_cards(columns: list[Any]) -> list[Any]:
    return [column[:-1] for column in columns]


def _our_record(side: Ours, number: int) -> dict[str, Any]:
    record = _ask(side, "read", number)
    found = _comparable(side, record["fields"])
    return {"title": record["title"], "stage": record["stage"], **found}


def _reference_record(side: Reference, number: int) -> dict[str, Any]:
    record = _ask(side, "read", number)
    stages = {side.facts.stages[key]: key for key, _name, _kind in STAGES}
    return {"title": record["title"], "stage": stages[record["stage"]], **_comparable(side, record)}


def _comparable(side: HttpSide, values: dict[str, Any]) -> dict[str, Any]:
    """Values by key; a person by place, moments in one spelling."""
    found = {key: values[key] for key, _kind in FIELDS}
    found["manager"] = side.facts.people.index(found["manager"])
    return {key: value.replace("+00:00", "Z") if isinstance(value, str) else value for key, value in found.items()}
