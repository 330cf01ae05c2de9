"""Processes that do a worker's work without a broker: loaded once, forked, and forked again when they die.

Run as a program it is the nursery; a `Drainer` in the test starts and stops it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Drainer:
    """Starts nurseries of draining processes and knows how often their children died."""

    def __init__(self, folder: Path, database_url: str, *, lease: int) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url,
            "AUTOMATION_LEASE_SECONDS": str(lease),
            "DRAIN_FOLDER": str(folder),
        }
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *, children: int = 2, lanes: str = "internal,http,mail", **environment: str) -> None:
        """Start children that drain these lanes."""
        self._started.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.drain", str(children), lanes],
                cwd=ROOT,
                env={**self._environment, **environment},
                start_new_session=True,
            )
        )

    def deaths(self) -> int:
        """How many children have died of a signal."""
        file = self.folder / "deaths"
        return len(file.read_text()) if file.exists() else 0

    def deaths_at(self, point: str) -> int:
        """How many died at a failpoint."""
        file = self.folder / f"{point}.deaths"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def stop(self) -> None:
        """End everything that was started here."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _drain(lanes: list[str]) -> None:
    # Loaded here: the nursery sets Django up first.
    from automation.engine.worker import work  # noqa: PLC0415
    from automation.models import Lane  # noqa: PLC0415

    while True:
        if not sum(work(Lane(lane), seconds=5.0) for lane in lanes):
            time.sleep(0.02)


def _nurse(children: int, lanes: list[str]) -> None:
    """Keep so many children at work."""
    import django  # noqa: PLC0415

    django.setup()
    from automation.engine import worker  # noqa: PLC0415

    worker.ring = lambda lane: None  # there is no broker to ring
    alive: set[int] = set()
    while True:
        while len(alive) < children:
            pid = os.fork()
            if pid == 0:
                _drain(lanes)
            alive.add(pid)
        pid, status = os.wait()
        alive.discard(pid)
        if os.WIFSIGNALED(status):
            with (Path(os.environ["DRAIN_FOLDER"]) / "deaths").open("a") as deaths:
                deaths.write(".")
        else:
            sys.exit(f"A child ended by itself with status {status}.")


if __name__ == "__main__":
    _nurse(int(sys.argv[1]), sys.argv[2].split(","))
