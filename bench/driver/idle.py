"""What the product costs when nobody asks for anything, and how long it takes to be there."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.driver.machine import Program, answers, free_port, proportional_mib
from smartcrm.embedded import EmbeddedServices

REST = 20.0
"""Seconds after the start before memory is read."""


@dataclass(frozen=True, slots=True)
class IdleFigures:
    """Seconds until the first answer, of the first start (which makes the database) and of the next; memory in MiB."""

    first_start: float
    next_start: float
    memory: float


def measure(folder: Path) -> IdleFigures:
    """Start everything with `manage.py up` in a fresh folder, twice, and look at it after a while of rest."""
    first, _memory = _up(folder, rest=0)
    following, memory = _up(folder, rest=REST)
    return IdleFigures(first, following, memory)


def _up(folder: Path, rest: float) -> tuple[float, float]:
    port = free_port()
    environment: Mapping[str, str] = {"SMARTCRM_DATA_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}
    begun = time.monotonic()
    program = Program("manage.py", "up", "--no-demo", "--port", str(port), environment=environment)
    try:
        program.wait_for(lambda: answers(f"http://127.0.0.1:{port}/accounts/login/"))
        seconds = time.monotonic() - begun
        time.sleep(rest)
        return seconds, proportional_mib(program.pid) + _servers(folder, program.pid)
    finally:
        program.stop()


def _servers(folder: Path, pid: int) -> float:
    """PostgreSQL and Redis, where they are not children of `up`."""
    services = EmbeddedServices(folder)
    found = [services.postgres.process_id(), services.redis.process_id()]
    return sum(proportional_mib(server) for server in found if server is not None and not _is_below(server, pid))


def _is_below(child: int, pid: int) -> bool:
    while child > 1:
        if child == pid:
            return True
        child = int(Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2].split()[1])
    return False
