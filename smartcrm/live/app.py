"""`/live/`: Server-Sent Events of changed records.

Outside Django's handler on purpose: behind it every open stream would hold a thread (measured: 2,000 streams, 2,005
threads; here 6). The protocol is https://html.spec.whatwg.org/multipage/server-sent-events.html: `id:` is the
event's gapless `seq`, so a browser that comes back with Last-Event-ID gets exactly what it missed.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
from asgiref.sync import sync_to_async
from django.utils import timezone

from core.text import id_from
from events.models import Event
from smartcrm.live.hub import Hub, read_newest
from smartcrm.live.messages import (
    OLDEST_PAGE,
    REPLAY_LIMIT,
    Batch,
    Watcher,
    events_after,
    reshapes,
    seq_before,
    watcher_of,
)
from smartcrm.live.shapes import changed_for

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PING_EVERY = 15.0
"""Seconds between comments that keep proxies from closing; the session and the rights are looked at as often."""

STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"content-encoding", b"identity"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]

read_events = sync_to_async(events_after, thread_sensitive=True)
read_seq_before = sync_to_async(seq_before, thread_sensitive=True)
read_watcher = sync_to_async(watcher_of, thread_sensitive=True)
hub = Hub()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """`GET /live/` streams; `GET /live/since/?seq=` answers once, for browsers whose streams keep failing."""
    headers = dict(scope["headers"])
    cookies = headers.get(b"cookie", b"").decode("latin-1")
    watcher = await read_watcher(cookies)
    if watcher is None:
        await _answer(send, 401, {"code": "not_authenticated", "message": "Sign in first.", "details": {}})
    elif scope["path"] == "/live/since/":
        await _answer(send, 200, await _since(watcher, _asked_seq(scope, headers)))
    elif scope["path"] == "/live/":
        await Stream(watcher, cookies, send).run(receive, _asked_seq(scope, headers), _asked(scope, "age"))
    else:
        await _answer(send, 404, {"code": "not_found", "message": "There is nothing here.", "details": {}})


class Stream:
    """One open page: its watcher and its way out."""

    def __init__(self, watcher: Watcher, cookies: str, send: Send) -> None:
        self.watcher: Watcher | None = watcher
        self.cookies = cookies
        self.send = send
        self.looked_at = time.monotonic()

    async def run(self, receive: Receive, since: int | None, age: int | None) -> None:
        """Stream until the browser leaves, falls behind or loses its right to be here.

        It begins after the event `since`, or with what has happened to a page that is `age` milliseconds old.
        """
        queue = await hub.join()
        gone = asyncio.create_task(_gone(receive))
        try:
            await self.send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
            start = await _start(since, age)
            await self._write(b"retry: 2000\nid: %d\nevent: ready\ndata: {}\n\n" % start)
            sent = await self._replay(start, None if since is not None else _drawn_at(age))
            await self._follow(queue, gone, sent)
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError as error:
            logger.debug("A live page has gone: %s", error)
        finally:
            gone.cancel()
            hub.leave(queue)

    async def _replay(self, since: int, drawn_at: datetime | None) -> int:
        """What happened after `since`, to a page that is there all the time, or was drawn at a moment."""
        missed = await read_events(since, REPLAY_LIMIT + 1)
        if len(missed) > REPLAY_LIMIT or since > hub.seq:
            await self._write(_reset(hub.seq))
            return hub.seq
        await self._send_events(missed)
        sent = (missed[-1].seq or since) if missed else since
        if reshapes(missed, drawn_at):
            await self._write(_reset(sent))
        return sent

    async def _follow(self, queue: "asyncio.Queue[Any]", gone: "asyncio.Task[None]", sent: int) -> None:
        while not gone.done():
            batch = await _next(queue, gone)
            if batch is None:
                return
            before = self.watcher
            if self._must_look(batch) and not await self._may_stay():
                return
            fresh = [event for event in batch.events if (event.seq or 0) > sent]
            if fresh:
                await self._send_events(fresh)
                sent = fresh[-1].seq or sent
            elif not batch.events:
                await self._write(b": ping\n\n")
            await self._send_resets(before, sent)

    def _must_look(self, batch: Batch) -> bool:
        is_long_ago = time.monotonic() - self.looked_at > PING_EVERY
        return is_long_ago or self.watcher is None or self.watcher.must_look(batch)

    async def _may_stay(self) -> bool:
        """Read the session and the rights anew; False when there is nobody any more."""
        self.watcher = await read_watcher(self.cookies)
        self.looked_at = time.monotonic()
        return self.watcher is not None

    async def _send_resets(self, before: Watcher | None, seq: int) -> None:
        """Tell pages to be drawn anew whose process is another picture now than before."""
        if self.watcher is None or before is None or before is self.watcher:
            return
        resets = [_reset(seq, process) for process in changed_for(before, self.watcher)]
        if resets:
            await self._write(b"".join(resets))

    async def _send_events(self, events: list[Event]) -> None:
        lines = [line for event in events if (line := _line(self.watcher, event))]
        if lines:
            await self._write(b"".join(lines))

    async def _write(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})


def _reset(seq: int, process: str = "") -> bytes:
    """Tells pages (of a process) to be drawn anew; after the events up to `seq`, or what is told later would be taken
    for old."""
    return b"id: %d\nevent: reset\ndata: %s\n\n" % (seq, orjson.dumps({"process": process} if process else {}))


def _line(watcher: Watcher | None, event: Event) -> bytes:
    message = watcher.message_for(event) if watcher else None
    return b"id: %d\ndata: %s\n\n" % (event.seq or 0, orjson.dumps(message)) if message else b""


async def _start(since: int | None, age: int | None) -> int:
    """Where a stream begins; not ahead of the hub, who would take that for a page of another database."""
    if since is not None:
        return since
    before = None if age is None else await read_seq_before(age)
    return hub.seq if before is None else min(before, hub.seq)


def _drawn_at(age: int | None) -> datetime:
    """When a page of this age, in milliseconds, was asked for."""
    return timezone.now() - min(timedelta(milliseconds=age or 0), OLDEST_PAGE)


async def _since(watcher: Watcher, since: int | None) -> dict[str, Any]:
    if since is None:
        return {"seq": await read_newest(), "events": [], "reset": False}
    events = await read_events(since, REPLAY_LIMIT + 1)
    if len(events) > REPLAY_LIMIT:
        return {"seq": await read_newest(), "events": [], "reset": True}
    messages = [message for event in events if (message := watcher.message_for(event))]
    return {"seq": events[-1].seq if events else since, "events": messages, "reset": reshapes(events)}


async def _next(queue: "asyncio.Queue[Any]", gone: "asyncio.Task[None]") -> Any:
    """The next batch; an empty one when it is time to ping; None when the page has gone or fallen behind."""
    getting = asyncio.create_task(queue.get())
    await asyncio.wait({getting, gone}, timeout=PING_EVERY, return_when=asyncio.FIRST_COMPLETED)
    if getting.done():
        return getting.result()
    getting.cancel()
    return None if gone.done() else Batch()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _asked_seq(scope: Message, headers: dict[bytes, bytes]) -> int | None:
    asked = headers.get(b"last-event-id", b"").decode("latin-1")
    return id_from(asked) if asked else _asked(scope, "seq")


def _asked(scope: Message, name: str) -> int | None:
    """A number of the address; None where it is none."""
    return id_from(parse_qs(scope["query_string"].decode("latin-1")).get(name, [""])[0])


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
