"""What the API tells about itself: its root, the OpenAPI document, the page to try it, unknown addresses."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.exceptions import answer
from api.schema import documents
from api.views import ApiView
from processes.permissions import accesses_for


@extend_schema(exclude=True)
class OpenApi(ApiView):
    """The OpenAPI document with the records of the processes that the caller may see."""

    def get(self, request: Request) -> HttpResponse:
        """The document; made once per language and state of the definitions."""
        return HttpResponse(documents.of(accesses_for(self.actor)), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """A page to read and try the API, as the person who is signed in."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return render(request, "api/docs.html")


@extend_schema(exclude=True)
class Unknown(ApiView):
    """Whatever is not there, in the shape of every error."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody is asked who they are."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)

    def _answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        hint = f"{request.path}/"
        if not request.path.endswith("/") and _exists(hint):
            return answer(404, "not_found", _("Addresses end with a slash."), did_you_mean=hint)
        return answer(404, "not_found", _("There is no such address."))

    get = post = put = patch = delete = _answer


def _exists(path: str) -> bool:
    try:
        return resolve(path).url_name != "api-unknown"
    except Resolver404:
        return False
