"""Doing a write once, however often it is asked for: the answer is stored in the transaction of the change.

A crash rolls both back, and the retry does the work. Two requests with one key at once meet at the unique
constraint: the second waits for the first, then gives its answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from core.actor import Actor
from core.errors import Conflict, Invalid
from records.models import StoredAnswer

PATIENCE_MS = 5_000
"""How long a second request with the same key waits for the first."""

_RESERVE = """
    WITH old AS (
        DELETE FROM records_storedanswer WHERE id IN (
            SELECT id FROM records_storedanswer WHERE created_at < now() - interval '1 day'
            ORDER BY created_at LIMIT 2 FOR UPDATE SKIP LOCKED
        )
    )
    INSERT INTO records_storedanswer (owner, key, fingerprint, body, etag) VALUES (%s, %s, %s, '', '')
    ON CONFLICT (owner, key) DO NOTHING RETURNING id
"""
"""Every new key clears two old ones away, so the table holds a day's keys without a cleaner."""


class KeyReused(Invalid):
    """An idempotency key came back with another request."""

    code = "key_reused"


class StillWorking(Conflict):
    """The first request with this key has not ended yet."""

    code = "still_working"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, body and version tag."""

    status: int
    body: bytes
    etag: str = ""


def answer_once(
    key: str, *, fingerprint: str, actor: Actor, work: Callable[[], tuple[Answer, Answer]]
) -> tuple[Answer, bool]:
    """The answer of `work`, or the one it gave before under this key, and whether it is that old one.

    `work` gives the answer and the form of it to be kept (without secrets). An error that it raises is not stored:
    nothing has changed then, and the key is free again. Raises KeyReused, StillWorking.
    """
    owner = f"t{actor.token_id}" if actor.token_id else f"u{actor.user_id}"
    with transaction.atomic():
        reserved = _reserve(owner, key, fingerprint)
        if reserved is None:
            return _stored(owner, key, fingerprint), True
        answer, kept = work()
        StoredAnswer.objects.filter(pk=reserved).update(status=kept.status, body=kept.body, etag=kept.etag)
    return answer, False


def _reserve(owner: str, key: str, fingerprint: str) -> int | None:
    """The id of a fresh row; None when the key has been used. Waits for a request that is using it now."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            cursor.execute(_RESERVE, [owner, key, fingerprint])
            row = cursor.fetchone()
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise StillWorking(_("A request with this key is still being worked on."), retry_after=1) from error
        raise
    return row[0] if row else None


def _stored(owner: str, key: str, fingerprint: str) -> Answer:
    stored = StoredAnswer.objects.get(owner=owner, key=key)
    if stored.fingerprint != fingerprint:
        message = _("This idempotency key was used for another request.")
        raise KeyReused(message, {"Idempotency-Key": [message]})
    assert stored.status is not None  # a row without a status never outlives its transaction
    return Answer(stored.status, bytes(stored.body), stored.etag)
