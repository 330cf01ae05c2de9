"""The buttons of a record."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.automation_shapes import ButtonOut, PressedOut
from api.v1.strict import items_of
from api.views import ApiView
from automation.operations import press_button
from automation.queries import buttons_of
from records.queries.card import row_for


class RecordButtons(ApiView):
    """What can be pressed on a record."""

    @extend_schema(
        operation_id="buttons_list", summary="List the buttons of a record", responses={200: items_of(ButtonOut)}
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """The buttons that the record shows now: those of its stage whose condition holds, if one may press buttons."""
        access = self.access(key)
        buttons = buttons_of(access, row_for(access, record_id))
        return Response({"items": ButtonOut(buttons.shown, many=True).data})


class PressButton(ApiView):
    """A press."""

    @extend_schema(operation_id="buttons_press", summary="Press a button", request=None, responses={202: PressedOut})
    def post(self, request: Request, key: str, record_id: int, rule_kind: str, rule_id: int) -> Response:
        """Press a button of the record; what it does follows in its run.

        409 with the code `cannot_press` where it takes no press now; `details.reason` says why: `removed`, `off`,
        `stage`, `condition`, or `unfinished` while what an earlier press began has not ended or waits for a
        person.
        """
        access = self.access(key)
        event = press_button(access.definition, record_id, (rule_kind, rule_id), actor=self.actor)
        return Response({"event": event.pk}, status=202)
