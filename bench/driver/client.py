"""A small HTTP client for loads: one kept connection per thread, nothing done twice."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make."""

    method: str
    path: str
    body: Any = None


class Connection:
    """One kept HTTP/1.1 connection."""

    def __init__(self, port: int, authorization: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1\r\nAuthorization: {authorization}\r\n"

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def call(self, call: Call) -> bytes:
        """Make a request and return the body of the answer. Raises RuntimeError unless it is 2xx."""
        body = b"" if call.body is None else orjson.dumps(call.body)
        head = f"{call.method} {call.path} HTTP/1.1\r\n{self._head}"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(head.encode() + b"\r\n" + body)
        return self._answer(call)

    def _answer(self, call: Call) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _blank, body = received.partition(b"\r\n\r\n")
        length = _length(head)
        parts, size = [body], len(body)
        while size < length:
            parts.append(self._more())
            size += len(parts[-1])
        body = b"".join(parts)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"{call.method} {call.path}: {head[:40]!r} {body[:600]!r}")
        return body

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise RuntimeError("The server has closed the connection.")
        return received


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise RuntimeError(f"An answer without a length: {head!r}")


def in_parallel(pieces: Sequence[Any], hands: Sequence[Callable[[Any], Any]]) -> list[float]:
    """Do every piece of work once, each hand one after the other; the seconds that each piece took."""
    waiting = iter(pieces)
    lock = threading.Lock()
    seconds: list[float] = []
    failures: list[Exception] = []

    def labour(hand: Callable[[Any], Any]) -> None:
        while not failures:
            with lock:
                piece = next(waiting, None)
            if piece is None:
                return
            begun = time.perf_counter()
            try:
                hand(piece)
            except (RuntimeError, OSError, psycopg.Error) as error:
                failures.append(error)
                return
            seconds.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=labour, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return seconds
