"""A breaker per host: whoever does not answer is left alone for a while, and only its own calls wait.

The claim asks `REACHABLE`; this module writes what it reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from automation.models import Lane

LOCK_CLASS = 7303
"""First half of the advisory lock of whoever claims calls."""
IN_FLIGHT = 4
"""Calls to one host at the same time."""
FAILURES = 5
"""In a row open the breaker."""
PROBE_SECONDS = 30
"""Until the next call probes whether the host is back."""

REACHABLE = """
    (r.host = '' OR (
        NOT EXISTS (SELECT 1 FROM automation_endpoint e WHERE e.host = r.host AND e.open_until > statement_timestamp())
        AND (SELECT count(*) FROM automation_run c WHERE c.state = 'claimed' AND c.host = r.host AND c.host <> '')
            < CASE WHEN EXISTS (SELECT 1 FROM automation_endpoint e WHERE e.host = r.host)
                   THEN 1 ELSE %(in_flight)s END
    ))
"""
"""Whether the run `r` may call now: a host that has failed last is called by one at a time, so that it keeps no more
than one worker waiting. Counts are exact only under `one_claim_at_a_time`."""


@contextmanager
def one_claim_at_a_time(lane: Lane) -> Iterator[None]:
    """Around a claim in the lane of calls: two at the same moment would each take the last place at a host."""
    if lane != Lane.HTTP:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK_CLASS])
        yield


def note_answer(host: str) -> None:
    """The host has answered, whatever it said. One statement, which touches nothing while all is well."""
    if host:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM automation_endpoint WHERE host = %s", [host])


def note_silence(host: str) -> None:
    """The host has not answered, or only that it cannot."""
    if host:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO automation_endpoint AS e (host, failures) VALUES (%(host)s, 1)"
                " ON CONFLICT (host) DO UPDATE SET failures = e.failures + 1, open_until ="
                " CASE WHEN e.failures + 1 >= %(failures)s"
                " THEN statement_timestamp() + %(seconds)s * interval '1 second' END",
                {"host": host, "failures": FAILURES, "seconds": PROBE_SECONDS},
            )
