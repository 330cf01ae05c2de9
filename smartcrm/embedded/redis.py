"""An embedded Redis server for bells and live updates; nothing in it is kept."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from smartcrm.embedded.errors import EmbeddedError
from smartcrm.embedded.owner import redis_server, service_owner
from smartcrm.embedded.places import REDIS_SOCKET, redis_url, socket_dir

SETTINGS = """\
port 0
unixsocket {sockets}/{socket}
unixsocketperm 700
pidfile {sockets}/redis.pid
dir {sockets}
daemonize no
save ""
appendonly no
databases 64
maxmemory 64mb
maxmemory-policy noeviction
client-output-buffer-limit pubsub 8mb 2mb 60
"""

PATIENCE = 10.0  # seconds


class EmbeddedRedis:
    """One Redis server on a Unix socket."""

    def __init__(self, data_dir: Path) -> None:
        self.sockets = socket_dir(data_dir)
        self.socket = self.sockets / REDIS_SOCKET
        self.log = data_dir / "log"
        self.url = redis_url(data_dir)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, or take over the one that a killed process left running."""
        if self.is_running():
            return
        owner = service_owner()
        owner.give(self.sockets, 0o700)
        owner.give(self.log, 0o700)
        self._kill_silent()
        self.socket.unlink(missing_ok=True)
        conf = self.sockets / "redis.conf"
        conf.write_text(SETTINGS.format(sockets=self.sockets, socket=REDIS_SOCKET))
        if not owner.is_caller:
            os.chown(conf, owner.uid, owner.gid)
        log = self.log / "redis.log"
        self._child = owner.launch(redis_server(owner), conf, log=log)
        if not _wait_for(
            self.is_running, unless=lambda: self._child is None or self._child.poll() is not None
        ):
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise EmbeddedError(f"Redis did not start: {' '.join(last) or 'it said nothing'}")

    def stop(self) -> None:
        """Stop the server."""
        with contextlib.suppress(OSError):
            self._say(b"SHUTDOWN NOSAVE\r\n")
        if not _wait_for(lambda: self.process_id() is None):
            self._kill_silent()
        self._reap()

    def stop_immediate(self) -> None:
        """Stop the server as a power cut would."""
        self._kill_silent()
        self._reap()

    def is_running(self) -> bool:
        """Return whether the server answers."""
        try:
            return self._say(b"PING\r\n").startswith(b"+PONG")
        except OSError:
            return False

    def process_id(self) -> int | None:
        """Return the process id of the server, None if there is none."""
        if self._child is not None and self._child.poll() is not None:
            return None
        try:
            pid = int((self.sockets / "redis.pid").read_text())
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return pid if name == "redis-server" else None

    def _child_is_dead(self) -> bool:
        return self._child is None or self._child.poll() is not None

    def _say(self, command: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(command)
            return client.recv(64)

    def _kill_silent(self) -> None:
        if pid := self.process_id():
            os.kill(pid, signal.SIGKILL)
            _wait_for(lambda: self.process_id() is None)

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(timeout=PATIENCE)
            self._child = None


def _wait_for(condition: Callable[[], bool], unless: Callable[[], bool] = lambda: False) -> bool:
    """Return whether the condition came true in time and before the other did."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        if unless():
            return False
        time.sleep(0.02)
    return False
