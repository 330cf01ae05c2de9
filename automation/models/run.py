"""The ledger: one row per execution, and one per attempt."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from core.states import HasStates, StateField


class Lane(models.TextChoices):
    """Where a run works: inside the database, or outside by HTTP or mail. A lane never waits for a slower one."""

    INTERNAL = "internal", _("Inside")
    HTTP = "http", _("Calls")
    MAIL = "mail", _("Mail")


class State(models.TextChoices):
    """Where a run is in its life."""

    READY = "ready", _("Waiting")
    CLAIMED = "claimed", _("Running")
    SUCCEEDED = "succeeded", _("Done")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    BLOCKED = "blocked", _("Blocked by a gate")
    POISONED = "poisoned", _("Crashed three times")
    UNCERTAIN = "uncertain", _("Perhaps sent")
    CANCELLED = "cancelled", _("Cancelled")
    HELD = "held", _("Held")


class RuleKind(models.TextChoices):
    """What a run executes."""

    ROBOT = "robot", _("Robot")
    TRIGGER = "trigger", _("Trigger")


UNFINISHED = (State.READY, State.CLAIMED)


class Run(HasStates):
    """One execution of one rule for one event. Unique by (rule, event, occurrence); whoever inserts twice has one.

    Ids are plain numbers: a run outlives what it speaks of. The moves of `state` are described here and performed by
    the conditional statements of `automation.engine.ledger` alone; a test compares the two.
    """

    rule_kind = models.CharField(max_length=10, choices=RuleKind, default=RuleKind.ROBOT)
    rule_id = models.BigIntegerField()
    rule_version = models.IntegerField()
    name = models.CharField(max_length=150)
    """The rule's name when the run was made."""
    event_id = models.BigIntegerField()
    occurrence = models.SmallIntegerField(default=0)
    process_id = models.BigIntegerField()
    record_id = models.BigIntegerField()
    visit_id = models.BigIntegerField(null=True)
    lane = models.CharField(max_length=10, choices=Lane)
    host = models.CharField(max_length=260, blank=True, default="", db_default="")
    """Whom it calls: name and port; empty for what stays inside."""
    state = StateField(default=State.READY, choices=State.choices)
    run_at = models.DateTimeField(null=True)
    """When it is due; None while it waits for the end of the run `after_id`."""
    after_id = models.BigIntegerField(null=True)
    delay_seconds = models.IntegerField(default=0)
    """After `run_at` became known; with a `delay_field` before (negative) or after the moment that it holds."""
    delay_field = models.CharField(max_length=40, blank=True, default="", db_default="")
    """The key of the date that it follows; such a run has no `run_at` while the date is empty."""
    delay_time = models.TimeField(null=True)
    """At what time of that day."""
    keep_running = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=False)
    """A person asked for it: neither the robot's switch nor the stage visit stops it."""
    attempt = models.SmallIntegerField(default=0)
    """Attempts that came to an end; a crash or a hand-back is none."""
    crashes = models.SmallIntegerField(default=0)
    max_attempts = models.SmallIntegerField(default=1)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    effect_key = models.UUIDField(default=uuid.uuid4)
    """Goes out with every attempt: webhook-id, Message-ID."""
    intent: models.JSONField[Any, Any] = models.JSONField(null=True)
    """What is to go out, committed before the first attempt; every attempt sends the same."""
    in_doubt = models.BooleanField(default=False)
    """An effect that must not be repeated has begun and its end is not known."""
    reason = models.CharField(max_length=300, blank=True)
    result: models.JSONField[Any, Any] = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    root_id = models.BigIntegerField()
    """The first event of the chain that led here."""
    cause_run_id = models.BigIntegerField(null=True)
    """The run that wrote the event."""
    depth = models.SmallIntegerField(default=0)
    """How many automations stand between a person's act and this run."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule_kind", "rule_id", "event_id", "occurrence"], name="run_once_per_event"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["lane", "process_id", "run_at", "id"],
                condition=Q(state="ready", run_at__isnull=False),
                name="run_due",
            ),
            models.Index(fields=["run_at"], condition=Q(state="ready", run_at__isnull=False), name="run_time"),
            models.Index(fields=["record_id", "id"], condition=Q(state__in=["ready", "claimed"]), name="run_open"),
            models.Index(fields=["lease_until"], condition=Q(state="claimed"), name="run_lease"),
            models.Index(fields=["host"], condition=Q(state="claimed") & ~Q(host=""), name="run_in_flight"),
            models.Index(fields=["after_id"], condition=Q(state="ready", run_at=None), name="run_after"),
            models.Index(fields=["lane", "id"], condition=Q(state="ready", crashes__gt=0), name="run_suspect"),
            models.Index(
                fields=["record_id", "delay_field"], condition=Q(state="ready") & ~Q(delay_field=""), name="run_follows"
            ),
            models.Index(fields=["record_id", "-id"], name="run_of_record"),
            models.Index(fields=["process_id", "-id"], name="run_of_process"),
            models.Index(fields=["rule_kind", "rule_id", "-id"], name="run_of_rule"),
            models.Index(fields=["process_id", "created_at"], condition=Q(depth__gt=0), name="run_caused"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}: {self.state}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state not in UNFINISHED

    @transition(field=state, source=State.READY, target=State.CLAIMED)
    def claim(self) -> None:
        """A worker takes it under a lease."""

    @transition(field=state, source=State.CLAIMED, target=State.SUCCEEDED)
    def succeed(self) -> None:
        """The effect has happened."""

    @transition(field=state, source=State.CLAIMED, target=State.SKIPPED)
    def skip(self) -> None:
        """There was nothing to do."""

    @transition(field=state, source=State.CLAIMED, target=State.FAILED)
    def fail(self) -> None:
        """It cannot be done."""

    @transition(field=state, source=State.CLAIMED, target=State.BLOCKED)
    def block(self) -> None:
        """A gate holds the move back; a person has to see to what is missing."""

    @transition(field=state, source=State.CLAIMED, target=State.READY)
    def postpone(self) -> None:
        """The attempt failed and another one follows."""

    @transition(field=state, source=State.CLAIMED, target=State.READY)
    def release(self) -> None:
        """Handed back before it began."""

    @transition(field=state, source=State.CLAIMED, target=State.READY)
    def retime(self) -> None:
        """The date that it follows lies elsewhere by now."""

    @transition(field=state, source=State.CLAIMED, target=State.READY)
    def lose(self) -> None:
        """The lease ran out; somebody else tries."""

    @transition(field=state, source=State.CLAIMED, target=State.POISONED)
    def poison(self) -> None:
        """It has killed its worker too often."""

    @transition(field=state, source=State.CLAIMED, target=State.UNCERTAIN)
    def doubt(self) -> None:
        """Its worker died while an effect that must not be repeated was under way."""

    @transition(field=state, source=[State.READY, State.CLAIMED, State.HELD], target=State.CANCELLED)
    def cancel(self) -> None:
        """Not wanted any more: the record left, the robot was switched off, a person said so."""

    @transition(
        field=state,
        source=[State.FAILED, State.BLOCKED, State.POISONED, State.UNCERTAIN, State.HELD],
        target=State.READY,
    )
    def retry(self) -> None:
        """A person asks for another attempt under the same key."""

    @transition(field=state, source=State.UNCERTAIN, target=State.SUCCEEDED)
    def confirm(self) -> None:
        """A person knows that it was sent."""

    @transition(field=state, source=State.CANCELLED, target=State.READY)
    def revive(self) -> None:
        """Its record is back from the bin."""


class Attempt(models.Model):
    """One attempt of one run; written once."""

    run_id = models.BigIntegerField()
    n = models.SmallIntegerField()
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=12)
    """The state that the run got by it; `lost` for a crash."""
    http_status = models.SmallIntegerField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["run_id", "id"], name="attempt_of_run")]

    def __str__(self) -> str:
        return f"run {self.run_id}, attempt {self.n}: {self.outcome}"
