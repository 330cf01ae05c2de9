"""Imports: files on their way into a process."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from core.states import HasStates, StateField
from records.models.leased import Leased


class ImportJob(HasStates, Leased):
    """One file on its way into a process: what its columns mean, where its rows are, and how far the work has come.

    The counters belong to the present pass: the check counts what would become of the rows, the run what became of
    them. `position` rows have been dealt with, so `position == created + updated + rejected` at every moment.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Choosing columns")
        CHECKING = "checking", _("Checking")
        CHECKED = "checked", _("Checked")
        RUNNING = "running", _("Importing")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    WORKING = (State.CHECKING, State.RUNNING)
    """States in which a worker has something to do."""
    ENDED = (State.DONE, State.CANCELLED, State.FAILED)

    process = models.ForeignKey("processes.Process", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    """Under whose rights it runs."""
    token_id = models.BigIntegerField(null=True)
    """The token that asked; its scopes narrow the rights."""
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    encoding = models.CharField(max_length=20)
    delimiter = models.CharField(max_length=1)
    sheets: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Names of a workbook's sheets that hold anything; none for a CSV file."""
    sheet = models.CharField(max_length=100, blank=True)
    """The one that is brought in."""
    headers: models.JSONField[Any, Any] = models.JSONField(default=list)
    targets: models.JSONField[Any, Any] = models.JSONField(default=list)
    """For each column the key it goes to, None for one that is left out."""
    key = models.CharField(max_length=40, blank=True)
    """The target by which present records are found and updated; empty when every row becomes a new record."""
    quiet = models.BooleanField(default=True)
    """Whether robots and notifications stay out of it."""
    total = models.IntegerField()
    """Rows below the header; blank ones do not count."""
    state = StateField(default=State.DRAFT, choices=State.choices)
    position = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    """Why it failed as a whole."""
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    """When the present pass began."""
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["process", "user", "-id"], name="import_of_person"),
            models.Index(
                fields=["turn_at"], condition=models.Q(state__in=["checking", "running"]), name="import_working"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(position=models.F("created") + models.F("updated") + models.F("rejected")),
                name="import_counts_every_row",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def is_working(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in self.WORKING

    @property
    def run_robots(self) -> bool:
        """Whether robots run and people are told."""
        return not self.quiet

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in self.ENDED

    @transition(field=state, source=[State.DRAFT, State.CHECKING, State.CHECKED], target=State.DRAFT)
    def change_plan(self) -> None:
        """Its columns are chosen anew; what a check has found is void."""
        self._restart()

    @transition(field=state, source=State.DRAFT, target=State.CHECKING)
    def begin_check(self) -> None:
        """Look at every row and write nothing."""
        self._restart()

    @transition(field=state, source=State.CHECKING, target=State.CHECKED)
    def end_check(self) -> None:
        """Every row has been looked at."""

    @transition(field=state, source=State.CHECKED, target=State.RUNNING)
    def begin_run(self) -> None:
        """Bring the rows in."""
        self._restart()

    @transition(field=state, source=State.RUNNING, target=State.DONE)
    def finish(self) -> None:
        """Every row was brought in or rejected."""

    @transition(field=state, source=[State.DRAFT, State.CHECKING, State.CHECKED, State.RUNNING], target=State.CANCELLED)
    def cancel(self) -> None:
        """A person stopped it; what has been brought in stays."""

    @transition(field=state, source=[State.CHECKING, State.RUNNING], target=State.FAILED)
    def fail(self, error: str) -> None:
        """It cannot go on."""
        self.error = error

    def _restart(self) -> None:
        self.position = self.created = self.updated = self.rejected = self.crashes = 0
        self.lease = self.lease_until = None


class ImportFile(models.Model):
    """The file of one import, compressed; apart from the job, which is read often."""

    job = models.OneToOneField(ImportJob, on_delete=models.CASCADE, primary_key=True, related_name="file")
    content = models.BinaryField()
    workbook = models.BinaryField(null=True)
    """The workbook of which `content` is one sheet, where another one may be chosen."""

    def __str__(self) -> str:
        return f"File of {self.job_id}"


class ImportProblem(models.Model):
    """Why one row of an import was (or would be) rejected."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="problems")
    row = models.IntegerField()
    """The row's number below the header, from 1, blank rows not counted."""
    line = models.IntegerField()
    """The line of the file on which it begins, as an editor counts them."""
    reasons: models.JSONField[Any, Any] = models.JSONField()
    """A list of `{"column": index or None, "message"}`, in the language of the person who imports."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "row"], name="import_problem_once")]

    def __str__(self) -> str:
        return f"Row {self.row} of {self.job_id}"


class ImportKey(models.Model):
    """A key of a row that the check takes for a new record; another row with it would update that record."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="keys")
    digest = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "digest"], name="import_key_once")]

    def __str__(self) -> str:
        return self.digest
