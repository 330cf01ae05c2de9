"""What a process asks."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from core.states import HasStates, StateField
from processes.models.pipeline import Stage
from processes.models.process import Process


class Section(models.Model):
    """A part of the card and the form of a process: fields that stand together under a heading."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="sections")
    label = models.CharField(max_length=100)
    labels: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """The label in other languages, by language code."""
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.label


class Field(HasStates):
    """A question that a process asks of its records. Its values live in the column `f<id>` of the typed table."""

    class Required(models.TextChoices):
        NEVER = "never", _("Never")
        ALWAYS = "always", _("Always")
        STAGE = "stage", _("From a stage on")

    class State(models.TextChoices):
        ADDING = "adding", _("Being added")
        FILLING = "filling", _("Being filled")
        READY = "ready", _("Ready")

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="fields")
    key = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    labels: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """The label in other languages, by language code."""
    type = models.CharField(max_length=40)
    help = models.CharField(max_length=255, blank=True)
    helps: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """The help in other languages, by language code."""
    required = models.CharField(max_length=6, choices=Required, default=Required.NEVER)
    required_from = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, related_name="+")
    on_card = models.BooleanField(default=False)
    in_list = models.BooleanField(default=True)
    is_unique = models.BooleanField(default=False)
    """Whether no two records that are not in the bin may have the same value."""
    is_searchable = models.BooleanField(default=False)
    default: models.JSONField[Any, Any] = models.JSONField(null=True)
    """What a new record begins with: `{"constant": value}`, `{"now": true}` or `{"me": true}`."""
    visible_if: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A condition over the record, as a JSON tree; where it does not hold the question is not asked."""
    section = models.ForeignKey(Section, on_delete=models.SET_NULL, null=True, related_name="fields")
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What the type needs: options of a choice, decimal places …; see the type's `Settings`."""
    position = models.IntegerField(default=0)
    state = StateField(default=State.READY, choices=State.choices)
    """Whether its column is there, and whether existing records have their values."""
    shadow_of = models.OneToOneField("self", on_delete=models.CASCADE, null=True, related_name="shadow")
    """The field whose other form this is while (and after) its type changes; see docs/decisions/0011."""
    removed_at = models.DateTimeField(null=True)
    """Since when it is not shown; for the form that a field had before its type changed, since then."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["process", "key"],
                condition=models.Q(removed_at=None, shadow_of=None),
                name="field_key_unique",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def column(self) -> str:
        """The physical name: made of the id, never of user text, never reused."""
        return f"f{self.pk}"

    @property
    def is_written(self) -> bool:
        """Whether new values go into its column; into a shadow's until the conversion is stopped or it is purged."""
        return self.removed_at is None or (self.shadow_of_id is not None and self.state == self.State.READY)

    @transition(field=state, source=State.ADDING, target=State.FILLING)
    def begin_filling(self) -> None:
        """Its column is there; existing records get their values."""

    @transition(field=state, source=[State.ADDING, State.FILLING], target=State.READY)
    def make_ready(self) -> None:
        """Its column is there and every record has its value."""

    @transition(field=state, source=State.READY, target=State.FILLING)
    def refill(self) -> None:
        """What its values are made of changed; existing records get new ones."""


class FieldJob(HasStates):
    """One long change of a field on its way: done in steps by a worker, while the process is used."""

    class Kind(models.TextChoices):
        ADD = "add", _("Adding")
        FILL = "fill", _("Filling in")
        INDEX = "index", _("Indexing")
        CONVERT = "convert", _("Converting")
        PURGE = "purge", _("Deleting for good")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WORKING = "working", _("Working")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    UNFINISHED = (State.WAITING, State.WORKING)

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=7, choices=Kind)
    state = StateField(default=State.WAITING, choices=State.choices)
    position = models.BigIntegerField(default=0)
    """The last record that was dealt with: work goes on after it."""
    total = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    problems = models.BigIntegerField(default=0)
    """Records whose value could not be converted."""
    error = models.TextField(blank=True)
    """Why it failed as a whole."""
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    """Who asked for it."""
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    turn_at = models.DateTimeField(db_default=Now())
    """When it may have its next turn."""
    crashes = models.SmallIntegerField(default=0)
    """Workers lost in a row without a step forward."""
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["turn_at"], condition=models.Q(state__in=["waiting", "working"]), name="field_job_working"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.field_id} ({self.state})"

    @transition(field=state, source=[State.WAITING, State.WORKING], target=State.WORKING)
    def begin(self) -> None:
        """A worker took it up."""

    @transition(field=state, source=[State.WAITING, State.WORKING], target=State.DONE)
    def finish(self) -> None:
        """Nothing is left to do."""

    @transition(field=state, source=[State.WAITING, State.WORKING], target=State.FAILED)
    def fail(self, error: str) -> None:
        """It cannot go on."""
        self.error = error

    @transition(field=state, source=[State.WAITING, State.WORKING, State.FAILED], target=State.CANCELLED)
    def cancel(self) -> None:
        """A person stopped it."""

    @transition(field=state, source=State.FAILED, target=State.WAITING)
    def retry(self) -> None:
        """A person has it tried again."""
        self.error = ""
