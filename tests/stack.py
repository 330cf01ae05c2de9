"""The product's real processes against the test database: web server, relay, workers.

Each process leads a group of its own, so that a test can kill exactly what it started. Everything is stopped at the
end of the test; what a process printed is shown when it would not start.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
"""Seconds after which waiting is a hang."""


class StackProcess:
    """One process of the product, in a process group of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.output = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its id, which is also the id of its group."""
        return self.process.pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the whole group."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def end(self) -> None:
        """Ask its main process to end, as a supervisor does; raises AssertionError if it does not end well.

        One that is still starting dies of the signal.
        """
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It does not end:\n{self.printed()}") from None
        assert self.process.returncode in (0, -signal.SIGTERM), self.printed()

    def stop(self, patience: float = 15.0) -> None:
        """Ask it to end, then make it."""
        if self.process.poll() is None:
            self.kill(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self.kill()
        self.process.wait()

    def printed(self) -> str:
        """What it has printed so far."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")


class Stack:
    """Starts processes of the product for one test and stops them all at its end."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        self._started: list[StackProcess] = []

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of the product needs to find the test database and Redis."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": test_database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "LOG_FORMAT": "text",
            **self._environment,
            **more,
        }

    def start(self, *arguments: str, **environment: str) -> StackProcess:
        """Start `python <arguments>`."""
        started = StackProcess([sys.executable, *arguments], self.environment(**environment))
        self._started.append(started)
        return started

    def web(self, port: int | None = None, **environment: str) -> str:
        """Start the web server and wait until it answers; its address."""
        port = port or free_port()
        address = f"http://127.0.0.1:{port}"
        web = self.start(
            "-m", "uvicorn", "smartcrm.asgi:application", "--port", str(port), "--no-access-log",
            "--timeout-graceful-shutdown", "3", BASE_URL=address, **environment,
        )  # fmt: skip
        wait_for(lambda: _answers(f"{address}/health/live"), web)
        return address

    def worker(
        self, queues: str = "relay,internal,http,mail,bulk", concurrency: int = 2, **environment: str
    ) -> StackProcess:
        """Start a Celery worker; it takes a moment until it works."""
        return self.start(
            "-m", "celery", "--app", "smartcrm", "worker", "--queues", queues, "--concurrency", str(concurrency),
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat",
            "--hostname", f"w{free_port()}@%h", **environment,
        )  # fmt: skip

    def relay(self, **environment: str) -> StackProcess:
        """Start the relay."""
        return self.start("manage.py", "relay", **environment)

    def stop(self) -> None:
        """Stop everything, the last started first."""
        for started in reversed(self._started):
            started.stop()


def test_database_url() -> str:
    """The address of the test database, as a process of the product would be given it."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}"))


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
    return port


def wait_for(
    condition: Callable[[], Any], process: StackProcess | None = None, patience: float = PATIENCE, every: float = 0.02
) -> Any:
    """Wait until a condition holds and return its value; raises AssertionError on a hang or a dead process.

    `every` is the pause between two looks, for conditions that cost something.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        if process is not None and process.process.poll() is not None:
            raise AssertionError(f"The process has ended:\n{process.printed()}")
        time.sleep(every)
    raise AssertionError("This hangs." + (f"\n{process.printed()}" if process else ""))


def drop_typed_tables() -> None:
    """Remove typed tables and views, which a test with real commits leaves and a flush does not see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'reporting'")
        for (view,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP VIEW reporting.{}").format(sql.Identifier(view)))
        cursor.execute(r"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^records_p\d+$'")
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))


def end_other_sessions() -> None:
    """Close connections that killed processes left in the test database, so that a flush can lock its tables."""
    with psycopg.connect(test_database_url(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
            [connection.connection.info.backend_pid if connection.connection else 0],
        )


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
