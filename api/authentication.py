"""Who asks: a program with a token, or a person in the browser who is signed in."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import Token, User
from accounts.operations import note_token_use
from accounts.queries import actor_for, token_and_actor
from accounts.viewing import viewed_person
from core.errors import NotAllowed

SCHEME = "bearer"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer scrm_…`; sets `request.actor` to what the token may do now."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Token] | None:
        """The token's person (nobody for a service token) and the token; None without such a header.

        Raises AuthenticationFailed.
        """
        scheme, _space, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        found = token_and_actor(secret.strip())
        if found is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        token, actor = found
        note_token_use(token)
        request._request.actor = actor  # type: ignore[attr-defined]
        return token.user or AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with CSRF checked; sets `request.actor`."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The person who is signed in; None for nobody. Raises NotAllowed while they look as somebody else."""
        found = super().authenticate(request)
        if found is not None and viewed_person(request._request.session, found[0]) is not None:
            raise NotAllowed(_("While you look as somebody else, REST answers only to tokens."))
        if found is not None and not hasattr(request._request, "actor"):
            request._request.actor = actor_for(found[0])  # type: ignore[attr-defined]
        return found
