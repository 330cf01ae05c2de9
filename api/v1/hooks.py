"""Where other programs call us: the addresses of triggers. The signature is the only key."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.throttling import HookThrottle
from api.v1.automation_shapes import CallOut
from automation.operations import Call, receive_call


class Hook(APIView):
    """The address of one trigger."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (HookThrottle,)

    @extend_schema(
        operation_id="hooks_call",
        summary="Call a trigger",
        auth=[],
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={200: CallOut},
    )
    def post(self, request: Request, hook_key: str) -> Response:
        """Signed by Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

        The same id and body again get the same answer and do nothing.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Response(receive_call(Call(hook_key, request._request.body, headers)))
