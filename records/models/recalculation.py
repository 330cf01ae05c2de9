"""Which values of linked records must be computed anew."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Recalculation(models.Model):
    """A record whose values from linked records are due, or (with a link) all records that name it by that link.

    Written by the relay beside the event that made it due; done in steps under a lease. One that is asked for again
    while it is worked on gets a new generation, and is done again from the beginning.
    """

    process_id = models.BigIntegerField()
    """Whose records are computed."""
    record_id = models.BigIntegerField()
    link_id = models.BigIntegerField(null=True)
    position = models.BigIntegerField(default=0, db_default=0)
    """The last of the records that is done, where a link leads to many."""
    generation = models.BigIntegerField(default=1, db_default=1)
    asked_at = models.DateTimeField(db_default=Now())
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    crashes = models.SmallIntegerField(default=0, db_default=0)
    root_id = models.BigIntegerField(null=True)
    """The first event of the chain that led here."""
    depth = models.SmallIntegerField(default=0, db_default=0)
    is_quiet = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["process_id", "record_id", "link_id"], name="recalculation_once", nulls_distinct=False
            )
        ]
        indexes: ClassVar = [models.Index(fields=["asked_at", "id"], name="recalculation_due")]

    def __str__(self) -> str:
        return f"{self.process_id}: {self.record_id} by {self.link_id}"
