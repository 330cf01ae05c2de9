"""What all long jobs share: a worker's lease, and turns."""

from django.db import models
from django.db.models.functions import Now


class Leased(models.Model):
    """A job that workers bring forward in turns; whoever holds the lease moves it."""

    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    turn_at = models.DateTimeField(db_default=Now())
    """When it had its last turn: jobs take turns."""
    crashes = models.SmallIntegerField(default=0)
    """Workers lost in a row without a step forward."""

    class Meta:
        abstract = True
