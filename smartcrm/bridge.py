"""Runs a WSGI application behind an ASGI server on a bounded pool of threads.

A request costs two changes of thread: one into the pool with its whole body, one back with its whole
answer. Slow clients hold no thread: bodies are read before the pool is asked, files are sent after it is
done. Only an answer that is made while it is sent, such as an export, keeps its thread to the end.
"""

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

IN_MEMORY = 1024 * 1024  # bytes of a request's body; the rest goes to a temporary file
AT_ONCE = 64 * 1024  # bytes of an answer that are sent together

# Names that WSGI spells without HTTP_.
PLAIN_NAMES = {"CONTENT_TYPE", "CONTENT_LENGTH"}


class _ClientLeftError(Exception):
    """The client has gone before its request was complete."""


class _TooLargeError(Exception):
    """The body is longer than is accepted."""


class WsgiBridge:
    """A WSGI application as an ASGI application."""

    def __init__(self, application: WsgiApplication, *, threads: int, longest_body: int) -> None:
        self._application = application
        self._longest_body = longest_body
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request; take note of the server's start and stop; refuse anything else."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _follow_lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        with SpooledTemporaryFile(IN_MEMORY) as body:
            try:
                length = await self._read_body(scope, receive, body)
            except _ClientLeftError:
                return
            except _TooLargeError:
                await _refuse_as_too_large(send)
                return
            answer = _Answer(send)
            environ = _environ(scope, body, length)
            in_context = contextvars.copy_context().run
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._pool, in_context, self._run, environ, answer)
            await answer.finish()

    async def _read_body(self, scope: Message, receive: Receive, body: IO[bytes]) -> int:
        """Write the body into a file and return its length."""
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._longest_body:
            raise _TooLargeError
        length = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _ClientLeftError
            length += body.write(message.get("body", b""))
            if length > self._longest_body:
                raise _TooLargeError
            more = message.get("more_body", False)
        body.seek(0)
        return length

    def _run(self, environ: Environ, answer: "_Answer") -> None:
        """Call the application, in a thread of the pool."""
        chunks = self._application(environ, answer.start)
        if isinstance(chunks, _File):
            answer.file = chunks
            return
        try:
            for chunk in chunks:
                answer.write(chunk)
        finally:
            if close := getattr(chunks, "close", None):
                close()


class _File:
    """A file as the body of an answer (`wsgi.file_wrapper`), sent when the thread is back in the pool."""

    def __init__(self, file: IO[bytes], block_size: int = AT_ONCE) -> None:
        self.file = file

    def __iter__(self) -> Iterable[bytes]:
        return iter(lambda: self.file.read(AT_ONCE), b"")


class _Answer:
    """What the application says, gathered in its thread and sent on the event loop."""

    def __init__(self, send: Send) -> None:
        self.file: _File | None = None
        self._has_begun = False
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._head: Message = {}
        self._waiting: list[bytes] = []
        self._size = 0

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        """Take status and headers: WSGI's `start_response`."""
        self._head = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return self.write

    def write(self, chunk: bytes) -> None:
        """Take a part of the body; wait for the client once there is much of it."""
        self._waiting.append(chunk)
        self._size += len(chunk)
        if self._size >= AT_ONCE:
            asyncio.run_coroutine_threadsafe(self._flush(more=True), self._loop).result()

    async def finish(self) -> None:
        """Send what is left."""
        if self.file is not None:
            await self._send_file(self.file.file)
        await self._flush(more=False)

    async def _send_file(self, file: IO[bytes]) -> None:
        try:
            while chunk := await self._loop.run_in_executor(None, file.read, AT_ONCE):
                self._waiting.append(chunk)
                await self._flush(more=True)
        finally:
            await self._loop.run_in_executor(None, file.close)

    async def _flush(self, *, more: bool) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._send(self._head)
        body = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _environ(scope: Message, body: IO[bytes], length: int) -> Environ:
    """Return the request as WSGI describes it; the body's length is known, however it was sent."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode().decode("latin-1"),
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": _File,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        # X_Real_IP would otherwise pass for X-Real-IP, behind the back of a proxy that sets the latter.
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        name = name if name in PLAIN_NAMES else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    environ["CONTENT_LENGTH"] = str(length)
    return environ


async def _refuse_as_too_large(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"The request is too large."})


async def _follow_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
