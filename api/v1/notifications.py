"""What one was told."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import flag_from, number_from
from api.schema import next_number, parameter
from api.v1.strict import items_of
from api.v1.timeline_shapes import NotificationOut
from api.views import ApiView
from notifications.operations import mark_all_read, mark_read
from notifications.queries import notification_page


class Notifications(ApiView):
    """One's own notifications."""

    @extend_schema(
        operation_id="notifications_list",
        summary="List notifications",
        parameters=[
            parameter("unread", "`true` leaves the read ones out.", bool),
            parameter("before", "`next` of the page before.", int),
        ],
        responses={200: items_of(NotificationOut, next=next_number())},
    )
    def get(self, request: Request) -> Response:
        """A page, the newest first."""
        query = self.query("unread", "before")
        unread_only = flag_from(query, "unread", default=False)
        page = notification_page(self.actor, before=number_from(query, "before"), unread_only=unread_only)
        return Response({"items": NotificationOut(page.items, many=True).data, "next": page.next})


class ReadNotification(ApiView):
    """One notification."""

    @extend_schema(operation_id="notifications_read", summary="Mark one read", request=None, responses={204: None})
    def post(self, request: Request, notification_id: int) -> Response:
        """Mark it read."""
        mark_read(notification_id, actor=self.actor)
        return Response(status=204)


class ReadNotifications(ApiView):
    """All of them."""

    @extend_schema(operation_id="notifications_read_all", summary="Mark all read", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Mark all read."""
        mark_all_read(actor=self.actor)
        return Response(status=204)
