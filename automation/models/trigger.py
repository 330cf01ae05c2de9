"""What moves a record by itself: triggers, and the calls from outside that set them off."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now


class Trigger(models.Model):
    """When something happens and a condition holds, the record moves to the stage that the trigger hangs on.

    With a `source` it acts on records of that stage alone; kinds that need one are automatic transitions.
    Removed rather than deleted: its runs still speak of it.
    """

    process = models.ForeignKey("processes.Process", on_delete=models.CASCADE, related_name="triggers")
    stage = models.ForeignKey("processes.Stage", on_delete=models.CASCADE, related_name="triggers")
    """Where it moves records to."""
    source = models.ForeignKey(
        "processes.Stage", on_delete=models.CASCADE, null=True, related_name="automatic_transitions"
    )
    kind = models.CharField(max_length=40)
    """The key of its type in `automation.occasions.trigger_types`."""
    name = models.CharField(max_length=150)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    condition: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A condition tree as `expressions.conditions` reads it; None is always true."""
    allow_backward = models.BooleanField(default=False)
    """Whether it may move a record to an earlier stage than its present one."""
    hook_key = models.CharField(max_length=40, null=True, unique=True)
    """The unguessable part of its address, for kinds that are called from outside."""
    is_on = models.BooleanField(default=True)
    position = models.IntegerField(default=0)
    """Among the triggers of its process: of those that match one event, the first one acts."""
    version = models.IntegerField(default=1)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["process", "position"], condition=models.Q(removed_at=None), name="trigger_of_process"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(source=None) | ~models.Q(source=models.F("stage")), name="trigger_goes_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InboundCall(models.Model):
    """One signed call to the address of a trigger, taken once: a repeat of its id gets the same answer."""

    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="calls")
    message_id = models.CharField(max_length=200)
    """The sender's `webhook-id`."""
    body_hash = models.BinaryField(max_length=32)
    """SHA-256 of the body: the same id with another body is refused."""
    body: models.JSONField[Any, Any] = models.JSONField()
    answer: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What the sender was told: `outcome` (accepted, created, ignored), `record` and `event`."""
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trigger", "message_id"], name="inbound_call_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["trigger", "-id"], name="inbound_call_of_trigger")]

    def __str__(self) -> str:
        return f"{self.trigger_id}: {self.message_id}"
