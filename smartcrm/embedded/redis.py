"""An embedded Redis server for bells and live updates; nothing in it is kept."""

import os
import signal
import socket
from pathlib import Path

from smartcrm.embedded.owner import redis_server, service_owner
from smartcrm.embedded.places import REDIS_SOCKET, redis_url, socket_dir
from smartcrm.embedded.server import Server

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


class EmbeddedRedis(Server):
    """One Redis server on a Unix socket."""

    name = "Redis"
    program = "redis-server"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.sockets = socket_dir(data_dir)
        self.socket = self.sockets / REDIS_SOCKET
        self.url = redis_url(data_dir)

    @property
    def pid_file(self) -> Path:
        return self.sockets / "redis.pid"

    @property
    def log_file(self) -> Path:
        return self.log / "redis.log"

    def start(self) -> None:
        """Start the server, or take over the one that a killed process left; a silent one is replaced."""
        if self.is_running():
            return
        owner = service_owner()
        owner.give(self.sockets, 0o700)
        owner.give(self.log, 0o700)
        self.stop_immediate()
        self.socket.unlink(missing_ok=True)
        conf = self.sockets / "redis.conf"
        conf.write_text(SETTINGS.format(sockets=self.sockets, socket=REDIS_SOCKET))
        if not owner.is_caller:
            os.chown(conf, owner.uid, owner.gid)
        self._launch(owner, redis_server(owner), conf, patience=PATIENCE)

    def stop(self) -> None:
        self._end(signal.SIGTERM, PATIENCE)

    def stop_immediate(self) -> None:
        self._end(signal.SIGKILL, PATIENCE)

    def is_running(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
