"""Working through a lane: claim, execute, until nothing is due, the time is over or the worker is shut down."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Mapping

from celery import current_app
from django.db import connection
from kombu.exceptions import OperationalError

from automation.engine import ledger
from automation.engine.executor import execute, prepare
from automation.engine.stopping import is_stopping
from automation.models import Lane, Run

logger = logging.getLogger(__name__)

SECONDS = 15.0
"""How long one task works before it rings itself again; below its soft limit."""
BATCHES: Mapping[Lane, int] = {Lane.INTERNAL: 25, Lane.HTTP: 1, Lane.MAIL: 1}
"""Runs claimed at once. What goes outside is claimed one by one: nothing then waits behind a slow one."""
RENEW_AFTER = 15.0
TASKS: Mapping[Lane, str] = {lane: f"automation.work_{lane}" for lane in Lane}


def work(lane: Lane, seconds: float = SECONDS) -> int:
    """Work through what is due in a lane; returns how many runs were executed. Rings where more is due afterwards."""
    deadline = time.monotonic() + seconds
    name = f"{socket.gethostname()}:{os.getpid()}"[:100]
    done = 0
    ledger.reap_lost()
    while time.monotonic() < deadline and not is_stopping():
        runs = ledger.claim_suspect(lane, name) or ledger.claim(lane, BATCHES[lane], name)
        if not runs:
            break
        done += _work_through(runs, deadline)
    else:
        ring(lane)
    if done:
        for other in due_lanes():
            if other != lane:
                ring(other)
    return done


def due_lanes() -> list[Lane]:
    """The lanes in which something is due; one query on an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.lane FROM unnest(%s::text[]) AS l(lane) WHERE EXISTS (SELECT 1 FROM automation_run r"
            " WHERE r.state = 'ready' AND r.lane = l.lane AND r.run_at <= statement_timestamp())",
            [list(Lane)],
        )
        return [Lane(row[0]) for row in cursor.fetchall()]


def has_work() -> bool:
    """Whether something is due anywhere, or was lost by its worker; one query on indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM automation_run WHERE state = 'ready' AND run_at <= statement_timestamp())"
            " OR EXISTS (SELECT 1 FROM automation_run WHERE state = 'claimed' AND lease_until < statement_timestamp())"
        )
        return bool(cursor.fetchone()[0])


def ring(lane: Lane) -> None:
    """Ask for a worker of a lane. A silent broker is logged; the poll comes round again."""
    try:
        current_app.send_task(TASKS[lane], queue=lane, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("%s could not be rung: %s", TASKS[lane], error)


def _work_through(runs: list[Run], deadline: float) -> int:
    """Execute claimed runs of one lease; hand back what must not begin any more."""
    batch = prepare(runs)
    renewed = time.monotonic()
    for index, run in enumerate(runs):
        now = time.monotonic()
        if now > deadline or is_stopping():
            ledger.release([left.pk for left in runs[index:]], _lease_of(run))
            return index
        if now - renewed > RENEW_AFTER:
            ledger.renew([left.pk for left in runs[index:]], _lease_of(run))
            renewed = now
        execute(run, batch)
    return len(runs)


def _lease_of(run: Run) -> uuid.UUID:
    assert run.lease is not None
    return run.lease
