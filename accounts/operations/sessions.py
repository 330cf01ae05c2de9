"""Signing out from afar."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Session, User
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import NotAllowed, NotFound
from events.publish import publish


@transaction.atomic
def end_session(session_id: str, *, user: User, actor: Actor) -> None:
    """Sign one of a person's browsers out, at once. Writes `person.signed_out`. Raises NotAllowed, NotFound."""
    _require_self_or_admin(user, actor)
    rows = Session.objects.filter(user=user).defer("session_data")
    session = next((row for row in rows if row.public_id == session_id), None)
    if session is None:
        raise NotFound(_("There is no such session any more."))
    session.delete()
    publish("person.signed_out", actor=actor, data={"user_id": user.pk, "count": 1})


@transaction.atomic
def end_other_sessions(user: User, *, actor: Actor, keep: str = "") -> int:
    """Sign a person out everywhere but in the session whose key is `keep`; returns in how many.

    Writes `person.signed_out` if there were any. Raises NotAllowed.
    """
    _require_self_or_admin(user, actor)
    count, _models = Session.objects.filter(user=user).exclude(pk=keep).delete()
    if count:
        publish("person.signed_out", actor=actor, data={"user_id": user.pk, "count": count})
    return count


def _require_self_or_admin(user: User, actor: Actor) -> None:
    if actor.token_id is not None and not actor.is_admin:
        raise NotAllowed(_("Only an administrator's token signs people out."))
    if actor.user_id != user.pk:
        require_admin(actor)
