"""Pipelines, their stages and the moves between them."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from processes.models.process import Process

COLORS = (
    "slate",
    "blue",
    "cyan",
    "violet",
    "amber",
    "orange",
    "green",
    "red",
    "indigo",
    "pink",
    "teal",
    "lime",
)
"""Names of the stage palette; the style sheet knows their light and dark values."""


class Pipeline(models.Model):
    """An ordered path of stages; a process has one or several."""

    class Moves(models.TextChoices):
        ANY = "any", _("Between any stages")
        LISTED = "listed", _("Only the chosen moves")

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="pipelines")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    moves = models.CharField(max_length=6, choices=Moves, default=Moves.ANY)
    is_reason_required = models.BooleanField(default=False)
    """Whether a record that ends in failure needs one of the reasons."""
    is_open = models.BooleanField(default=True)
    """Whether what roles may do in the process holds here too; otherwise only what they are given here."""
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["process", "key"], name="pipeline_key_unique")]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """One step of a process."""

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("stage", "Open")
        WON = "won", _("Success")
        LOST = "lost", _("Failure")

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN)
    color = models.CharField(max_length=12, default="blue")
    hint = models.CharField(max_length=255, blank=True)
    limit = models.PositiveIntegerField(null=True)
    """How many records may stand here at once; None for any number."""
    is_limit_hard = models.BooleanField(default=False)
    """Whether the limit refuses one more, or only warns."""
    time_limit = models.DurationField(null=True)
    """How long a record should stay at most; None for ever."""
    locked_fields = models.ManyToManyField("processes.Field", related_name="locked_in")
    """Whose answers people do not change while a record stands here."""
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pipeline", "key"], name="stage_key_unique"),
            models.CheckConstraint(condition=models.Q(limit=None) | models.Q(limit__gt=0), name="stage_limit_positive"),
            models.CheckConstraint(
                condition=models.Q(limit__isnull=False) | models.Q(is_limit_hard=False), name="stage_hard_limit_is_one"
            ),
            models.CheckConstraint(
                condition=models.Q(time_limit=None) | models.Q(time_limit__gt=timedelta()), name="stage_time_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether work goes on here; won and lost stages end it."""
        return self.kind == Stage.Kind.OPEN


class Transition(models.Model):
    """A permitted move between two stages, used where the pipeline lists its moves."""

    source = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="outgoing")
    target = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="incoming")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "target"], name="transition_unique"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="transition_goes_somewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class Gate(models.Model):
    """What must hold, and who may pass, on the way from one stage (or from anywhere) into another.

    All gates on a way must be passed: those from anywhere into the target, and those from this very source.
    """

    target = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="gates")
    source = models.ForeignKey(Stage, on_delete=models.CASCADE, null=True, related_name="gates_out")
    fields = models.ManyToManyField("processes.Field", related_name="gates")
    """What must be filled in."""
    roles = models.ManyToManyField("accounts.Role", related_name="gates")
    """Who may pass, beside the right to move; everybody when there are none."""
    condition = models.JSONField(null=True)
    """A condition over the record that must hold."""
    refusal = models.CharField(max_length=255, blank=True)
    """What people are told when the condition does not hold."""
    checklist = models.JSONField(default=list)
    """What people must confirm: a list of {"key", "text"}."""
    is_comment_required = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "target"], name="gate_unique", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(source=None) | ~models.Q(source=models.F("target")), name="gate_goes_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source or '*'} ⇥ {self.target}"


class LostReason(models.Model):
    """Why a record may end in a stage of failure; a retired one stays in the history and is not offered."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="lost_reasons")
    name = models.CharField(max_length=150)
    is_retired = models.BooleanField(default=False)
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["pipeline", "name"], name="lost_reason_unique")]

    def __str__(self) -> str:
        return self.name
