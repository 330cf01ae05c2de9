"""Exports: files on their way out of a process."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from core.states import HasStates, StateField
from records.models.leased import HAS_STARTER, Leased


class ExportJob(HasStates, Leased):
    """One list of records on its way into a file: what is asked for, and how far the work has come.

    Records are read chunk by chunk into parts; when the last one is read, the file is made of them.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", _("Excel (XLSX)")

    class State(models.TextChoices):
        READING = "reading", _("Reading records")
        WRITING = "writing", _("Writing the file")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    WORKING = (State.READING, State.WRITING)
    """States in which a worker has something to do."""

    process = models.ForeignKey("processes.Process", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    """Under whose rights it runs; nobody for a service token, which has rights of its own."""
    token_id = models.BigIntegerField(null=True)
    """The token that asked; its scopes narrow the rights."""
    starter = models.CharField(max_length=310, db_default="")
    """What whoever asked was called."""
    name = models.CharField(max_length=255)
    format = models.CharField(max_length=10, choices=Format.choices)
    encoding = models.CharField(max_length=20, default="utf-8-sig")
    """Of a CSV file."""
    delimiter = models.CharField(max_length=1, blank=True)
    """Of a CSV file; empty for what spreadsheets of the person's language expect."""
    columns: models.JSONField[Any, Any] = models.JSONField()
    """Keys of fields and base keys, in their order."""
    condition: models.JSONField[Any, Any] = models.JSONField(null=True)
    search = models.CharField(max_length=200, blank=True)
    is_overdue = models.BooleanField(default=False)
    sort = models.CharField(max_length=60)
    rights = models.CharField(max_length=64)
    """Digest of what the person could see when it began; a file is only for who sees the same."""
    total = models.IntegerField()
    """Records when it began; others may come and go while it runs."""
    state = StateField(default=State.READING, choices=State.choices)
    position = models.IntegerField(default=0)
    """Records read."""
    written = models.IntegerField(default=0, db_default=0)
    """Records that are in the file already, while it is written."""
    after = models.TextField(blank=True)
    """Where the next chunk begins."""
    cut = models.IntegerField(default=0)
    """Cells that were longer than a workbook's cell can be."""
    path = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    """Why it failed."""
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["process", "user", "-id"], name="export_of_person"),
            models.Index(
                fields=["turn_at"], condition=models.Q(state__in=["reading", "writing"]), name="export_working"
            ),
            models.Index(fields=["created_at"], name="export_age"),
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=HAS_STARTER, name="export_has_a_starter")]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def is_working(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in self.WORKING

    @property
    def expires_at(self) -> datetime:
        """When its file goes."""
        expiry: datetime = self.created_at + timedelta(hours=settings.EXPORT_KEEP_HOURS)
        return expiry

    @transition(field=state, source=State.READING, target=State.WRITING)
    def end_reading(self) -> None:
        """Every record is read."""

    @transition(field=state, source=State.WRITING, target=State.DONE)
    def finish(self, path: str, size: int) -> None:
        """The file is there."""
        self.path, self.size = path, size

    @transition(field=state, source=[State.READING, State.WRITING], target=State.CANCELLED)
    def cancel(self) -> None:
        """A person stopped it."""

    @transition(field=state, source=[State.READING, State.WRITING], target=State.FAILED)
    def fail(self, error: str) -> None:
        """It cannot go on."""
        self.error = error


class ExportPart(models.Model):
    """The rows of one chunk, compressed, until the file is made of them."""

    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="parts")
    number = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "number"], name="export_part_once")]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.job_id}"
