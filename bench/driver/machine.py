"""Programs under measurement: started, stopped, and what they cost in processor time and memory."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0
"""Seconds after which waiting is a hang."""


class Program:
    """One program in a process group of its own; what it prints is kept for the case that it fails."""

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; raises RuntimeError with what was printed if the program ends or hangs."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self._printed())
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, then make it and its children."""
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(40)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _printed(self) -> str:
        self._output.seek(0)
        return self._output.read().decode(errors="replace")[-4000:]


def run(*arguments: str, environment: Mapping[str, str], given: str = "") -> str:
    """Run a program to its end and return what it printed. Raises RuntimeError when it fails."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr[-4000:]}")
    return done.stdout


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
    return port


def answers(address: str) -> bool:
    """Whether a server answers 200."""
    try:
        with urlopen(address, timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def family(pid: int) -> Iterator[int]:
    """The process and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(parents.get(found, ()))


def processor_seconds(pid: int) -> float:
    """Processor time of a process and all below it, those that have ended included."""
    total = 0
    for member in family(pid):
        with suppress(OSError):
            total += sum(int(ticks) for ticks in _stat(member)[11:15])
    return total / TICK


def proportional_mib(pid: int) -> float:
    """Proportional set size of a process and all below it, in MiB."""
    total = 0
    for member in family(pid):
        with suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
