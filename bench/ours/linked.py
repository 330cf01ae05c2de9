"""Measures values of linked records over many of them: `python -m bench.ours.linked 1000000`.

That many deals name 5,000 clients; a tenth of the deals names one and the same. The relay and the worker of linked
values run beside, each in a thread, as they do in life. Printed is one line of JSON for each measurement.
"""

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection, transaction

from bench.ours.changes import HOURS, under_traffic  # sets Django up
from core.actor import SYSTEM
from events.relay import relay_all
from processes.definition import definition_of
from processes.drafts import FieldDraft, ProcessDraft
from processes.models import Process
from processes.operations import add_field, create_process
from processes.permissions import access_for
from records.jobs.worker import work_through
from records.operations import create_record, update_record
from records.queries.table import table_for
from records.recalculation.worker import work
from records.typed import table_name

CLIENTS = 5_000
LARGE = 1
"""The client that a tenth of the deals names, by its place."""
LATENCIES = 30


def main(size: int) -> None:
    """Fill the database and measure."""
    clients, deals = _processes()
    with transaction.atomic():
        _put_records(clients, CLIENTS, {})
        first = _first_id(clients)
        named = f"CASE WHEN n % 10 = 0 THEN {first} ELSE {first} + n % {CLIENTS} END"
        _put_records(deals, size, {"client": named, "amount": "n % 1000"})
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    with _at_work():
        traffic: dict[str, Callable[[], Any]] = {"write": partial(_write, first), "read": _read}
        link, amount = (definition_of(deals).field_by_key[key].id for key in ("client", "amount"))
        rolled = {"relation": f"from:{link}", "function": "sum", "field": amount}
        _say(
            size,
            "fill a roll-up of the clients",
            under_traffic(_adding(clients, "turnover", "rollup", rolled), traffic),
        )
        _say(size, "change → roll-up of a client with few deals", _latency(deals, clients, first + LARGE))
        _say(size, "change → roll-up of the client with a tenth", _latency(deals, clients, first))
        field = definition_of(clients).field_by_key["size"].id
        looked = {"link": link, "field": field}
        _say(
            size, "fill a lookup of the deals", under_traffic(_adding(deals, "client_size", "lookup", looked), traffic)
        )


def _write(client: int) -> None:
    create_record("deals", values={"title": "During", "client": client, "amount": 1}, actor=SYSTEM)


def _read() -> None:
    table_for(access_for(SYSTEM, "clients"), limit=50, with_total=False)


def _processes() -> tuple[Process, Process]:
    size = FieldDraft("Size", "integer", key="size")
    clients = create_process(
        ProcessDraft("Clients", "client", "clients", key="clients", has_stages=False, fields=[size]), actor=SYSTEM
    )
    fields = [
        FieldDraft("Client", "link", key="client", settings={"process": clients.pk}),
        FieldDraft("Amount", "number", key="amount"),
    ]
    deals = create_process(ProcessDraft("Deals", "deal", "deals", key="deals", fields=fields), actor=SYSTEM)
    return clients, deals


def _put_records(process: Process, count: int, values: dict[str, str]) -> None:
    """Records as the operations would have left them, by a statement for each table; `values` are SQL over `n`."""
    definition = definition_of(process)
    stage = definition.default_pipeline.first_stage
    columns = {definition.field_by_key[key].attname: expression for key, expression in values.items()}
    place = f"{stage.pipeline_id}, {stage.id}"
    named = "".join(f", {column}" for column in columns)
    given = "".join(f", {expression}" for expression in columns.values())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "INSERT INTO records_record (process_id, pipeline_id, stage_id, title, is_open)"
            f" SELECT {definition.id}, {place}, 'Record ' || n, true FROM generate_series(1, {count}) n"
        )
        # A rank of eight places, the newest at the top, as the fractional index writes them.
        cursor.execute(
            f"INSERT INTO {table_name(definition.id)} (id, pipeline_id, stage_id, title, position, version{named})"
            f" SELECT r.id, {place}, r.title, 'g' || lpad((9000000 - n)::text, 7, '0'), 1{given}"
            " FROM (SELECT id, title, row_number() OVER (ORDER BY id) n FROM records_record"
            f" WHERE process_id = {definition.id}) r"
        )
        cursor.execute(
            "INSERT INTO records_stagevisit (record_id, process_id, stage_id, entered_at)"
            f" SELECT id, process_id, stage_id, created_at FROM records_record WHERE process_id = {definition.id}"
        )


def _first_id(process: Process) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM records_record WHERE process_id = %s", [process.pk])
        return int(cursor.fetchone()[0])


@contextmanager
def _at_work() -> Iterator[None]:
    """The relay and the worker, each again and again with a twentieth of a second between."""
    ended = threading.Event()

    def again(step: Callable[[], Any]) -> None:
        while not ended.wait(0.05):
            step()
        connection.close()

    threads = [threading.Thread(target=again, args=(step,)) for step in (relay_all, work)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _adding(process: Process, key: str, kind: str, settings: dict[str, Any]) -> Callable[[], None]:
    def change() -> None:
        add_field(process, FieldDraft(key.title(), kind, key=key, settings=settings), actor=SYSTEM)
        work_through(HOURS)

    return change


def _latency(deals: Process, clients: Process, client_id: int) -> dict[str, Any]:
    """From the commit of a change of one deal until the roll-up of its client is right, again and again."""
    deal_table, client_table = table_name(deals.pk), table_name(clients.pk)
    link = definition_of(deals).field_by_key["client"].attname
    amount = definition_of(deals).field_by_key["amount"].attname
    turnover = definition_of(clients).field_by_key["turnover"].attname

    def one(statement: str, *parameters: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()[0]

    deal_id = one(f"SELECT min(id) FROM {deal_table} WHERE {link} = %s", client_id)
    while one("SELECT count(*) FROM records_recalculation") or one(
        "SELECT count(*) FROM events_event WHERE seq IS NULL"
    ):
        time.sleep(0.1)
    waits = []
    for number in range(LATENCIES):
        wanted = one(f"SELECT sum({amount}) FROM {deal_table} WHERE {link} = %s AND id <> %s", client_id, deal_id)
        update_record("deals", deal_id, values={"amount": 5000 + number}, actor=SYSTEM)
        begun = time.perf_counter()
        while one(f"SELECT {turnover} FROM {client_table} WHERE id = %s", client_id) != wanted + Decimal(5000 + number):
            time.sleep(0.002)
        waits.append(time.perf_counter() - begun)
    named = one(f"SELECT count(*) FROM {deal_table} WHERE {link} = %s", client_id)
    cut = statistics.quantiles(waits, n=20)
    return {"deals": named, "p50_ms": round(statistics.median(waits) * 1000), "p95_ms": round(cut[-1] * 1000)}


def _say(size: int, what: str, figures: dict[str, Any]) -> None:
    print(json.dumps({"size": size, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
