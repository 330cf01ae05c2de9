"""Links between records."""

from typing import ClassVar

from django.db import models


class Link(models.Model):
    """One record named by another in a field that takes several: the value's ids, with real foreign keys.

    Written by the one write path beside the ids in the typed table, which hold their order.
    """

    field = models.ForeignKey("processes.Field", on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey("records.Record", on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("records.Record", on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["field", "source", "target"], name="link_once")]
        indexes: ClassVar = [models.Index(fields=["target", "field", "source"], name="link_backwards")]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
