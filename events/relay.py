"""The relay: one duty holder gives each event its `seq` and hands it to every consumer.

Consumers only write rows inside the relay's transaction; an event is therefore consumed exactly once without
bookkeeping. What a consumer cannot digest becomes a ConsumerFailure row.
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from events.announce import announce
from events.consumers import Consumer, consumers
from events.models import ConsumerFailure, Event, RelayState

logger = logging.getLogger(__name__)

BATCH = 200
PASSING = (DeadlockDetected, LockNotAvailable, SerializationFailure)
RELAY_LOCK = 7_301_001
"""Key of the advisory lock that makes one relay the duty holder."""


@dataclass(slots=True)
class Relayed:
    """What one batch did: its events in order of `seq`, and the consumers that found work."""

    events: list[Event] = field(default_factory=list)
    working: list[Consumer] = field(default_factory=list)


def relay_all() -> int:
    """Relay until the outbox is empty or another relay holds the duty; returns the number of events.

    Rings the bells of the consumers that found work and tells the live servers.
    """
    total = 0
    while True:
        relayed = relay_batch()
        if not relayed.events:
            return total
        total += len(relayed.events)
        for consumer in relayed.working:
            ring_bells(consumer)
        announce(relayed.events[-1].seq or 0)


def relay_batch(limit: int = BATCH) -> Relayed:
    """Relay at most `limit` events in one transaction; empty when there are none or the duty is taken."""
    with transaction.atomic():
        if not _take_duty():
            return Relayed()
        events = list(Event.objects.filter(seq=None).order_by("id")[:limit])
        if not events:
            return Relayed()
        _number(events)
        working = [consumer for consumer in consumers if _hand_over(consumer, events)]
    return Relayed(events, working)


def ring_bells(consumer: Consumer) -> None:
    """Tell the consumer's workers that there is work. A silent broker is logged; the poll comes round again."""
    for task, queue in consumer.bells.items():
        try:
            current_app.send_task(task, queue=queue, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("%s could not be rung: %s", task, error)


def _take_duty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [RELAY_LOCK])
        return bool(cursor.fetchone()[0])


def _number(events: list[Event]) -> None:
    state, _ = RelayState.objects.select_for_update().get_or_create(pk=1)
    for offset, event in enumerate(events, start=1):
        event.seq = state.last_seq + offset
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event e SET seq = n.seq"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, seq) WHERE e.id = n.id",
            [[event.pk for event in events], [event.seq for event in events]],
        )
    state.last_seq += len(events)
    state.save(update_fields=["last_seq"])


def _is_passing(error: Exception) -> bool:
    """Whether the database gave up because of somebody else: a deadlock, a lock, a conflict."""
    return isinstance(error.__cause__, PASSING)


def _hand_over(consumer: Consumer, events: Sequence[Event]) -> bool:
    """The whole batch at once; if that fails, one by one, so that a bad event stops nobody but itself.

    What another session caused is no fault of an event: it ends the batch, which is relayed anew.
    """
    try:
        with transaction.atomic():
            return consumer.consume(events)
    except Exception as error:
        if _is_passing(error):
            raise
        logger.exception("Consumer %s failed on a batch of %d", consumer.key, len(events))
    worked = False
    for event in events:
        try:
            with transaction.atomic():
                worked = consumer.consume([event]) or worked
        except Exception as error:
            if _is_passing(error):
                raise
            ConsumerFailure.objects.create(event=event, consumer=consumer.key, error=traceback.format_exc()[-4000:])
    return worked
