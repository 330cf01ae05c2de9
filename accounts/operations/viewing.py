"""Looking at the product as somebody else."""

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_admin
from accounts.viewing import forget_view, remember_view
from core.actor import Actor, ActorKind
from core.errors import Conflict, NotAllowed
from events.publish import publish


@transaction.atomic
def begin_view(person: User, *, session: SessionBase, actor: Actor) -> None:
    """From the next request on the session shows what the person sees, and changes nothing. Writes `person.viewed_as`.

    Raises NotAllowed; Conflict for an administrator, who sees what every other one sees, and for somebody deactivated.
    """
    require_admin(actor)
    if actor.kind != ActorKind.PERSON:
        raise NotAllowed(_("Only an administrator may do this."))
    if person.is_admin:
        raise Conflict(_("Another administrator sees the same as you. Choose somebody who is not one."))
    if not person.is_active:
        raise Conflict(_("%(name)s cannot sign in, so there is nothing to see.") % {"name": person.name})
    remember_view(session, person)
    # With the event: open live pages look again when they hear of it.
    session.save()
    publish("person.viewed_as", actor=actor, data={"user_id": person.pk})


@transaction.atomic
def end_view(*, session: SessionBase, actor: Actor) -> None:
    """The session is its owner's again. Writes `person.view_ended` if it looked as somebody."""
    person_id = forget_view(session)
    if person_id is not None:
        session.save()
        publish("person.view_ended", actor=actor, data={"user_id": person_id})
