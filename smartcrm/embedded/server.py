"""What the two embedded servers have in common: a process, found by its pid file, that comes up and goes."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from smartcrm.embedded.errors import EmbeddedError
from smartcrm.embedded.owner import Owner

LOOK_EVERY = 0.02  # seconds

ZOMBIE = "Z"


class Server(ABC):
    """One server process. It may have been started by another process of ours, since killed."""

    name: str
    program: str
    """The name of the executable, as the kernel shows it."""

    def __init__(self, data_dir: Path) -> None:
        self.log = data_dir / "log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def pid_file(self) -> Path:
        """Where the server writes its process id, in the first line."""

    @property
    @abstractmethod
    def log_file(self) -> Path:
        """Where the server's words go."""

    @abstractmethod
    def start(self) -> None:
        """Start the server, or take over the one that a killed process left."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server cleanly."""

    @abstractmethod
    def stop_immediate(self) -> None:
        """Stop the server as a power cut would."""

    @abstractmethod
    def is_running(self) -> bool:
        """Return whether the server answers."""

    def process_id(self) -> int | None:
        """Return the process id of the server, None if there is none."""
        self._reap()
        try:
            pid = int(self.pid_file.read_text().split("\n", 1)[0])
            description = Path(f"/proc/{pid}/stat").read_text()
        except (OSError, ValueError):
            return None
        name, _, rest = description.partition("(")[2].rpartition(") ")
        return pid if name == self.program and not rest.startswith(ZOMBIE) else None

    def _launch(self, owner: Owner, *command: str | Path, patience: float) -> None:
        """Start the process and wait until it answers."""
        self._child = owner.launch(*command, log=self.log_file)
        if not _wait_for(lambda: self._has_ended() or self.is_running(), patience) or self._has_ended():
            raise EmbeddedError(f"{self.name} did not start: {self._last_words()}")

    def _end(self, number: signal.Signals, patience: float) -> None:
        """Send a signal and wait for the end."""
        if pid := self.process_id():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if not _wait_for(lambda: self.process_id() is None, patience):
            raise EmbeddedError(f"{self.name} did not stop within {patience:g} s.")

    def _has_ended(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def _reap(self) -> None:
        if self._has_ended():
            self._child = None

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").strip().splitlines()[-20:]
        fatal = [line for line in lines if "FATAL" in line]
        return (fatal or lines or ["it said nothing"])[-1]


def _wait_for(condition: Callable[[], bool], patience: float) -> bool:
    """Return whether the condition came true in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY)
    return True
