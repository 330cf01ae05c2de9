"""Changes to tokens."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, RoleAssignment, Token, User
from accounts.operations.roles import role_to_give
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.secrets import digest_of, new_secret
from core.text import clean_line
from events.publish import publish

SCOPES = ("read", "write", "admin")
SERVICE_SCOPES = ("read", "write")
"""Processes, rights and people are set up by people, whose token may say `admin`; a service never does."""


@transaction.atomic
def create_token(
    user: User, *, name: str, scopes: Sequence[str], actor: Actor, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A token that acts as the person within `scopes`, and its secret (shown once). Writes `token.created`.

    A person makes tokens for themselves; a scope gives nothing that its person may not do. Raises NotAllowed, Invalid.
    """
    if actor.user_id != user.pk:
        require_admin(actor)
    if actor.scopes is not None and not set(scopes) <= actor.scopes:
        raise NotAllowed(_("A token cannot give more than it may do itself."))
    token, secret = _made(name, scopes, SCOPES, expires_at, user=user)
    publish("token.created", actor=actor, data={"token_id": token.pk, "user_id": user.pk, "scopes": token.scopes})
    return token, secret


@transaction.atomic
def create_service_token(
    *, name: str, scopes: Sequence[str], roles: Iterable[Role], actor: Actor, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A token that acts for itself, with roles of its own, and its secret (shown once).

    It goes on when whoever made it leaves. Writes `token.created` and `role.assigned`. Raises NotAllowed, Invalid,
    Conflict (a role that went meanwhile).
    """
    require_admin(actor)
    token, secret = _made(name, scopes, SERVICE_SCOPES, expires_at, made_by_id=actor.user_id)
    publish("token.created", actor=actor, data={"token_id": token.pk, "name": token.name, "scopes": token.scopes})
    set_token_roles(token, roles=roles, actor=actor)
    return token, secret


@transaction.atomic
def rename_service_token(token: Token, *, name: str, actor: Actor) -> Token:
    """History written from now on says the other name. Writes `token.renamed`. Raises NotAllowed, Invalid, Conflict."""
    require_admin(actor)
    held = _held(token)
    held.name = clean_line(name, field="name", limit=150)
    held.save(update_fields=["name"])
    publish("token.renamed", actor=actor, data={"token_id": held.pk, "name": held.name})
    return held


@transaction.atomic
def set_token_roles(token: Token, *, roles: Iterable[Role], actor: Actor) -> None:
    """A service token has these roles and no others, from its next request on.

    Writes `role.assigned` and `role.unassigned`. Raises NotAllowed, Conflict.
    """
    require_admin(actor)
    held = _held(token)
    wanted = {role.pk: role for role in roles}
    present = {one.role_id: one.role for one in held.role_assignments.select_related("role")}
    for pk in sorted(wanted.keys() - present.keys()):
        assign_role_to_token(wanted[pk], to=held, actor=actor)
    for pk in sorted(present.keys() - wanted.keys()):
        unassign_role_from_token(present[pk], token=held, actor=actor)


@transaction.atomic
def assign_role_to_token(role: Role, *, to: Token, actor: Actor) -> RoleAssignment:
    """Give a role to a service token; giving it twice changes nothing. Writes `role.assigned`.

    Raises NotAllowed, NotFound (the role is gone), Conflict for a token that works as a person or was revoked, and for
    the role of robots.
    """
    require_admin(actor)
    token = _held(to)
    role = role_to_give(role)
    assignment, created = RoleAssignment.objects.get_or_create(role=role, token=token)
    if created:
        publish("role.assigned", actor=actor, data={"role_id": role.pk, "token_id": token.pk})
    return assignment


@transaction.atomic
def unassign_role_from_token(role: Role, *, token: Token, actor: Actor) -> None:
    """Take a role from a service token. Writes `role.unassigned` if it had it."""
    require_admin(actor)
    deleted, _models = RoleAssignment.objects.filter(role=role, token=token).delete()
    if deleted:
        publish("role.unassigned", actor=actor, data={"role_id": role.pk, "token_id": token.pk})


@transaction.atomic
def revoke_token(token: Token, *, actor: Actor) -> Token:
    """The token stops at once. Writes `token.revoked`. Its person or an administrator may."""
    if token.is_service or actor.user_id != token.user_id:
        require_admin(actor)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        publish("token.revoked", actor=actor, data={"token_id": token.pk, "user_id": token.user_id})
    return token


def _made(
    name: str, scopes: Sequence[str], allowed: Sequence[str], expires_at: datetime | None, **whose: Any
) -> tuple[Token, str]:
    """The row and the secret. Raises Invalid."""
    name = clean_line(name, field="name", limit=150)
    if not scopes or not set(scopes) <= set(allowed):
        raise Invalid(_("Choose what the token may do."), {"scopes": [_("Choose from: %s.") % ", ".join(allowed)]})
    if expires_at is not None and expires_at <= timezone.now():
        message = _("This moment has gone by.")
        raise Invalid(message, {"expires_at": [message]})
    secret = new_secret("scrm_")
    token = Token.objects.create(
        name=name,
        prefix=secret[:10],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        **whose,
    )
    return token, secret


def _held(token: Token) -> Token:
    """A working service token, locked. Raises NotFound, Conflict."""
    held = Token.objects.select_for_update().filter(pk=token.pk).first()
    if held is None:
        raise NotFound(_("There is no such token."))
    if not held.is_service:
        raise Conflict(_("This token works as its person and has no roles of its own."))
    if held.revoked_at is not None:
        raise Conflict(_("The token has expired or was revoked."))
    return held


def note_token_use(token: Token) -> None:
    """Remember when a token was last used, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
