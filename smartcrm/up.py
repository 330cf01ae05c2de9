"""Everything on one machine: `python manage.py up`.

Starts PostgreSQL and Redis unless the environment names others, brings the database up to date, then keeps
the web server, the relay and the workers running until Ctrl-C. The product is loaded once, here, and every
program is a fork of this process.
"""

import argparse
import fcntl
import gc
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

import django
import environ
import uvicorn
from celery.exceptions import SecurityWarning
from django.core.management import CommandError, call_command
from django.urls import get_resolver

from smartcrm import probe
from smartcrm.celery import app as celery_app
from smartcrm.embedded import EmbeddedError, EmbeddedServices, data_dir
from smartcrm.embedded.places import CHECKOUT, DEMO_LOGINS, make_folder
from smartcrm.embedded.server import Server
from smartcrm.supervisor import Program, Supervisor

LOOK_EVERY = 3.0  # seconds between two looks at the embedded servers
LEFTOVERS_END_WITHIN = 10.0  # seconds

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


class CannotStart(Exception):
    """Something stands in the way; the message is for the person at the terminal."""


def main(arguments: Sequence[str]) -> int:
    """Run until a signal; return the exit code."""
    if (CHECKOUT / ".env").is_file():
        environ.Env.read_env(CHECKOUT / ".env")
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _up(options)
    except (CannotStart, EmbeddedError) as problem:
        print(f"smartcrm: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start everything on this machine.")
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or "8000"))
    parser.add_argument("--no-demo", action="store_true", help="start empty instead of with the demo")
    return parser.parse_args(arguments)


def _up(options: argparse.Namespace) -> None:
    data = data_dir()
    make_folder(data)
    with _only_one(data):
        _check_port(options.host, options.port)
        _check_demo(data, options)
        os.environ["BASE_URL"] = os.environ.get("BASE_URL") or f"http://127.0.0.1:{options.port}"
        os.environ.setdefault("LOG_FORMAT", "text")
        with _embedded_servers(data) as servers:
            django.setup()
            _in_child(partial(_prepare, with_demo=_is_loopback(options.host) and not options.no_demo))
            _load_product()
            Supervisor(_programs(options), _say, _Watch(data, options, servers)).run()
    _say("Stopped.")


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder, so that a second `up` on it says so instead of fighting for it."""
    with (data / "up.lock").open("a+") as lock:
        _take(lock, data)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _take(lock: IO[str], data: Path) -> None:
    """Lock the file; what a killed `up` has left holds it too and is given a moment to end."""
    deadline = time.monotonic() + LEFTOVERS_END_WITHIN
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            if Path(f"/proc/{holder}").exists() or time.monotonic() > deadline:
                raise CannotStart(f"SmartCRM already runs on {data} (process {holder}).") from None
            time.sleep(0.1)
        else:
            return


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({error.strerror}): choose another with PORT."
            ) from None


def _check_demo(data: Path, options: argparse.Namespace) -> None:
    if (data / DEMO_LOGINS).exists() and not _is_loopback(options.host):
        raise CannotStart("The demo's passwords are public, so it is served on 127.0.0.1 only.")


@contextmanager
def _embedded_servers(data: Path) -> Iterator[list[Server]]:
    """Run the servers for which the environment gives no address."""
    services = EmbeddedServices(data)
    servers: list[Server] = []
    if not os.environ.get("DATABASE_URL"):
        servers.append(services.postgres)
    if not os.environ.get("REDIS_URL"):
        servers.append(services.redis)
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in reversed(servers):
            server.stop()


def _in_child(work: Callable[[], None]) -> None:
    """Do a work in a process of its own, so that its connections and threads are not here to be forked."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    if child.exitcode:
        raise CannotStart("The database could not be brought up to date; the reason is above.")


def _prepare(*, with_demo: bool) -> None:
    try:
        call_command("prepare", demo=with_demo)
    except CommandError as problem:
        sys.exit(f"smartcrm: {problem}")


def _load_product() -> None:
    """Load what every program needs before any of them is forked, and keep it shared."""
    celery_app.autodiscover_tasks(force=True)
    len(get_resolver().url_patterns)
    # A collection in a child would write to every object, and so copy every page of them.
    gc.collect()
    gc.freeze()


def _programs(options: argparse.Namespace) -> list[list[Program]]:
    """Return what runs, in two groups: at the end people leave first, the work behind them afterwards."""
    concurrency = os.environ.get("WORKER_CONCURRENCY") or str(max(2, os.cpu_count() or 1))
    lane = ["--pool", "prefork", "--concurrency", concurrency]
    background = [
        Program("relay", partial(call_command, "relay")),
        _worker("worker", "relay,internal", lane),
        _worker("worker-outside", "http,mail", lane),
        # One job at a time in the worker's own process: bulk work has no soft limit, which needs a child.
        _worker("worker-bulk", "bulk", ["--pool", "solo"]),
    ]
    return [background, [Program("web", partial(_serve, options))]]


def _worker(name: str, queues: str, pool: Sequence[str]) -> Program:
    place = ["--hostname", f"{name}@%h", "--queues", queues]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    # The soft limit of a task is 20 s; a stop lets what runs come to its end.
    return Program(name, partial(_work, ["--quiet", "worker", *place, *pool, *quiet]), patience=25.0)


def _work(arguments: list[str]) -> None:
    # Celery warns of root because of pickle; here messages are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    # `prepare` has run Django's checks.
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    celery_app.worker_main(arguments)


def _serve(options: argparse.Namespace) -> None:
    uvicorn.run(
        "smartcrm.asgi:application",
        host=options.host,
        port=options.port,
        workers=int(os.environ.get("WEB_PROCESSES") or 1),
        access_log=False,
        log_config=None,
        log_level="warning",
        # Open streams would hold up a stop for as long as their browsers stay.
        timeout_graceful_shutdown=3,
    )


class _Watch:
    """What the supervisor looks after besides its programs: the embedded servers, and the first answer."""

    def __init__(self, data: Path, options: argparse.Namespace, servers: Sequence[Server]) -> None:
        host = "127.0.0.1" if options.host in EVERYWHERE else options.host
        self.health = f"http://{host}:{options.port}/health/ready"
        self.logins = data / DEMO_LOGINS
        self.servers = servers
        self._announced = False
        self._look_at = 0.0

    def __call__(self) -> None:
        """Tell the address when the server answers; start an embedded server again if it has died."""
        if not self._announced and probe.answers(self.health, patience=0.5):
            self._announced = True
            self._announce()
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY
            for server in self.servers:
                self._revive(server)

    def _announce(self) -> None:
        _say(f"SmartCRM is ready at {os.environ['BASE_URL']}")
        if self.logins.exists():
            _say(self.logins.read_text().strip())
        _say("Ctrl-C stops it; everything is kept.")

    def _revive(self, server: Server) -> None:
        if server.process_id() is not None:
            return
        _say(f"{server.name} has died; starting it again")
        try:
            server.start()
        except EmbeddedError as problem:
            _say(str(problem))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(text: str) -> None:
    print(text, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
