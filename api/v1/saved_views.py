"""Saved views of a process: what its board or list is narrowed to, under a name."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.strict import Strict, items_of, text
from api.views import ApiView
from core.errors import Invalid
from records.models.saved_view import Audience, Page
from records.operations import add_view, change_view, remove_view
from records.queries.saved_views import view_of, views_of

QUERY = "As the page's address has it: filter[amount][ge]=100&sort=-amount&q=words&overdue=1."


class ViewOut(serializers.Serializer[Any]):
    """A saved view."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    page = serializers.ChoiceField(choices=Page.choices)
    query = serializers.CharField(help_text=QUERY)
    is_readable = serializers.BooleanField(
        help_text="Whether all that it speaks of is there for you; if not, only its owner reads its query."
    )
    audience = serializers.ChoiceField(choices=Audience.choices)
    role_ids = serializers.ListField(child=serializers.IntegerField(), help_text="Who finds it, of audience roles.")
    is_default = serializers.BooleanField(help_text="Whether the page opens with it.")
    owner = serializers.CharField()
    is_own = serializers.BooleanField()
    can_change = serializers.BooleanField()


class ViewPatch(Strict):
    """What may change of a saved view."""

    name = text(required=False)
    query = text(required=False, allow_blank=True, help_text=QUERY)
    audience = serializers.ChoiceField(choices=Audience.choices, required=False)
    role_ids = serializers.ListField(child=serializers.IntegerField(), required=False)
    is_default = serializers.BooleanField(required=False)


class ViewBody(ViewPatch):
    """A saved view to be."""

    page = serializers.ChoiceField(choices=Page.choices)
    name = text()


class SavedViews(ApiView):
    """Saved views of a process."""

    @extend_schema(
        operation_id="views_list",
        summary="List saved views",
        parameters=[OpenApiParameter("page", str, enum=Page.values, description="Of this page only.")],
        responses={200: items_of(ViewOut)},
    )
    def get(self, request: Request, key: str) -> Response:
        """One's own, those shared with one's roles and those shared with everybody; the default first."""
        page = self.query("page").get("page")
        if page is not None and page not in Page.values:
            raise Invalid(_("There is no such page."), {"page": [_("There is no such page.")]})
        views = views_of(self.access(key), page)
        return Response({"items": ViewOut(views, many=True).data})

    @extend_schema(operation_id="views_create", summary="Keep a view", request=ViewBody, responses={201: ViewOut})
    def post(self, request: Request, key: str) -> Response:
        """Keep a view for oneself; whoever may change the process may share it."""
        body = self.body(ViewBody)
        view = add_view(key, page=body.pop("page"), values=body, actor=self.actor)
        return Response(ViewOut(view_of(self.access(key), view.pk)).data, status=201)


class OneSavedView(ApiView):
    """One saved view."""

    @extend_schema(operation_id="views_retrieve", summary="Read a saved view", responses={200: ViewOut})
    def get(self, request: Request, key: str, view_id: int) -> Response:
        """One view, if one finds it."""
        return Response(ViewOut(view_of(self.access(key), view_id)).data)

    @extend_schema(
        operation_id="views_update", summary="Change a saved view", request=ViewPatch, responses={200: ViewOut}
    )
    def patch(self, request: Request, key: str, view_id: int) -> Response:
        """Change it; what the body does not name stays."""
        change_view(key, view_id, changes=self.body(ViewPatch), actor=self.actor)
        return Response(ViewOut(view_of(self.access(key), view_id)).data)

    @extend_schema(operation_id="views_delete", summary="Remove a saved view", responses={204: None})
    def delete(self, request: Request, key: str, view_id: int) -> Response:
        """Remove it; records stay as they are."""
        remove_view(key, view_id, actor=self.actor)
        return Response(status=204)
