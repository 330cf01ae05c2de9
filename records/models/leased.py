"""What all long jobs share: a worker's lease, and turns."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.actor import Actor

HAS_STARTER = Q(user__isnull=False) | Q(token_id__isnull=False)
"""Somebody has asked for a job: a person, a person's token, or a service token, which is nobody's."""


def started_by(actor: Actor) -> Q:
    """The jobs of a person, whichever of their tokens has asked, or of a service token."""
    if actor.user_id is not None:
        return Q(user_id=actor.user_id)
    return Q(user=None, token_id=actor.token_id or 0)


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
