"""Writing events: in the change's own transaction, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from core.actor import Actor
from events.bell import ring
from events.models import Event

Changes = Mapping[str, tuple[Any, Any]]


def publish(
    kind: str,
    *,
    actor: Actor,
    process_id: int | None = None,
    record_id: int | None = None,
    record_version: int | None = None,
    changes: Changes | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write one event and ring the bell when the transaction commits.

    `changes` maps a field key to (before, after) as JSON values. What a quiet actor did is marked `quiet` in the data.
    Must run inside a transaction; raises RuntimeError otherwise, because a fact without its change is a lie.
    """
    event = event_by(
        actor,
        kind,
        process_id=process_id,
        record_id=record_id,
        record_version=record_version,
        changes=changes,
        data=data,
    )
    _require_transaction()
    event.save(force_insert=True)
    transaction.on_commit(ring)
    return event


def publish_many(events: Sequence[Event]) -> None:
    """Write events made by `event_by` in one statement, under the rules of `publish`."""
    _require_transaction()
    Event.objects.bulk_create(events)
    transaction.on_commit(ring)


def event_by(
    actor: Actor,
    kind: str,
    *,
    process_id: int | None = None,
    record_id: int | None = None,
    record_version: int | None = None,
    changes: Changes | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """An event of somebody's act, not written yet."""
    return Event(
        kind=kind,
        process_id=process_id,
        record_id=record_id,
        record_version=record_version,
        changes={key: list(pair) for key, pair in (changes or {}).items()},
        data={**(data or {}), "quiet": True} if actor.quiet else dict(data or {}),
        actor_kind=actor.kind,
        actor_label=actor.label,
        actor_user_id=actor.user_id,
        actor_token_id=actor.token_id,
        run_id=actor.run_id,
        root_id=actor.root_id,
        depth=actor.depth,
    )


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event is published in the transaction of its change.")
