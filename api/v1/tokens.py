"""Tokens of the person who asks."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Token
from accounts.operations import create_token, revoke_token
from accounts.queries import tokens_of
from api.v1.people_shapes import NewTokenOut, TokenBody, TokenOut
from api.v1.strict import items_of
from api.views import ApiView


class Tokens(ApiView):
    """One's own tokens."""

    secret_keys = ("secret",)

    @extend_schema(operation_id="tokens_list", summary="List tokens", responses={200: items_of(TokenOut)})
    def get(self, request: Request) -> Response:
        """All of them, the working ones first."""
        return Response({"items": TokenOut(tokens_of(self.person), many=True).data})

    @extend_schema(
        operation_id="tokens_create",
        summary="Create a token",
        request=TokenBody,
        responses={201: NewTokenOut},
    )
    def post(self, request: Request) -> Response:
        """Create a token; its secret is in this answer and nowhere else."""
        token, secret = create_token(self.person, **self.body(TokenBody), actor=self.actor)
        return Response({**TokenOut(token).data, "secret": secret}, status=201)


class OneToken(ApiView):
    """One token."""

    @extend_schema(operation_id="tokens_revoke", summary="Revoke a token", responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """It stops at once."""
        revoke_token(get_object_or_404(Token, pk=token_id, user=self.person), actor=self.actor)
        return Response(status=204)
