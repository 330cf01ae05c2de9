"""A small HTTP server on the loopback that remembers what it was told, for tests of calls."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One call."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[BaseHTTPRequestHandler, Received], None]


@dataclass
class Listener:
    """What has been received, and where."""

    port: int = 0
    calls: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def target(self) -> str:
        """As EGRESS_ALLOW names it."""
        return f"127.0.0.1:{self.port}"


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> Answer:
    """An answer that is always the same; `retry_after` becomes Retry-After."""

    def write(handler: BaseHTTPRequestHandler, _call: Received) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return write


@contextmanager
def listening(respond: Answer | None = None) -> Iterator[Listener]:
    """Listen while the block runs."""
    listener = Listener()
    write = respond or answer()

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            listener.connections += 1
            super().setup()

        def handle_call(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Received(self.command, self.path, headers, self.rfile.read(size))
            listener.calls.append(call)
            try:
                write(self, call)
            except OSError:
                self.close_connection = True  # the caller has hung up

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_call  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
