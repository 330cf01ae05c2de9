"""The relay: gapless numbers, each event once, a bad event stops nobody but itself."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from core.actor import SYSTEM
from events.consumers import Consumer, consumers
from events.models import ConsumerFailure, Event
from events.publish import publish
from events.relay import relay_all, relay_batch


class Collector(Consumer):
    """Remembers what it was handed; chokes on one kind."""

    key = "collector"
    label = "Collector"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def consume(self, events: Sequence[Event]) -> bool:
        if any(event.kind == "poison" for event in events):
            raise ValueError("I cannot eat this")
        self.seen += [event.pk for event in events]
        return False


@pytest.fixture
def collector() -> Iterator[Collector]:
    consumers.register(Collector)
    found = consumers["collector"]
    assert isinstance(found, Collector)
    yield found
    del consumers._items["collector"]


def write(*kinds: str) -> list[Event]:
    with transaction.atomic():
        return [publish(kind, actor=SYSTEM) for kind in kinds]


@pytest.mark.django_db
def test_event_outside_a_transaction_is_refused() -> None:
    connection.in_atomic_block = False
    try:
        with pytest.raises(RuntimeError):
            publish("a", actor=SYSTEM)
    finally:
        connection.in_atomic_block = True


@pytest.mark.django_db
def test_each_event_gets_the_next_number_and_is_handed_over_once(collector: Collector) -> None:
    written = write(*["a"] * 450)
    assert relay_all() == 450
    assert relay_all() == 0
    assert collector.seen == [event.pk for event in written]
    assert list(Event.objects.order_by("pk").values_list("seq", flat=True)) == list(range(1, 451))


@pytest.mark.django_db
def test_bad_event_becomes_a_row_and_its_neighbours_go_on(collector: Collector) -> None:
    good, bad, better = write("a", "poison", "b")
    relay_all()
    failure = ConsumerFailure.objects.get()
    assert (failure.event_id, failure.consumer) == (bad.pk, "collector")
    assert "I cannot eat this" in failure.error
    assert collector.seen == [good.pk, better.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("cause", [DeadlockDetected, LockNotAvailable])
def test_deadlock_with_another_session_loses_no_event(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, cause: type[Exception]
) -> None:
    """It is no fault of the events: the batch is relayed anew."""
    (event,) = write("a")

    def consume(_events: Sequence[Event]) -> bool:
        raise OperationalError("somebody else") from cause("somebody else")

    monkeypatch.setattr(collector, "consume", consume)
    with pytest.raises(OperationalError), transaction.atomic():
        relay_batch()
    assert (ConsumerFailure.objects.count(), Event.objects.get(pk=event.pk).seq) == (0, None)
    monkeypatch.undo()
    relay_all()
    assert collector.seen == [event.pk]


def test_two_relays_at_once_number_without_gap_or_repeat(committed: None, collector: Collector) -> None:
    for _ in range(10):
        write(*["a"] * 50)

    def work() -> None:
        for _ in range(40):
            relay_batch(20)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    relay_all()
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 501))
    assert sorted(collector.seen) == sorted(Event.objects.values_list("pk", flat=True))
