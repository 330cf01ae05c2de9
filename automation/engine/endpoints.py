"""A breaker per host: whoever does not answer is left alone for a while, and only its own calls wait.

The claim asks `REACHABLE`; this module writes what it reads.
"""

from django.db import connection

IN_FLIGHT = 4
"""Calls to one host at the same time."""
FAILURES = 5
"""In a row open the breaker."""
PROBE_SECONDS = 30
"""Until the next call probes whether the host is back."""

REACHABLE = """
    (r.host = '' OR (
        NOT EXISTS (SELECT 1 FROM automation_endpoint e WHERE e.host = r.host AND e.open_until > statement_timestamp())
        AND (SELECT count(*) FROM automation_run c WHERE c.state = 'claimed' AND c.host = r.host
             AND c.host <> '') < %(in_flight)s
    ))
"""
"""Whether the run `r` may call now. Two claims at the same moment may each take the last place."""


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
