"""`manage.py up` as a process: it comes up, says so, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartcrm.embedded import EmbeddedServices
from smartcrm.embedded.places import CHECKOUT

PATIENCE = 90.0  # seconds until a test gives up waiting


class Up:
    """One `manage.py up` on a data folder of its own."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.output = data_dir / "up.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--no-demo", "--port", str(self.port)],
                cwd=CHECKOUT,
                env={**kept, "SMARTCRM_DATA_DIR": str(self.data_dir), "WORKER_CONCURRENCY": "1"},
                stdout=output,
                stderr=output,
            )

    def says(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE
        while "is ready at" not in self.says():
            assert self.process.poll() is None, self.says()
            assert time.monotonic() < deadline, self.says()
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def health(self) -> dict[str, object]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=10) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def processes(self) -> list[int]:
        """Return every process that was started with this data folder in its environment."""
        mark = f"SMARTCRM_DATA_DIR={self.data_dir}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def nothing_is_left(self) -> bool:
        services = EmbeddedServices(self.data_dir)
        return not self.processes() and services.postgres.process_id() is services.redis.process_id() is None


@pytest.fixture
def up(data_dir: Path) -> Iterator[Up]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Up(data_dir, port)
    yield made
    for pid in made.processes():
        os.kill(pid, signal.SIGKILL)


def test_up_answers_and_ctrl_c_stops_everything(up: Up) -> None:
    up.start()
    up.wait_until_ready()
    assert up.health()["status"] == "ok"
    assert len(up.processes()) >= 5

    code = up.end(signal.SIGINT)

    assert code == 0, up.says()
    assert up.nothing_is_left()
    assert "Traceback" not in up.says()


def test_up_after_a_kill_finds_its_data_and_stops_cleanly(up: Up) -> None:
    up.start()
    up.wait_until_ready()
    up.end(signal.SIGKILL)

    up.start()
    up.wait_until_ready()

    assert up.health()["database"] == {"ok": True, "relay_lag_seconds": 0.0}
    assert up.end(signal.SIGTERM) == 0
    assert up.nothing_is_left()


def test_a_dead_database_server_is_started_again(up: Up) -> None:
    up.start()
    up.wait_until_ready()
    postgres = EmbeddedServices(up.data_dir).postgres
    dead = postgres.process_id()

    postgres.stop_immediate()

    deadline = time.monotonic() + PATIENCE
    while not postgres.is_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert postgres.process_id() not in (None, dead)
    assert up.health()["status"] == "ok"
    up.end(signal.SIGINT)


def test_a_taken_port_is_said_in_one_line(up: Up) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", up.port))
        holder.listen()
        up.start()
        assert up.process is not None
        code = up.process.wait(PATIENCE)

    assert code == 1
    assert up.says() == (
        f"smartcrm: Port {up.port} on 127.0.0.1 cannot be used (Address already in use): choose another with PORT.\n"
    )


def test_a_second_up_on_the_same_data_is_refused(up: Up) -> None:
    up.start()
    up.wait_until_ready()
    assert up.process is not None

    second = Up(up.data_dir, up.port)
    second.output = up.data_dir / "second.out"
    second.start()
    assert second.process is not None

    assert second.process.wait(PATIENCE) == 1
    assert second.says() == f"smartcrm: SmartCRM already runs on {up.data_dir} (process {up.process.pid}).\n"
    up.end(signal.SIGINT)
