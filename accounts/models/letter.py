"""Mails about accounts on their way out."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django_fsm import transition

from core.states import HasStates, StateField


class Letter(HasStates):
    """One mail about an account: an invitation, a link to a new password. Holds no secret: links are made when it goes.

    Sent at least once under one `key` (see `core.outbox`). A letter for a new password is written for every address
    that is asked for; whether somebody has it is found out when it is sent.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    kind = models.CharField(max_length=40)
    """A key of `accounts.letters.letter_kinds`."""
    to = models.CharField(max_length=254)
    """The address, in small letters."""
    invitation = models.ForeignKey(
        "accounts.Invitation", on_delete=models.CASCADE, null=True, blank=True, related_name="letters"
    )
    """What it invites to; once that is taken back, a letter that still waits does not go out."""
    key = models.UUIDField(default=uuid.uuid4)
    """Stays the same through every attempt; the Message-ID is made of it."""
    state = StateField(default=State.WAITING, choices=State.choices)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    """When it may be tried; while somebody tries, when others may."""
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state="waiting"), name="letter_due"),
            models.Index(fields=["to", "-created_at"], name="letter_to_address"),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk} ({self.kind})"

    @transition(field=state, source=State.WAITING, target=State.SENT)
    def succeed(self) -> None:
        """It has gone out."""
        self.error = ""

    @transition(field=state, source=State.WAITING, target=State.FAILED)
    def fail(self, error: str) -> None:
        """It will not go out."""
        self.error = error
