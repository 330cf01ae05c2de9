"""What a process asks."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from processes.models.process import Process


class Field(models.Model):
    """A question that a process asks of its records. Its values live in the column `f<id>` of the typed table."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="fields")
    key = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    type = models.CharField(max_length=40)
    help = models.CharField(max_length=255, blank=True)
    required = models.BooleanField(default=False)
    on_card = models.BooleanField(default=False)
    in_list = models.BooleanField(default=True)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What the type needs: options of a choice, decimal places …; see the type's `Settings`."""
    position = models.IntegerField(default=0)
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["process", "key"], condition=models.Q(removed_at=None), name="field_key_unique"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def column(self) -> str:
        """The physical name: made of the id, never of user text, never reused."""
        return f"f{self.pk}"
