"""The Event, its relay's counter, and what a consumer could not digest."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something that happened, as an immutable row; history and outbox at once.

    Ids of processes, records, people and runs are plain numbers: an event outlives what it speaks of.
    `seq` is given by the relay, gapless and in order; until then the event is in the outbox.
    """

    kind = models.CharField(max_length=60)
    process_id = models.BigIntegerField(null=True)
    record_id = models.BigIntegerField(null=True)
    record_version = models.IntegerField(null=True)
    changes: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """Changed field key → [before, after], as JSON values."""
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What the kind needs besides (stage, snapshot of values, ids)."""
    actor_kind = models.CharField(max_length=10)
    actor_label = models.CharField(max_length=255)
    actor_user_id = models.BigIntegerField(null=True)
    actor_token_id = models.BigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    root_id = models.BigIntegerField(null=True)
    depth = models.SmallIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())
    seq = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seq"], name="event_seq_unique")]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(seq=None), name="event_outbox"),
            models.Index(fields=["record_id", "-id"], name="event_of_record"),
            models.Index(fields=["process_id", "-id"], name="event_of_process"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def root(self) -> int:
        """The first event of the chain that led here; itself when nothing caused it."""
        return self.root_id or self.pk


class RelayState(models.Model):
    """The relay's counter: one row."""

    last_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"seq {self.last_seq}"


class ConsumerFailure(models.Model):
    """An event that a consumer could not digest: kept for a person to read, never silently dropped."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="failures")
    consumer = models.CharField(max_length=60)
    error = models.TextField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.consumer}: {self.error[:80]}"
