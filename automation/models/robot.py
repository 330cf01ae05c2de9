"""What an administrator has automated."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now


class Robot(models.Model):
    """One automatic action of a stage: if a condition holds, after a delay, do one thing with its settings.

    It acts when a record enters the stage; with a `button` when somebody presses that on a record of the stage.
    Removed rather than deleted: its runs still speak of it.
    """

    process = models.ForeignKey("processes.Process", on_delete=models.CASCADE, related_name="robots")
    stage = models.ForeignKey("processes.Stage", on_delete=models.CASCADE, related_name="robots")
    kind = models.CharField(max_length=40)
    """The key of its type in `automation.effects.robot_types`."""
    name = models.CharField(max_length=150)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    condition: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A condition tree as `expressions.conditions` reads it; None is always true."""
    button = models.CharField(max_length=60, blank=True, default="", db_default="")
    """What stands on the button that sets it off; empty where it acts on entering."""
    button_question = models.CharField(max_length=200, blank=True, default="", db_default="")
    """What is asked before the button acts; empty where nothing is."""
    delay_seconds = models.IntegerField(default=0)
    """Counted from entering the stage, from the press, from the end of the previous robot's run where it waits for
    that, or from the date in `delay_field`, where it may be negative."""
    delay_field = models.CharField(max_length=40, blank=True, default="", db_default="")
    """The key of a date or moment of the record that the delay counts from and follows."""
    delay_time = models.TimeField(null=True)
    """With a `delay_field`: at this time of the day that is so many days away."""
    wait_for_previous = models.BooleanField(default=False)
    keep_running = models.BooleanField(default=False)
    """Whether waiting runs go on after the record has left the stage."""
    is_on = models.BooleanField(default=True)
    position = models.IntegerField(default=0)
    version = models.IntegerField(default=1)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [
            models.Index(fields=["stage", "position"], condition=models.Q(removed_at=None), name="robot_of_stage"),
        ]

    def __str__(self) -> str:
        return self.name


class RobotVersion(models.Model):
    """What a robot said at one version; never changed. A waiting run acts by the version it was made for."""

    robot = models.ForeignKey(Robot, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=150)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["robot", "version"], name="robot_version_unique")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class NotFired(models.Model):
    """Why a rule did not act on an event; the last 1,000 of each rule are kept."""

    rule_kind = models.CharField(max_length=10)
    rule_id = models.BigIntegerField()
    event_id = models.BigIntegerField()
    record_id = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["rule_kind", "rule_id", "-id"], name="not_fired_of_rule")]

    def __str__(self) -> str:
        return f"{self.rule_kind} {self.rule_id}: {self.reason}"
