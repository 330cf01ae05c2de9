"""The bridge from ASGI to WSGI: what the application sees, what the client gets, who waits for whom."""

import asyncio
import io
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from smartcrm.bridge import AT_ONCE, Environ, Message, StartResponse, WsgiApplication, WsgiBridge

Sent = list[Message]


def scope(method: str = "POST", path: str = "/", headers: Iterable[tuple[bytes, bytes]] = ()) -> Message:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"q=%D1%91",
        "headers": list(headers),
        "client": ("192.0.2.7", 4242),
        "server": ("crm.example.com", 443),
        "scheme": "https",
    }


async def ask(bridge: WsgiBridge, request: Message, parts: Iterable[bytes] = (b"",)) -> Sent:
    """Send one request, its body in parts; return the messages of the answer."""
    rest = list(parts)
    sent: Sent = []

    async def receive() -> Message:
        body = rest.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(rest)}

    async def send(message: Message) -> None:
        sent.append(message)

    await bridge(request, receive, send)
    return sent


def answer(application: WsgiApplication, request: Message, parts: Iterable[bytes] = (b"",)) -> Sent:
    return asyncio.run(ask(WsgiBridge(application, threads=2, longest_body=1000), request, parts))


def body_of(sent: Sent) -> bytes:
    return b"".join(message["body"] for message in sent[1:])


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("201 Created", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def test_a_small_answer_is_sent_in_two_messages() -> None:
    sent = answer(echo, scope(), [b"one ", b"two"])

    assert sent == [
        {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")],
        },
        {"type": "http.response.body", "body": b"one two", "more_body": False},
    ]


def test_the_application_sees_the_request_as_wsgi_describes_it() -> None:
    seen: Environ = {}

    def look(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.update(environ)
        return echo(environ, start_response)

    headers = [(b"host", b"crm.example.com"), (b"accept", b"a"), (b"accept", b"b"), (b"content-type", b"x/y")]
    answer(look, scope("PUT", "/записи/1", headers), [b"abc"])

    assert seen["REQUEST_METHOD"] == "PUT"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/записи/1"
    assert seen["QUERY_STRING"] == "q=%D1%91"
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("192.0.2.7", "https")
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("crm.example.com", "443")
    assert (seen["HTTP_HOST"], seen["HTTP_ACCEPT"], seen["CONTENT_TYPE"]) == ("crm.example.com", "a,b", "x/y")
    assert seen["CONTENT_LENGTH"] == "3"


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash() -> None:
    seen: Environ = {}

    def look(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.update(environ)
        return echo(environ, start_response)

    answer(look, scope(headers=[(b"x_forwarded_for", b"203.0.113.9"), (b"x-forwarded-for", b"192.0.2.7")]))

    assert seen["HTTP_X_FORWARDED_FOR"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("headers", "parts"),
    [([(b"content-length", b"1001")], []), ([], [b"x" * 600, b"x" * 600])],
    ids=["announced", "found out"],
)
def test_a_body_that_is_too_long_is_refused_unread_by_the_application(
    headers: list[tuple[bytes, bytes]], parts: list[bytes]
) -> None:
    def never(environ: Environ, start_response: StartResponse) -> list[bytes]:
        raise AssertionError("the application was asked")

    assert answer(never, scope(headers=headers), parts)[0]["status"] == 413


def test_a_client_that_leaves_in_the_middle_of_its_body_is_forgotten() -> None:
    async def leave() -> Message:
        return {"type": "http.disconnect"}

    sent: Sent = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(WsgiBridge(echo, threads=1, longest_body=1000)(scope(), leave, send))

    assert sent == []


def test_a_long_answer_waits_for_its_client() -> None:
    made: list[int] = []

    def stream(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(5):
            made.append(number)
            yield b"x" * AT_ONCE

    async def scenario() -> tuple[list[int], Sent]:
        sent: Sent = []
        first_part = asyncio.Event()
        go_on = asyncio.Event()

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                first_part.set()
                await go_on.wait()

        answering = asyncio.create_task(WsgiBridge(stream, threads=1, longest_body=9)(scope("GET"), receive, send))
        await first_part.wait()
        made_while_the_client_was_busy = list(made)
        go_on.set()
        await answering
        return made_while_the_client_was_busy, sent

    while_busy, sent = asyncio.run(scenario())

    assert while_busy == [0]
    assert len(body_of(sent)) == 5 * AT_ONCE
    assert [message["more_body"] for message in sent[1:]] == [True] * 5 + [False]


def test_a_file_is_sent_without_holding_a_thread_and_is_closed() -> None:
    content = bytes(range(256)) * 1024
    file = io.BytesIO(content)
    served = threading.Event()

    def download(environ: Environ, start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/other":
            served.set()
            return [b""]
        return environ["wsgi.file_wrapper"](file, 4096)

    async def scenario() -> Sent:
        bridge = WsgiBridge(download, threads=1, longest_body=1000)
        sent: Sent = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def slow(message: Message) -> None:
            sent.append(message)
            if len(sent) == 2:
                # The one thread of the pool is free while this client takes its time.
                await ask(bridge, scope("GET", "/other"))

        await bridge(scope("GET"), receive, slow)
        return sent

    sent = asyncio.run(asyncio.wait_for(scenario(), 20))

    assert served.is_set()
    assert body_of(sent) == content
    assert file.closed


def test_the_answer_is_closed_even_if_it_breaks() -> None:
    class Broken:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            yield b"x"
            raise ZeroDivisionError

        def close(self) -> None:
            self.closed = True

    broken = Broken()

    def application(environ: Environ, start_response: StartResponse) -> Broken:
        start_response("200 OK", [])
        return broken

    with pytest.raises(ZeroDivisionError):
        answer(application, scope())
    assert broken.closed


def test_any_number_of_requests_runs_on_the_threads_of_the_pool() -> None:
    threads: set[int] = set()

    def note(environ: Environ, start_response: StartResponse) -> list[bytes]:
        threads.add(threading.get_ident())
        return echo(environ, start_response)

    async def scenario() -> None:
        bridge = WsgiBridge(note, threads=3, longest_body=1000)
        await asyncio.gather(*(ask(bridge, scope()) for _ in range(60)))

    asyncio.run(scenario())

    assert 1 <= len(threads) <= 3


def test_start_and_stop_of_the_server_are_answered() -> None:
    steps = ["lifespan.startup", "lifespan.shutdown"]
    sent: Sent = []

    async def receive() -> Message:
        return {"type": steps.pop(0)}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(WsgiBridge(echo, threads=1, longest_body=1)({"type": "lifespan"}, receive, send))

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
