"""One reader of events per process of the operating system, any number of listeners.

Redis only says "there is more"; the events come from the database by their gapless `seq`, so a lost message loses
nothing, and without Redis the hub simply looks every two seconds.
"""

import asyncio
import logging
from contextlib import suppress

import redis.asyncio as redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from events.announce import CHANNEL
from smartcrm.live.messages import Batch, batch_after, newest_seq

logger = logging.getLogger(__name__)

BATCH = 500
QUEUE_SIZE = 256
"""Batches that a listener may lag behind before it is told to connect again."""
LOOK_EVERY = 2.0
"""Seconds between two looks at the table without any word from Redis."""

read_batch = sync_to_async(batch_after, thread_sensitive=True)
read_newest = sync_to_async(newest_seq, thread_sensitive=True)


class Hub:
    """Reads each event once and hands it to every listener."""

    def __init__(self) -> None:
        self.seq = 0
        self._listeners: set[asyncio.Queue[Batch | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._more = asyncio.Event()

    async def join(self) -> "asyncio.Queue[Batch | None]":
        """A queue that gets every batch of events from now on; None in it means "connect again"."""
        if self._task is None or self._task.done():
            self.seq = await read_newest()
            self._task = asyncio.create_task(self._run())
        queue: asyncio.Queue[Batch | None] = asyncio.Queue(QUEUE_SIZE)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: "asyncio.Queue[Batch | None]") -> None:
        """Stop handing batches to a queue; the last one out stops the reading."""
        self._listeners.discard(queue)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._more.wait(), LOOK_EVERY)
                self._more.clear()
                await self._read()
        finally:
            listening.cancel()

    async def _read(self) -> None:
        try:
            batch = await read_batch(self.seq, BATCH)
        except DatabaseError as error:
            logger.warning("Events could not be read, trying again: %s", error)
            return
        if not batch.events:
            return
        self.seq = batch.events[-1].seq or self.seq
        for queue in list(self._listeners):
            self._hand(queue, batch)
        if len(batch.events) == BATCH:
            self._more.set()

    def _hand(self, queue: "asyncio.Queue[Batch | None]", batch: Batch) -> None:
        try:
            queue.put_nowait(batch)
        except asyncio.QueueFull:
            self._listeners.discard(queue)
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)

    async def _listen(self) -> None:
        """Wake the reader whenever Redis says so; connect again when Redis has gone."""
        while True:
            try:
                async with (
                    redis.Redis.from_url(
                        settings.REDIS_URL, socket_connect_timeout=1, health_check_interval=10
                    ) as client,
                    client.pubsub() as channel,
                ):
                    await channel.subscribe(CHANNEL)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self._more.set()
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis does not answer the live server: %s", error)
            await asyncio.sleep(LOOK_EVERY)
