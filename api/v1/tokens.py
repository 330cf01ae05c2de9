"""Tokens: those of the person who asks, and for administrators those that work for themselves."""

from collections.abc import Sequence
from itertools import chain

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, Token
from accounts.operations import (
    create_service_token,
    create_token,
    rename_service_token,
    revoke_token,
    set_token_roles,
)
from accounts.queries import service_tokens, tokens_of
from api.v1.people_shapes import TOKENS, NewTokenOut, ServiceTokenPatch, TokenBody, TokenOut
from api.views import ApiView
from core.errors import Invalid


class Tokens(ApiView):
    """One's own tokens, and for administrators the service tokens."""

    secret_keys = ("secret",)

    @extend_schema(operation_id="tokens_list", summary="List tokens", responses={200: TOKENS})
    def get(self, request: Request) -> Response:
        """One's own, the working ones first; to administrators then the service tokens likewise."""
        services = service_tokens() if self.actor.is_admin else ()
        return Response({"items": TokenOut(chain(tokens_of(self.person), services), many=True).data})

    @extend_schema(
        operation_id="tokens_create",
        summary="Create a token",
        request=TokenBody,
        responses={201: NewTokenOut},
    )
    def post(self, request: Request) -> Response:
        """Create a token; its secret is in this answer and nowhere else."""
        body = self.body(TokenBody)
        roles = body.pop("roles")
        if roles is None:
            token, secret = create_token(self.person, **body, actor=self.actor)
        else:
            token, secret = create_service_token(**body, roles=_roles(roles), actor=self.actor)
        return Response({**TokenOut(token).data, "secret": secret}, status=201)


class OneToken(ApiView):
    """One token."""

    @extend_schema(operation_id="tokens_read", summary="Read a token", responses={200: TokenOut})
    def get(self, request: Request, token_id: int) -> Response:
        """One of one's own, or for administrators a service token."""
        return Response(TokenOut(self._token(token_id)).data)

    @extend_schema(
        operation_id="tokens_update",
        summary="Change a service token",
        request=ServiceTokenPatch,
        responses={200: TokenOut},
    )
    def patch(self, request: Request, token_id: int) -> Response:
        """Another name, other roles. They hold from its next request on."""
        token, body = self._token(token_id), self.body(ServiceTokenPatch, partial=True)
        with transaction.atomic():
            if "name" in body:
                rename_service_token(token, name=body["name"], actor=self.actor)
            if "roles" in body:
                set_token_roles(token, roles=_roles(body["roles"]), actor=self.actor)
        return Response(TokenOut(self._token(token_id)).data)

    @extend_schema(operation_id="tokens_revoke", summary="Revoke a token", responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """It stops at once."""
        revoke_token(self._token(token_id), actor=self.actor)
        return Response(status=204)

    def _token(self, token_id: int) -> Token:
        found = tokens_of(self.person).filter(pk=token_id).first()
        if found is None and self.actor.is_admin:
            found = service_tokens().filter(pk=token_id).first()
        if found is None:
            raise Http404
        return found


def _roles(ids: Sequence[int]) -> list[Role]:
    """The roles of these ids. Raises Invalid for one that is not there."""
    found = list(Role.objects.filter(pk__in=ids))
    if len(found) < len(set(ids)):
        message = _("There is no such role.")
        raise Invalid(message, {"roles": [message]})
    return found
