"""How each of the three does a piece of work: the product, the reference application, plain SQL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode

import psycopg
from psycopg import sql

from bench.driver.client import Call, Connection
from bench.workload import STAGES, Sample, as_json

CARDS = 25
LEAST = 100
"""The filtered list: urgent requests of a source whose estimate is at least this, the dearest first."""

Hand = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What loading the data has said."""

    token: str
    people: list[int]
    table: str
    columns: Mapping[str, str]
    stages: Mapping[str, int]


class Side(Protocol):
    """One of those who are compared."""

    name: str

    def pieces(self, work: str, planned: Sequence[Any]) -> Sequence[Any]:
        """The planned pieces as this side does them."""

    def hand(self) -> AbstractContextManager[Hand]:
        """A connection, as a function that does one piece."""


class HttpSide:
    """One that is asked over HTTP."""

    name: str
    scheme: str

    def __init__(self, facts: Facts, port: int) -> None:
        self.facts = facts
        self.port = port

    @property
    def authorization(self) -> str:
        """The header that says who asks."""
        return f"{self.scheme} {self.facts.token}"

    def pieces(self, work: str, planned: Sequence[Any]) -> Sequence[Call]:
        """Requests."""
        make: Callable[[Any], Call] = getattr(self, work)
        return [make(piece) for piece in planned]

    @contextmanager
    def hand(self) -> Iterator[Hand]:
        """A kept connection."""
        with Connection(self.port, self.authorization) as connection:
            yield connection.call


class Ours(HttpSide):
    """The product."""

    name = "ours"
    scheme = "Bearer"
    root = "/api/v1/processes/requests/"

    def create(self, sample: Sample) -> Call:
        """One record."""
        return Call("POST", f"{self.root}records/", self._body(sample))

    def bulk(self, samples: list[Sample]) -> Call:
        """All in one request."""
        operations = [{"op": "create", "record": self._body(sample)} for sample in samples]
        return Call("POST", f"{self.root}records/bulk/", {"operations": operations})

    def list_filtered(self, source: str) -> Call:
        """A page of 50, filtered and sorted, with its total."""
        asked = {"filter[source]": source, "filter[is_urgent]": "true", "filter[estimate][ge]": LEAST}
        return Call("GET", f"{self.root}records/?{urlencode({**asked, 'sort': '-estimate'})}")

    def list_newest(self, _piece: None) -> Call:
        """The newest 50, with the total."""
        return Call("GET", f"{self.root}records/")

    def board(self, _piece: None) -> Call:
        """The first cards of every stage, counts and sums."""
        return Call("GET", f"{self.root}board/")

    def move(self, piece: tuple[int, str]) -> Call:
        """Another stage."""
        return Call("POST", f"{self.root}records/{piece[0]}/move/", {"stage": piece[1]})

    def read(self, number: int) -> Call:
        """One record."""
        return Call("GET", f"{self.root}records/{number}/")

    def update(self, piece: tuple[int, str]) -> Call:
        """One field."""
        return Call("PATCH", f"{self.root}records/{piece[0]}/", {"fields": {"contract": piece[1]}})

    def _body(self, sample: Sample) -> dict[str, Any]:
        people = self.facts.people
        fields = as_json(sample.values, people)
        return {"title": sample.title, "assignee": people[sample.assignee], "fields": fields}


class Reference(HttpSide):
    """The hand-written application."""

    name = "reference"
    scheme = "Token"
    root = "/api/requests/"

    def pieces(self, work: str, planned: Sequence[Any]) -> Sequence[Call]:
        """Requests; many records are many requests."""
        if work == "bulk":
            return super().pieces("create", [sample for samples in planned for sample in samples])
        return super().pieces(work, planned)

    def create(self, sample: Sample) -> Call:
        """One request; it begins in the first stage."""
        people = self.facts.people
        values = as_json(sample.values, people)
        base = {"title": sample.title, "assignee": people[sample.assignee], "stage": self.facts.stages[STAGES[0][0]]}
        return Call("POST", self.root, {**base, **values})

    def list_filtered(self, source: str) -> Call:
        """A page of 50, filtered and sorted, with its total."""
        asked = {"source": source, "is_urgent": "true", "estimate__gte": LEAST, "ordering": "-estimate"}
        return Call("GET", f"{self.root}?{urlencode(asked)}")

    def list_newest(self, _piece: None) -> Call:
        """The newest 50, with the total."""
        return Call("GET", self.root)

    def board(self, _piece: None) -> Call:
        """The first cards of every stage, counts and sums."""
        return Call("GET", f"{self.root}board/")

    def move(self, piece: tuple[int, str]) -> Call:
        """Another stage."""
        return Call("PATCH", f"{self.root}{piece[0]}/", {"stage": self.facts.stages[piece[1]]})

    def read(self, number: int) -> Call:
        """One request."""
        return Call("GET", f"{self.root}{number}/")

    def update(self, piece: tuple[int, str]) -> Call:
        """One field."""
        return Call("PATCH", f"{self.root}{piece[0]}/", {"contract": piece[1]})


class _Connections:
    """One connection to each database, opened when first used."""

    def __init__(self, ours: str, reference: str) -> None:
        self._ours, self._reference = ours, reference

    @cached_property
    def ours(self) -> psycopg.Connection[Any]:
        """To the product's database."""
        return psycopg.connect(self._ours, autocommit=True)

    @cached_property
    def reference(self) -> psycopg.Connection[Any]:
        """To the reference application's database."""
        return psycopg.connect(self._reference, autocommit=True)

    def close(self) -> None:
        """Close what is open."""
        for connection in [vars(self).get("ours"), vars(self).get("reference")]:
            if connection is not None:
                connection.close()


SqlPiece = Callable[[_Connections], Any]


class PlainSql:
    """The statements alone: reads over the product's typed table, writes over a copy of the reference's."""

    name = "sql"

    def __init__(self, ours: Facts, reference: Facts, ours_url: str, reference_url: str) -> None:
        self._ours, self._reference = ours, reference
        self._urls = ours_url, reference_url
        table = sql.Identifier(ours.table)
        source, urgent, estimate = (ours.columns[key] for key in ("source", "is_urgent", "estimate"))
        where = f"deleted_at IS NULL AND {source} = %s AND {urgent} AND {estimate} >= {LEAST}"
        self._list = (
            self._text(
                f"SELECT * FROM {{}} WHERE {where} ORDER BY {estimate} DESC NULLS LAST, id DESC LIMIT 51", table
            ),
            self._text(f"SELECT count(*) FROM (SELECT 1 FROM {{}} WHERE {where} LIMIT 10001) found", table),
        )
        self._newest = (
            self._text("SELECT * FROM {} WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 51", table),
            self._text("SELECT count(*) FROM (SELECT 1 FROM {} WHERE deleted_at IS NULL LIMIT 10001) found", table),
        )
        card = ", ".join(ours.columns[key] for key in ("customer", "estimate", "request_date", "source"))
        part = (
            f"(SELECT id, title, stage_id, assignee_id, {card} FROM {{0}} WHERE stage_id = %s AND deleted_at IS NULL"
            f" ORDER BY position, id LIMIT {CARDS})"
        )
        self._board = (
            self._text(
                f"SELECT stage_id, count(*), sum({estimate}) FROM {{}} WHERE deleted_at IS NULL GROUP BY 1", table
            ),
            self._text(" UNION ALL ".join([part] * len(STAGES)), table),
        )
        self._read = self._text("SELECT * FROM {} WHERE id = %s AND deleted_at IS NULL", table)
        names = ("title", "stage_id", "assignee_id", "author_id", "created_at", "updated_at", "stage_changed_at")
        columns = (*names, *reference.columns.values())
        self._insert = sql.SQL("INSERT INTO plain_request ({}) VALUES ({}) RETURNING id").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join([sql.Placeholder()] * len(columns))
        )

    def pieces(self, work: str, planned: Sequence[Any]) -> Sequence[SqlPiece]:
        """Functions over the connections."""
        make: Callable[[Any], SqlPiece] = getattr(self, f"_{work}_piece")
        return [make(piece) for piece in planned]

    @contextmanager
    def hand(self) -> Iterator[Hand]:
        """Connections to the databases, opened when they are needed."""
        connections = _Connections(*self._urls)
        try:
            yield lambda piece: piece(connections)
        finally:
            connections.close()

    def prepare(self) -> None:
        """A copy of the reference application's table, with its indexes, so that its writes disturb nobody."""
        with psycopg.connect(self._urls[1], autocommit=True) as reference:
            reference.execute("CREATE TABLE plain_request (LIKE reference_request INCLUDING ALL)")
            reference.execute("INSERT INTO plain_request SELECT * FROM reference_request")
            reference.execute(
                "SELECT setval(pg_get_serial_sequence('plain_request', 'id'), max(id)) FROM plain_request"
            )
            reference.execute("VACUUM ANALYZE plain_request")

    def _create_piece(self, sample: Sample) -> SqlPiece:
        row = self._row(sample)
        return lambda db: db.reference.execute(self._insert, row).fetchone()

    def _bulk_piece(self, samples: list[Sample]) -> SqlPiece:
        rows = [self._row(sample) for sample in samples]

        def insert(db: _Connections) -> None:
            with db.reference.transaction(), db.reference.cursor() as cursor:
                cursor.executemany(self._insert, rows)

        return insert

    def _list_filtered_piece(self, source: str) -> SqlPiece:
        return lambda db: [db.ours.execute(statement, [source]).fetchall() for statement in self._list]

    def _list_newest_piece(self, _piece: None) -> SqlPiece:
        return lambda db: [db.ours.execute(statement).fetchall() for statement in self._newest]

    def _board_piece(self, _piece: None) -> SqlPiece:
        totals, cards = self._board
        stages = list(self._ours.stages.values())
        return lambda db: (db.ours.execute(totals).fetchall(), db.ours.execute(cards, stages).fetchall())

    def _move_piece(self, piece: tuple[int, str]) -> SqlPiece:
        number, stage = piece
        statement = "UPDATE plain_request SET stage_id = %s, updated_at = now() WHERE id = %s"
        return lambda db: db.reference.execute(statement, [self._reference.stages[stage], number])

    def _read_piece(self, number: int) -> SqlPiece:
        return lambda db: db.ours.execute(self._read, [number]).fetchone()

    def _update_piece(self, piece: tuple[int, str]) -> SqlPiece:
        statement = "UPDATE plain_request SET contract = %s, updated_at = now() WHERE id = %s"
        return lambda db: db.reference.execute(statement, [piece[1], piece[0]])

    def _row(self, sample: Sample) -> list[Any]:
        people = self._reference.people
        values = {**sample.values, "manager": people[sample.values["manager"]]}
        stage = self._reference.stages[STAGES[0][0]]
        moments = [sample.at] * 3
        fields = [values[key] for key in self._reference.columns]
        return [sample.title, stage, people[sample.assignee], people[0], *moments, *fields]

    @staticmethod
    def _text(text: str, table: sql.Identifier) -> sql.Composed:
        return sql.SQL(text).format(table)
