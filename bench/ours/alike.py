"""Whether a clock tells absent from foreign: `python -m bench.changing --alike --size 10000`.

A server on the loopback is asked, for 45 s and in random order, for records that are nowhere, somebody else's, in the
bin or in a closed process, by somebody who sees their own records alone. Printed is one line of JSON for each address:
median and p95 of each case in ms, and by how much its median differs from that of what is nowhere. Then the same for
signing in: what is worked out for an unknown address and for a wrong password.
"""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from bench.ours.load import main as load  # sets Django up

# isort: split
from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from accounts.operations import assign_role, create_role, create_token
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.operations import create_record, delete_record

ABSENT = 10**9
SECONDS = 45
HASHES = 20
"""Attempts to sign in of each kind."""
JSON = {"content-type": "application/json"}

Case = tuple[str, str]
"""Key of a process, and what its address ends in."""


def questions() -> Mapping[str, tuple[str, Any, bool]]:
    """Address → method, body, whether it names a record. `{}` is its number."""
    return {
        "records/{}/": ("GET", None, True),
        "records/{}/ (write)": ("PATCH", {"title": "x"}, True),
        "records/{}/move/": ("POST", {"stage": "assigned"}, True),
        "records/{}/ (delete)": ("DELETE", None, True),
        "records/{}/comments/": ("POST", {"text": "x"}, True),
        "records/{}/timeline/": ("GET", None, True),
        "records/{}/files/": ("GET", None, True),
        "board/": ("GET", None, False),
    }


def main(size: int) -> None:
    """Fill the database, serve it, ask."""
    load(size)
    process = Process.objects.get(key="requests")
    person = User.objects.create_user("narrow@example.test", "correct horse", name="Narrow")
    role = create_role(name="Narrow", actor=SYSTEM)
    assign_role(role, to=person, actor=SYSTEM)
    rights = dict.fromkeys(_OF_OWN, Scope.OWN)
    set_grants(process, {role.pk: rights}, actor=SYSTEM)
    other = create_record("robots", values={"title": "Elsewhere"}, actor=SYSTEM)
    binned = create_record(process, values={"title": "Mine", "assignee": person.pk}, actor=SYSTEM)
    delete_record(process, binned.pk, actor=SYSTEM)
    cases = {"absent": ABSENT, "foreign": size // 2, "binned": binned.pk, "of another process": other.pk}
    _token, secret = create_token(person, name="alike", scopes=("read", "write"), actor=SYSTEM)
    port = _free_port()
    server = _server(port)
    try:
        _measure(port, secret, cases)
    finally:
        server.terminate()
        server.wait()
    _measure_signing_in(person)


_OF_OWN: tuple[str, ...] = (
    *(Operation.VIEW, Operation.UPDATE, Operation.MOVE, Operation.DELETE),
    *(Operation.COMMENT, Operation.HISTORY, Operation.ASSIGN),
)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _server(port: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "smartcrm.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    started = subprocess.Popen(command, env={**os.environ, "API_REQUESTS_PER_MINUTE": "0", "LOG_LEVEL": "ERROR"})
    for _attempt in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return started
    started.terminate()
    raise RuntimeError("The server did not start.")


def _measure(port: int, secret: str, cases: Mapping[str, int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {**JSON, "authorization": f"Bearer {secret}"}

    def ask(method: str, path: str, body: Any) -> float:
        begun = time.perf_counter()
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        taken = time.perf_counter() - begun
        if answer.status != http.client.NOT_FOUND:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return taken * 1000

    asked: list[tuple[str, str, str, str, Any]] = []
    for address, (method, body, names_record) in questions().items():
        tail = address.partition(" ")[0]
        if names_record:
            asked += [(address, case, method, f"requests/{tail.format(pk)}", body) for case, pk in cases.items()]
        asked += [(address, "closed", method, f"robots/{tail.format(ABSENT)}", body)]
        asked += [(address, "no process", method, f"nowhere/{tail.format(ABSENT)}", body)]
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    dice, end, rounds = random.Random(1), time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        dice.shuffle(asked)
        for address, case, method, path, body in asked:
            found = ask(method, f"/api/v1/processes/{path}", body)
            if rounds:  # the first round warms up
                taken[address][case].append(found)
        rounds += 1
    for address, found_by_case in taken.items():
        _print(address, found_by_case)


def _print(about: str, found: Mapping[str, list[float]]) -> None:
    medians = {case: statistics.median(times) for case, times in found.items()}
    for case, times in sorted(found.items()):
        line = {
            "about": about,
            "case": case,
            "requests": len(times),
            "median_ms": round(medians[case], 2),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
            "more_than_nowhere_ms": round(medians[case] - medians[_BASES[case]], 2),
        }
        print(json.dumps(line), flush=True)


_BASES = {
    **dict.fromkeys(("absent", "foreign", "binned", "of another process"), "absent"),
    **dict.fromkeys(("closed", "no process"), "no process"),
    **dict.fromkeys(("unknown", "wrong password"), "unknown"),
}
"""With what each case is compared: what is nowhere."""


def _measure_signing_in(person: User) -> None:
    backend = AuthenticationBackend()
    tries: dict[str, Callable[[], Any]] = {
        "unknown": lambda: backend.authenticate(None, email="nobody@example.test", password="x"),
        "wrong password": lambda: backend.authenticate(None, email=person.email, password="x"),
    }
    found: dict[str, list[float]] = defaultdict(list)
    for _round in range(HASHES):
        for case, attempt in tries.items():
            begun = time.perf_counter()
            if attempt() is not None:
                raise RuntimeError(case)
            found[case].append((time.perf_counter() - begun) * 1000)
    _print("signing in", found)


if __name__ == "__main__":
    main(int(sys.argv[1]))
