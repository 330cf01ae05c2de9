"""The time a record spends in a stage."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class StageVisit(models.Model):
    """One stay of one record in one stage; open until the record leaves. A robot of a stage belongs to the visit.

    Ids of stage, process and reason are plain numbers: visits outlive the stages they speak of.
    """

    record = models.ForeignKey("records.Record", on_delete=models.CASCADE, related_name="visits")
    process_id = models.BigIntegerField()
    stage_id = models.BigIntegerField()
    entered_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True)
    reason_id = models.BigIntegerField(null=True)
    """Why it came here, when this is a stage of failure: a `processes.LostReason`."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record"], condition=models.Q(left_at=None), name="one_open_visit")
        ]
        indexes: ClassVar = [
            models.Index(fields=["record", "-id"], name="visit_of_record"),
            models.Index(fields=["process_id", "stage_id", "entered_at"], name="visit_of_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} in {self.stage_id}"
