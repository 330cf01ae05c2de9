"""What a person is told, and its way out of the product."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django_fsm import transition

from core.states import HasStates, StateField


class Notification(models.Model):
    """Something one person is told about a record. The row itself is what the bell in the page shows.

    Ids of processes, records, events and runs are plain numbers: a notification outlives what it speaks of.
    """

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    """Why it was sent: `assigned`, `task`, `mentioned`, `robot`, `held` …"""
    title = models.CharField(max_length=300)
    """The record's title at that time."""
    text = models.TextField()
    process_id = models.BigIntegerField(null=True)
    record_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=255)
    event_id = models.BigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "event_id", "kind"],
                condition=~models.Q(event_id=None),
                name="notification_once_per_event",
            ),
            models.UniqueConstraint(
                fields=["user", "run_id"], condition=~models.Q(run_id=None), name="notification_once_per_run"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notification_of_user"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Delivery(HasStates):
    """One notification on its way through one outside channel; sent at least once under one `key`."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=40)
    key = models.UUIDField(default=uuid.uuid4)
    """Stays the same through every attempt; the Message-ID of a mail is made of it."""
    state = StateField(default=State.WAITING, choices=State.choices)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    """When it may be tried; while somebody tries, when others may."""
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once_per_channel")
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state="waiting"), name="delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.notification_id}: {self.state}"

    @transition(field=state, source=State.WAITING, target=State.SENT)
    def succeed(self) -> None:
        """It has gone out."""
        self.error = ""

    @transition(field=state, source=State.WAITING, target=State.FAILED)
    def fail(self, error: str) -> None:
        """It will not go out."""
        self.error = error
