"""Measures changes of fields while people go on working: `python -m bench.ours.changes 1000000`.

One process creates records, one changes records that are there, one loads the newest page, each again and again; the
changes are made in a process of their own, as by a worker. Printed are, for each change, how long it took, and the
longest that each of the others waited meanwhile.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Any

from django.db import connection
from psycopg import sql

from bench.ours import load  # sets Django up
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process
from processes.operations import add_field, purge_field, remove_field, update_field
from processes.permissions import access_for
from records.jobs.worker import work_through
from records.operations import convert_field, create_record, revert_field, update_record
from records.queries.table import table_for
from records.typed import table_name

HOURS = 3600.0
PAUSE = 0.005
Waits = list[tuple[float, float]]
"""When a step began and how long it took, in seconds."""


def _write() -> None:
    create_record("requests", values={"title": "During"}, actor=SYSTEM)


def _change() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM records_record")
        last = cursor.fetchone()[0]
    pk = random.randint(1, last)
    if definition_of("requests").id == _process_of(pk):
        update_record("requests", pk, values={"title": f"Changed {pk}"}, actor=SYSTEM)


def _process_of(pk: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT process_id FROM records_record WHERE id = %s", [pk])
        found = cursor.fetchone()
    return found[0] if found else None


def _read() -> None:
    table_for(access_for(SYSTEM, "requests"), limit=50, with_total=False)


TRAFFIC: Mapping[str, Callable[[], None]] = {"write": _write, "change": _change, "read": _read}


def go_on(kind: str, step: Callable[[], Any], begun: Event, ended: Event, answers: "Queue[tuple[str, Waits]]") -> None:
    """Do one sort of step until it is over, then tell how long each took."""
    waits: Waits = []
    step()
    begun.set()
    while not ended.is_set():
        moment = time.time()
        step()
        waits.append((moment, time.time() - moment))
        time.sleep(PAUSE)
    answers.put((kind, waits))


def _field(key: str) -> Field:
    return Field.objects.select_related("process").get(
        process__key="requests", key=key, removed_at=None, shadow_of=None
    )


def _add(key: str, kind: str, **more: Any) -> Callable[[], None]:
    def change() -> None:
        process = Process.objects.get(key="requests")
        add_field(process, FieldDraft(key.title(), kind, key=key, **more), actor=SYSTEM)
        work_through(HOURS)

    return change


def _make_unique(key: str) -> Callable[[], None]:
    def change() -> None:
        update_field(_field(key), changes={"is_unique": True}, actor=SYSTEM)
        work_through(HOURS)

    return change


def _fill_with_numbers() -> None:
    """A text of its own in every record, and a table without the rubbish of that."""
    _add("serial", "text")()
    field = _field("serial")
    table = sql.Identifier(table_name(field.process_id))
    column = sql.Identifier(field.column)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql.SQL("UPDATE {} SET {} = 'No. ' || md5(id::text)").format(table, column))
        cursor.execute(sql.SQL("VACUUM ANALYZE {}").format(table))
        cursor.execute("RESET statement_timeout")


def _purge() -> None:
    purge_field(remove_field(_field("code"), actor=SYSTEM, confirmed=True), actor=SYSTEM)
    work_through(HOURS)


def _convert(kind: str, **settings: Any) -> Callable[[], None]:
    def change() -> None:
        job = convert_field(_field("estimate"), type=kind, settings=settings, actor=SYSTEM, confirmed=True)
        work_through(HOURS)
        job.refresh_from_db()
        if job.state != FieldJob.State.DONE or job.problems:
            raise SystemExit(f"{job}: {job.error}, {job.problems} problems")

    return change


def _return() -> None:
    revert_field(_field("estimate"), actor=SYSTEM)


@dataclass(frozen=True)
class Change:
    """What is measured, and what has to be there before."""

    make: Callable[[], None]
    prepare: Callable[[], None] | None = None


CHANGES: Mapping[str, Change] = {
    "add a text field": Change(_add("code", "text")),
    "add a field that names people": Change(_add("helper", "person")),
    "make the text field unique": Change(_make_unique("code")),
    "remove and purge it": Change(_purge),
    "make a text field of different values unique": Change(_make_unique("serial"), _fill_with_numbers),
    "number becomes text": Change(_convert("text")),
    "text becomes number": Change(_convert("number", decimals=2)),
    "number becomes money": Change(_convert("money")),
    "and a number again (the way back)": Change(_return),
    "add a formula": Change(_add("doubled", "formula", settings={"formula": "estimate * 2"})),
}


def main(size: int, only: str = "") -> None:
    """Fill the database and make every change (or those that speak of one of `only`, between commas); a line of JSON
    each."""
    load.main(size)
    for name, change in CHANGES.items():
        if only and not any(word in name for word in only.split(",")):
            continue
        if change.prepare:
            change.prepare()
        print(json.dumps({"size": size, "change": name, **under_traffic(change.make, TRAFFIC)}), flush=True)


def under_traffic(change: Callable[[], None], traffic: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Make a change while each of these steps is done again and again in a process of its own; what that cost whom.

    The steps travel to their processes: functions of modules, or parts of such.
    """
    context = get_context("spawn")
    ended, answers = context.Event(), context.Queue()
    begun = [context.Event() for _kind in traffic]
    people = [
        context.Process(target=go_on, args=(kind, step, event, ended, answers), daemon=True)
        for (kind, step), event in zip(traffic.items(), begun, strict=True)
    ]
    for person in people:
        person.start()
    for event in begun:
        event.wait()
    time.sleep(1)
    start = time.time()
    change()
    end = time.time()
    ended.set()
    found = dict(answers.get() for _person in people)
    for person in people:
        person.join()
    told: dict[str, float] = {"seconds": round(end - start, 2)}
    for kind, waits in sorted(found.items()):
        meant = sorted((took, moment) for moment, took in waits if start <= moment + took and moment <= end)
        meant = meant or [(0.0, start)]
        told[f"longest_{kind}_ms"] = round(meant[-1][0] * 1000)
        told[f"longest_{kind}_at"] = round(meant[-1][1] - start, 1)
        told[f"p99_{kind}_ms"] = round(meant[len(meant) * 99 // 100][0] * 1000)
        told[f"{kind}s"] = len(meant)
    return told


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
