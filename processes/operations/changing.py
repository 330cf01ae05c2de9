"""The lock and the version that every change of a definition goes through.

Writers of records take the process's advisory lock shared, changes of definition take it exclusively; so no writer
misses a new column, default or right. The version number comes from a sequence: a rolled-back change never shares it
with the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from processes.models import Process

LOCK_CLASS = 7301
"""First half of the advisory lock's key; the second is the process id."""


@contextmanager
def change_lock(process: Process) -> Iterator[Process]:
    """One transaction in which a definition changes alone; gives the process a new version before and after.

    The version moves at the beginning too, so that whoever reads a half-made definition inside this transaction
    caches it under a number that never becomes visible.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, process.pk])
        _new_version(process)
        yield process
        _new_version(process)


def lock_for_writing(process_id: int) -> tuple[int | None, datetime]:
    """Take the process's lock shared until the transaction ends; the version as of after the lock (None if absent)
    and the database's time at the beginning of the transaction.

    One round trip: a volatile function reads the version with a snapshot taken after the lock was granted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT smartcrm_lock_process(%s, %s), now()", [LOCK_CLASS, process_id])
        version, now = cursor.fetchone()
    return version, now


def _new_version(process: Process) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE processes_process SET version = nextval('processes_version_seq') WHERE id = %s RETURNING version",
            [process.pk],
        )
        process.version = cursor.fetchone()[0]
