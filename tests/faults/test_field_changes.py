"""F10: fields come, go and come back while four programs write and a reader holds the table for six seconds."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from accounts.operations import create_token
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Field, FieldJob, Process
from processes.operations import set_grants
from records.models import Record
from records.typed import model_for
from tests import stack as stack_module
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user
from tests.faults.load import Producer
from tests.faults.rest import RestProducer
from tests.stack import Stack, wait_for

WRITERS, READ_SECONDS, TARGET_MS, GUARD_MS = 4, 6.0, 250, 2000
ENOUGH = 100_000
"""More records than the writers get to: they go on until the end."""


class Designer:
    """A person's program that changes fields over REST and notes what was answered, and how fast."""

    def __init__(self, address: str, process: Process) -> None:
        self._address = urlsplit(address).netloc
        self._root = f"/api/v1/processes/{process.key}"
        scopes = ("read", "write", "admin")
        self._secret = create_token(make_admin("Designer"), name="f10", scopes=scopes, actor=SYSTEM)[1]
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request; what was answered must not be an error of the server."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(self._address, timeout=30)
        headers = {"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"}
        connection.request(method, self._root + path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[response.status] += 1
        assert response.status < 300, answer
        return dict(json.loads(answer)) if answer else {}


@contextmanager
def long_reader(process: Process) -> Iterator[None]:
    """A transaction that has read the table and stays open for six seconds; the block ends with it."""
    reading = threading.Event()

    def read() -> None:
        with psycopg.connect(stack_module.test_database_url()) as other:
            other.execute(f"SELECT count(*) FROM records_p{process.pk}")
            reading.set()
            time.sleep(READ_SECONDS)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(30)
    yield
    thread.join()


@pytest.mark.faults_b
def test_f10_fields_change_under_writers_and_a_long_reader(
    patient_stack: Stack, report: Callable[..., None], tmp_path: Path
) -> None:
    """Add while the table is read, remove, add the same key again, purge while it is read; nobody meets an error."""
    process = make_process()
    address = patient_stack.web()
    patient_stack.relay()
    patient_stack.worker("bulk", 1)
    designer = Designer(address, process)
    folders = [tmp_path / str(number) for number in range(WRITERS)]
    for folder in folders:
        folder.mkdir()
    writers = [Producer(patient_stack, process, ENOUGH, folder, pause=0.02) for folder in folders]
    rest = RestProducer([address], f"/api/v1/processes/{process.key}/records/", _secret(process), 100, threads=1)
    rest.start()
    for writer in writers:
        writer.wait_for(50)
    before = time.time()

    with long_reader(process):
        first = designer.call("POST", "/fields/", {"label": "Note", "type": "text", "key": "note"})
    _wait_until_ready(process, "note")
    held = designer.call("POST", "/records/", {"title": "Held", "fields": {"note": "kept"}})
    assert held["fields"]["note"] == "kept"
    with long_reader(process):
        designer.call("DELETE", "/fields/note/?confirm=true")
        assert "note" not in designer.call("GET", f"/records/{held['id']}/")["fields"]
    designer.call("POST", "/fields/", {"label": "Note", "type": "text", "key": "note"})
    _wait_until_ready(process, "note")
    again = designer.call("GET", f"/records/{held['id']}/")
    removed = Field.objects.get(process=process, removed_at__isnull=False)
    with long_reader(process):
        designer.call("DELETE", f"/removed-fields/{removed.pk}/")
    wait_for(lambda: not Field.objects.filter(pk=removed.pk).exists(), every=0.1)
    settings = {"formula": "1 + 1"}
    designer.call("POST", "/fields/", {"label": "Two", "type": "formula", "key": "two", "settings": settings})
    _wait_until_ready(process, "two")

    after = time.time()
    rest.wait()
    saves = [save for writer in writers for save in writer.saves() if before <= save[0] <= after]
    patient_stack.stop()
    rows = model_for(definition_of(process)).objects.all()
    unfilled = sum(row.values()["two"] != 2 for row in rows)
    slowest = max(seconds for _began, seconds in saves) * 1000
    report(
        first_answer=first.get("state"),
        writers=WRITERS,
        reader_seconds=READ_SECONDS,
        saves=len(saves),
        longest_save_ms=round(slowest),
        target_ms=TARGET_MS,
        saves_over_target=sum(seconds * 1000 > TARGET_MS for _began, seconds in saves),
        slowest_change_answer_ms=round(designer.slowest * 1000),
        records=len(rows),
        unfilled=unfilled,
        statuses=dict(designer.statuses),
        rest_tries=dict(rest.tries),
    )
    assert not [status for status in rest.tries if status.startswith("5")]
    assert again["fields"]["note"] is None
    assert unfilled == 0
    assert len(rows) == Record.objects.filter(process=process).count()
    assert not FieldJob.objects.filter(state=FieldJob.State.FAILED).exists()
    assert slowest <= GUARD_MS


def _secret(process: Process) -> str:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return create_token(person, name="f10", scopes=("read", "write"), actor=SYSTEM)[1]


def _wait_until_ready(process: Process, key: str) -> None:
    ready = Field.objects.filter(process=process, key=key, removed_at=None, state=Field.State.READY)
    wait_for(ready.exists, every=0.05)
