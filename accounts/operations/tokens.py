"""Changes to tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token, User
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Invalid, NotAllowed
from core.secrets import digest_of, new_secret
from core.text import clean_line
from events.publish import publish

SCOPES = ("read", "write", "admin")


@transaction.atomic
def create_token(
    user: User, *, name: str, scopes: Sequence[str], actor: Actor, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A token that acts as the person within `scopes`, and its secret (shown once). Writes `token.created`.

    A person makes tokens for themselves; a scope gives nothing that its person may not do. Raises NotAllowed, Invalid.
    """
    if actor.user_id != user.pk:
        require_admin(actor)
    name = clean_line(name, field="name", limit=150)
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise Invalid(_("Choose what the token may do."), {"scopes": [_("Choose from: %s.") % ", ".join(SCOPES)]})
    if actor.scopes is not None and not set(scopes) <= actor.scopes:
        raise NotAllowed(_("A token cannot give more than it may do itself."))
    secret = new_secret("scrm_")
    token = Token.objects.create(
        user=user,
        name=name,
        prefix=secret[:10],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    publish("token.created", actor=actor, data={"token_id": token.pk, "user_id": user.pk, "scopes": token.scopes})
    return token, secret


@transaction.atomic
def revoke_token(token: Token, *, actor: Actor) -> Token:
    """The token stops at once. Writes `token.revoked`. Its person or an administrator may."""
    if actor.user_id != token.user_id:
        require_admin(actor)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        publish("token.revoked", actor=actor, data={"token_id": token.pk, "user_id": token.user_id})
    return token


def note_token_use(token: Token) -> None:
    """Remember when a token was last used, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
