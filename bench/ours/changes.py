"""Measures changes of fields while one writer and one reader go on: `python -m bench.ours.changes 1000000`.

Printed are, for each change, how long it took and the longest that either of them waited meanwhile.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection

from bench.ours import load  # sets Django up
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process
from processes.operations import add_field, purge_field, remove_field, update_field
from processes.permissions import access_for
from records.jobs.worker import work_through
from records.operations import convert_field, create_record, revert_field
from records.queries.table import table_for

HOURS = 3600.0


class Traffic:
    """One writer and one reader, each in a thread; how long each of their steps took."""

    def __init__(self, write: Callable[[], Any], read: Callable[[], Any]) -> None:
        self.steps = {"write": write, "read": read}
        self.waits: list[tuple[str, float]] = []

    def write(self, ended: threading.Event) -> None:
        """Write until it is over."""
        self._again(ended, "write")

    def read(self, ended: threading.Event) -> None:
        """Read until it is over."""
        self._again(ended, "read")

    def _again(self, ended: threading.Event, kind: str) -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            self.steps[kind]()
            self.waits.append((kind, time.perf_counter() - begun))
            time.sleep(0.005)
        connection.close()


def _add(key: str, kind: str, **more: Any) -> Callable[[], None]:
    def change() -> None:
        process = Process.objects.get(key="requests")
        add_field(process, FieldDraft(key.title(), kind, key=key, **more), actor=SYSTEM)
        work_through(HOURS)

    return change


def _unique() -> None:
    field = Field.objects.select_related("process").get(process__key="requests", key="code")
    update_field(field, changes={"is_unique": True}, actor=SYSTEM)
    work_through(HOURS)


def _purge() -> None:
    field = Field.objects.select_related("process").get(process__key="requests", key="code", removed_at=None)
    purge_field(remove_field(field, actor=SYSTEM, confirmed=True), actor=SYSTEM)
    work_through(HOURS)


def _convert(kind: str, **settings: Any) -> Callable[[], None]:
    def change() -> None:
        field = Field.objects.select_related("process").get(process__key="requests", key="estimate", shadow_of=None)
        job = convert_field(field, type=kind, settings=settings, actor=SYSTEM, confirmed=True)
        work_through(HOURS)
        job.refresh_from_db()
        if job.state != FieldJob.State.DONE or job.problems:
            raise SystemExit(f"{job}: {job.error}, {job.problems} problems")

    return change


def _return() -> None:
    field = Field.objects.select_related("process").get(process__key="requests", key="estimate", shadow_of=None)
    revert_field(field, actor=SYSTEM)


CHANGES: Mapping[str, Callable[[], None]] = {
    "add a text field": _add("code", "text"),
    "add a field that names people": _add("helper", "person"),
    "make the text field unique": _unique,
    "remove and purge it": _purge,
    "number becomes text": _convert("text"),
    "text becomes number": _convert("number", decimals=2),
    "number becomes money": _convert("money"),
    "and a number again (the way back)": _return,
    "add a formula": _add("doubled", "formula", settings={"formula": "estimate * 2"}),
}


def main(size: int, only: str = "") -> None:
    """Fill the database and make every change (or those that speak of `only`); one line of JSON each."""
    load.main(size)
    for name, change in CHANGES.items():
        if only not in name:
            continue
        print(json.dumps({"size": size, "change": name, **under_traffic(change, _traffic())}), flush=True)


def _traffic() -> Traffic:
    """Somebody creates requests, somebody reads the newest page of them."""
    return Traffic(
        lambda: create_record("requests", values={"title": "During"}, actor=SYSTEM),
        lambda: table_for(access_for(SYSTEM, "requests"), limit=50, with_total=False),
    )


def under_traffic(change: Callable[[], None], traffic: Traffic) -> dict[str, float]:
    """Make a change while others write and read: how long it took, and the longest that either of them waited."""
    ended = threading.Event()
    threads = [threading.Thread(target=work, args=(ended,)) for work in (traffic.write, traffic.read)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    traffic.waits.clear()
    begun = time.perf_counter()
    change()
    took = time.perf_counter() - begun
    ended.set()
    for thread in threads:
        thread.join()
    longest = {kind: max((wait for k, wait in traffic.waits if k == kind), default=0) for kind in ("write", "read")}
    return {
        "seconds": round(took, 2),
        "longest_write_ms": round(longest["write"] * 1000),
        "longest_read_ms": round(longest["read"] * 1000),
        "writes": sum(kind == "write" for kind, _wait in traffic.waits),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
