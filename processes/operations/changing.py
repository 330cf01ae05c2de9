"""The lock and the version that every change of a definition goes through.

Writers of records take the process's advisory lock shared, changes of definition take it exclusively; so no writer
misses a new column, default or right. The version number comes from a sequence: a rolled-back change never shares it
with the next one.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg import errors

from core.errors import Conflict
from processes.models import Process

LOCK_CLASS = 7301
"""First half of the advisory lock's key; the second is the process id."""


LOCK_TIMEOUT_MS = 100
"""How long a change may make writers wait behind it before it steps aside."""
TRIES = 40
PAUSE = 0.05
"""Seconds between two tries."""


class Busy(Conflict):
    """Somebody uses the process or its table just now; the change would make others wait."""

    code: ClassVar[str] = "busy"


@contextmanager
def change_lock(process: Process, *, tries: int = TRIES) -> Iterator[int]:
    """One transaction in which a definition changes alone; gives the process a new version before and after, and tells
    the one that it had.

    While a long write goes on it steps aside again and again instead of making new writers queue behind it. Raises
    Busy in the end.
    The version moves at the beginning too, so that whoever reads a half-made definition inside this transaction
    caches it under a number that never becomes visible.
    """
    with transaction.atomic():
        in_short_lock(lambda: _lock_alone(process.pk), tries=tries)
        yield _new_version(process)
        _new_version(process)


def in_short_lock(change: Callable[[], None], *, tries: int = TRIES, timeout: int = LOCK_TIMEOUT_MS) -> None:
    """Do what takes heavy locks in a savepoint with a short lock timeout, and again after a pause. Raises Busy."""
    for attempt in range(1, tries + 1):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {timeout}")
                change()
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = 0")
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable):
                raise
            if attempt == tries:
                raise Busy(_("The process is in heavy use; try again in a moment.")) from error
            time.sleep(PAUSE)


def in_turns(process: Process, change: Callable[[], None], *, tries: int = TRIES) -> None:
    """Make a change that needs more locks than the process's: all of them at once, or none, and again after a pause in
    which everybody goes on. Raises Busy in the end."""
    for attempt in range(1, tries + 1):
        try:
            with change_lock(process, tries=1):
                change()
            return
        except Busy:
            if attempt == tries:
                raise
            time.sleep(PAUSE)


def _lock_alone(process_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, process_id])


def lock_for_writing(process_id: int) -> tuple[int | None, datetime]:
    """Take the process's lock shared until the transaction ends; the version as of after the lock (None if absent)
    and the database's time at the beginning of the transaction.

    One round trip: a volatile function reads the version with a snapshot taken after the lock was granted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT smartcrm_lock_process(%s, %s), now()", [LOCK_CLASS, process_id])
        version, now = cursor.fetchone()
    return version, now


def renew_versions(process_ids: Iterable[int]) -> None:
    """Let definitions be compiled anew that show something of another: nothing about their records changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE processes_process SET version = nextval('processes_version_seq') WHERE id = ANY(%s)",
            [sorted(set(process_ids))],
        )


def _new_version(process: Process) -> int:
    """Give the process its next version; the one before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE processes_process present SET version = nextval('processes_version_seq')"
            " FROM (SELECT id, version FROM processes_process WHERE id = %s FOR UPDATE) former"
            " WHERE present.id = former.id RETURNING present.version, former.version",
            [process.pk],
        )
        process.version, former = cursor.fetchone()
    return int(former)
