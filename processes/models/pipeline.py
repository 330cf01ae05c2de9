"""Pipelines, their stages and the moves between them."""

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
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["pipeline", "key"], name="stage_key_unique")]

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
