"""Containers of docker-compose.yml without containers: their commands with their environment, on ports of their own."""

import subprocess
import sys
from pathlib import Path

import psycopg
from django.conf import settings

from events.relay import RELAY_LOCK
from tests import stack as stack_module
from tests.compose import IMAGE_ENVIRONMENT, SERVICES, command_of, environment_of, filled_in
from tests.stack import ROOT, StackProcess, free_port, wait_for

SITE = "crm.example.com"
PROXIED = {"Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": SITE}
"""What the proxy says of a request."""

_DUTY = """
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s AND a.datname = current_database()
"""


class Machines:
    """Several machines around one PostgreSQL and one Redis; `answers` stand for the `.env` file."""

    def __init__(self, folder: Path, **answers: str) -> None:
        self._folder = folder
        self._answers = {
            "SITE_DOMAIN": SITE,
            "SECRET_KEY": settings.SECRET_KEY,
            "POSTGRES_PASSWORD": "unused",
            "EMAIL_URL": "dummymail://",
            "DEFAULT_FROM_EMAIL": "crm@example.com",
            **answers,
        }
        self.running: dict[str, StackProcess] = {}
        self.addresses: dict[str, str] = {}

    def start(self, service: str, machine: str) -> StackProcess:
        """Start the container of a service on a machine of this name."""
        port = free_port()
        command = [self._placed(part, machine, port) for part in command_of(service, self._answers)]
        started = StackProcess([self._program(command[0]), *command[1:]], self._environment(service, machine))
        self.running[machine] = started
        if f"--port={port}" in command:
            self.addresses[machine] = f"http://127.0.0.1:{port}"
        return started

    def run(self, service: str) -> int:
        """Run a container to its end; its exit code."""
        return self.start(service, service).process.wait(stack_module.PATIENCE)

    def is_healthy(self, service: str, machine: str, *, web: str) -> bool:
        """What the healthcheck of the container says."""
        kind, *test = SERVICES[service]["healthcheck"]["test"]
        own = self.addresses.get(machine, "")
        command = [
            filled_in(part)
            .replace("http://127.0.0.1:8000", own)
            .replace("http://web:8000", self.addresses[web])
            .replace("@$HOSTNAME", f"@{machine}")
            for part in test
        ]
        words = command[0].split() if kind == "CMD-SHELL" else command
        checked = subprocess.run(
            [self._program(words[0]), *words[1:]],
            cwd=ROOT,
            env=self._environment(service, machine),
            capture_output=True,
            timeout=stack_module.PATIENCE,
            check=False,
        )
        return checked.returncode == 0

    def wait_until_healthy(self, service: str, machine: str, *, web: str) -> None:
        """Wait as compose does."""
        wait_for(lambda: self.is_healthy(service, machine, web=web), self.running[machine], every=0.5)

    def stop(self) -> None:
        """Stop them all, the last started first."""
        for started in reversed(self.running.values()):
            started.stop()

    def _environment(self, service: str, machine: str) -> dict[str, str]:
        """The image's and the container's own, but for the places of PostgreSQL, Redis and data."""
        return {
            **IMAGE_ENVIRONMENT,
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "SMARTCRM_DATA_DIR": str(self._folder / "data"),
            "STATIC_ROOT": str(self._folder / "static"),
            **environment_of(service, self._answers),
            "DATABASE_URL": stack_module.test_database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "PGAPPNAME": machine,
        }

    def _placed(self, part: str, machine: str, port: int) -> str:
        """A part of a command, on this machine instead of in a container."""
        places = {"--port=8000": f"--port={port}", "--host=0.0.0.0": "--host=127.0.0.1"}
        return places.get(part, part).replace("@%h", f"@{machine}")

    def _program(self, name: str) -> str:
        return sys.executable if name == "python" else str(Path(sys.executable).parent / name)


def duty_holder() -> str:
    """The machine whose relay is at work just now, empty if none is."""
    with psycopg.connect(stack_module.test_database_url(), autocommit=True) as other:
        row = other.execute(_DUTY, [RELAY_LOCK]).fetchone()
    return row[0] if row else ""
