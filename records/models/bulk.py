"""Bulk changes: the same change to all records that a filter found."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from core.states import HasStates, StateField
from records.models.leased import HAS_STARTER, Leased


class BulkJob(HasStates, Leased):
    """The same change to many records, or the way back from one: what is to happen, and how far the work has come.

    The first `position` records of the selection have been dealt with, each of them changed, left as it was because it
    was so already, or refused.
    """

    class Kind(models.TextChoices):
        MOVE = "move", _("Move")
        ASSIGN = "assign", _("Assign")
        UPDATE = "update", _("Edit")
        DELETE = "delete", _("Delete")
        UNDO = "undo", _("Undo")

    class State(models.TextChoices):
        RUNNING = "running", _("At work")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    WORKING = (State.RUNNING,)
    """States in which a worker has something to do."""

    process = models.ForeignKey("processes.Process", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    """Under whose rights it runs; nobody for a service token, which has rights of its own."""
    token_id = models.BigIntegerField(null=True)
    """The token that asked; its scopes narrow the rights."""
    starter = models.CharField(max_length=310, db_default="")
    """What whoever asked was called."""
    kind = models.CharField(max_length=10, choices=Kind.choices)
    change: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What happens to each record: `{"values"}`, `{"to", "passing"}`, or nothing more than the kind says."""
    undoes = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="undoings")
    """The bulk change that this one takes back."""
    quiet = models.BooleanField(default=False)
    """Whether robots and notifications stay out of it."""
    total = models.IntegerField(default=0)
    state = StateField(default=State.RUNNING, choices=State.choices)
    position = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    """Why it failed as a whole."""
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["process", "user", "-id"], name="bulk_of_person"),
            models.Index(fields=["turn_at"], condition=models.Q(state="running"), name="bulk_working"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=HAS_STARTER, name="bulk_has_a_starter"),
            models.CheckConstraint(
                condition=models.Q(position=models.F("changed") + models.F("unchanged") + models.F("refused")),
                name="bulk_counts_every_record",
            ),
            models.UniqueConstraint(
                fields=["undoes"], condition=models.Q(state__in=["running", "done"]), name="bulk_undone_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def is_working(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in self.WORKING

    @property
    def undo_until(self) -> datetime:
        """Until when it can be taken back."""
        until: datetime = (self.finished_at or self.created_at) + timedelta(hours=settings.BULK_UNDO_HOURS)
        return until

    @transition(field=state, source=State.RUNNING, target=State.DONE)
    def finish(self) -> None:
        """Every record was dealt with."""

    @transition(field=state, source=State.RUNNING, target=State.STOPPED)
    def stop(self) -> None:
        """A person stopped it; what has been changed stays so."""

    @transition(field=state, source=State.RUNNING, target=State.FAILED)
    def fail(self, error: str) -> None:
        """It cannot go on."""
        self.error = error


class BulkSelection(models.Model):
    """Ids of the records that a bulk change is about, as the filter found them when it began; apart from the job, which
    is read often."""

    job = models.OneToOneField(BulkJob, on_delete=models.CASCADE, primary_key=True, related_name="selection")
    ids = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"Records of {self.job_id}"


class BulkResult(models.Model):
    """What became of one record of a bulk change: changed, or refused for a reason."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="results")
    record_id = models.BigIntegerField()
    version = models.IntegerField(null=True)
    """The record's version after the change; the event of that version says what was before."""
    reason = models.TextField(blank=True)
    """Why it was refused, in the language of the person who asked."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "record_id"], name="bulk_result_once")]

    def __str__(self) -> str:
        return f"Record {self.record_id} of {self.job_id}"
