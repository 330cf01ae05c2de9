"""As whom automations act: the built-in role of robots, never as a superuser."""

from django.conf import settings

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.models import Run, Trigger
from core.actor import Actor, ActorKind


def roles_of_automation() -> frozenset[int]:
    """The roles whose rights automations have. One query."""
    return frozenset(Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True))


def actor_of(run: Run, roles: frozenset[int]) -> Actor:
    """The actor of a run: what it writes names the run and the chain that led to it."""
    return Actor(
        kind=ActorKind.RUN,
        label=run.name,
        run_id=run.pk,
        root_id=run.root_id,
        depth=run.depth + 1,
        role_ids=roles,
        language=settings.LANGUAGE_CODE,
    )


def actor_of_call(trigger: Trigger) -> Actor:
    """The actor of a call from outside that a trigger takes.

    A program stands behind it, perhaps our own robot: it counts as caused by an automation, so that the brakes hold.
    """
    return Actor(
        kind=ActorKind.RUN,
        label=trigger.name,
        depth=1,
        role_ids=roles_of_automation(),
        language=settings.LANGUAGE_CODE,
    )
