"""F2, small: a Redis that accepts and never answers slows no save and loses no run."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from automation.models import Run, State
from events.models import Event
from processes.models import Process
from records.models import Comment
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import relay_everything, wait_until_done
from tests.faults.drain import Drainer
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.faults

SAVES = 60
SAVER = """
import json, sys, time
import django
django.setup()
from core.actor import SYSTEM
from records.operations import create_record
times = []
for number in range(int(sys.argv[2]) + 5):
    began = time.perf_counter()
    create_record(int(sys.argv[1]), values={"title": "x"}, actor=SYSTEM)
    times.append(time.perf_counter() - began)
print(json.dumps(times[5:]))
"""


@contextmanager
def silent_server() -> Iterator[tuple[int, list[socket.socket]]]:
    """Accepts every connection and never says a word."""
    accepted: list[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)

        def accept() -> None:
            while True:
                try:
                    accepted.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], accepted
        server.shutdown(socket.SHUT_RDWR)
    for connection in accepted:
        connection.close()


def save_times(stack: Stack, process: Process, **environment: str) -> list[float]:
    """Seconds of each save in a process of its own."""
    saver = stack.start("-c", SAVER, str(process.pk), str(SAVES), **environment)
    saver.process.wait(120)
    return list(json.loads(saver.printed().strip().splitlines()[-1]))


def test_f2_silent_redis_slows_no_save_and_loses_no_run(
    stack: Stack, drainer: Drainer, report: Callable[..., None]
) -> None:
    process = make_process()
    make_robot(process)
    normal = save_times(stack, process)
    with silent_server() as (port, accepted):
        silent = save_times(stack, process, REDIS_URL=f"redis://127.0.0.1:{port}/0")
        rung = len(accepted)
    normal_again = save_times(stack, process)
    began = time.monotonic()
    relay_everything()
    drainer.start(children=1)
    wait_for(lambda: Comment.objects.count() == Event.objects.filter(kind="record.created").count())
    wait_until_done()
    report(
        normal_ms=round(1000 * statistics.median([*normal, *normal_again]), 2),
        silent_ms=round(1000 * statistics.median(silent), 2),
        worst_silent_ms=round(1000 * max(silent), 1),
        worst_normal_ms=round(1000 * max([*normal, *normal_again]), 1),
        connections_that_were_left_waiting=rung,
        runs=Run.objects.count(),
        seconds_to_catch_up=round(time.monotonic() - began, 1),
    )
    assert rung > 0
    assert max(silent) < 1.0  # a save that waits for the broker takes the socket's whole 5 s
    assert Run.objects.filter(state=State.SUCCEEDED).count() == 3 * (SAVES + 5)
