"""Everything on one machine: `python manage.py up`.

Starts PostgreSQL and Redis unless the environment names others, brings the database up to date, then keeps
the web server, the relay and the workers running until Ctrl-C.
"""

import argparse
import asyncio
import fcntl
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import environ

from smartcrm import probe
from smartcrm.embedded import EmbeddedError, EmbeddedServices, data_dir
from smartcrm.embedded.places import CHECKOUT, make_folder
from smartcrm.embedded.server import Server
from smartcrm.supervisor import Program, Supervisor

LOOK_EVERY = 3.0  # seconds between two looks at the embedded servers

# Written by `manage.py prepare` when it has loaded the demo.
DEMO_LOGINS = "demo.txt"

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
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--no-demo", action="store_true", help="start empty instead of with the demo")
    return parser.parse_args(arguments)


def _up(options: argparse.Namespace) -> None:
    data = data_dir()
    make_folder(data)
    with _only_one(data):
        _check_port(options.host, options.port)
        os.environ["BASE_URL"] = os.environ.get("BASE_URL") or f"http://127.0.0.1:{options.port}"
        os.environ.setdefault("LOG_FORMAT", "text")
        with _embedded_servers(data) as servers:
            _prepare(data, options)
            asyncio.run(_serve(data, options, servers))
    _say("Stopped.")


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder, so that a second `up` on it says so instead of fighting for it."""
    with (data / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(f"SmartCRM already runs on {data} (process {lock.read().strip()}).") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


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


def _prepare(data: Path, options: argparse.Namespace) -> None:
    """Bring database and static files up to date, and load the demo on the first start of all."""
    local = _is_loopback(options.host)
    if not local and (data / DEMO_LOGINS).exists():
        raise CannotStart("The demo's passwords are public, so it is served on 127.0.0.1 only.")
    demo = ["--demo"] if local and not options.no_demo else []
    done = subprocess.run([sys.executable, "manage.py", "prepare", *demo], cwd=CHECKOUT, check=False)
    if done.returncode:
        raise CannotStart("The database could not be brought up to date; the reason is above.")


async def _serve(data: Path, options: argparse.Namespace, servers: Sequence[Server]) -> None:
    supervisor = Supervisor(_programs(options), _say)
    helpers = [
        asyncio.create_task(_keep_servers(supervisor, servers)),
        asyncio.create_task(_announce(supervisor, data, options)),
    ]
    await supervisor.run()
    await asyncio.gather(*helpers)


def _programs(options: argparse.Namespace) -> list[Program]:
    """Return what runs; it is stopped from the end of the list, so that people leave first."""
    concurrency = int(os.environ.get("WORKER_CONCURRENCY") or max(2, os.cpu_count() or 1))
    return [
        _worker("worker-bulk", "bulk", 1),
        _worker("worker-outside", "http,mail", concurrency),
        _worker("worker", "relay,internal", concurrency),
        Program("relay", [sys.executable, "manage.py", "relay"]),
        _web(options),
    ]


def _web(options: argparse.Namespace) -> Program:
    uvicorn = [sys.executable, "-m", "uvicorn", "smartcrm.asgi:application"]
    address = ["--host", options.host, "--port", str(options.port)]
    processes = ["--workers", os.environ.get("WEB_PROCESSES") or "1"]
    # Open streams would hold up a stop for as long as their browsers stay.
    patience = ["--timeout-graceful-shutdown", "3"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return Program("web", [*uvicorn, *address, *processes, *patience, *quiet])


def _worker(name: str, queues: str, concurrency: int) -> Program:
    celery = [sys.executable, "-m", "celery", "--app", "smartcrm", "worker", "--hostname", f"{name}@%h"]
    work = ["--queues", queues, "--concurrency", str(concurrency)]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    # The soft limit of a task is 20 s; a stop lets what runs come to its end.
    return Program(name, [*celery, *work, *quiet], patience=25.0)


async def _keep_servers(supervisor: Supervisor, servers: Sequence[Server]) -> None:
    """Start an embedded server again if it has died."""
    while not supervisor.is_stopping:
        await supervisor.pause(LOOK_EVERY)
        for server in servers:
            if not supervisor.is_stopping and server.process_id() is None:
                _say(f"{server.name} has died; starting it again")
                with suppress(EmbeddedError):
                    await asyncio.to_thread(server.start)


async def _announce(supervisor: Supervisor, data: Path, options: argparse.Namespace) -> None:
    """Tell the address once the server answers, and the demo's logins if the demo is there."""
    host = "127.0.0.1" if options.host in EVERYWHERE else options.host
    while not supervisor.is_stopping:
        if await asyncio.to_thread(probe.answers, f"http://{host}:{options.port}/health/ready"):
            break
        await supervisor.pause(0.2)
    else:
        return
    _say(f"SmartCRM is ready at {os.environ['BASE_URL']}")
    if (data / DEMO_LOGINS).exists():
        _say((data / DEMO_LOGINS).read_text().strip())
    _say("Ctrl-C stops it; everything is kept.")


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
