"""To-dos on a record."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Task(models.Model):
    """Something one person has to do for a record. `run_id` says which robot's run made it."""

    record = models.ForeignKey("records.Record", on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=10_000)
    assignee = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="tasks")
    author_label = models.CharField(max_length=255)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    run_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["record", "-id"], name="task_of_record"),
            models.Index(fields=["assignee", "due_at"], condition=models.Q(done_at=None), name="task_my_open"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run_id"], condition=~models.Q(run_id=None), name="task_once_per_run")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_done(self) -> bool:
        """Whether it is done."""
        return self.done_at is not None
