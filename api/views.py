"""What every REST view does around its one call into the domain."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from api.renderers import to_bytes
from core.actor import Actor
from core.errors import Invalid, NotAllowed
from processes.permissions import Access, visible_access
from records.operations import Answer, answer_once

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEY = re.compile(r"[\x21-\x7e]{1,255}")
Handler = Callable[..., Any]
IF_MATCH = re.compile(r'(?:W/)?"(\d{1,9})"')


class HasActor(BasePermission):
    """Somebody asks; and a token that only reads, only reads."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises NotAllowed where a token's scopes do not reach."""
        actor: Actor | None = getattr(request._request, "actor", None)
        if actor is None or request.user is None:
            return False
        if request.method not in SAFE and actor.scopes is not None and not actor.scopes & {"write", "admin"}:
            raise NotAllowed(_("This token may only read."))
        return True


class ApiView(APIView):
    """One resource. Handlers return a Response; refusals of the domain pass through to `api.exceptions`."""

    permission_classes: Sequence[Any] = (HasActor,)
    secret_keys: tuple[str, ...] = ()
    """Keys of an answer that are shown once and never stored for a repeated request."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As REST framework does it; rendered in the person's language, which ends with the request."""
        before = translation.get_language()
        try:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()
            return response
        finally:
            translation.activate(before or settings.LANGUAGE_CODE)
            timezone.deactivate()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the checks: speak the person's language, and put the handler behind its idempotency key."""
        super().initial(request, *args, **kwargs)
        zone = settings.TIME_ZONE if request.user.is_anonymous else request.user.time_zone
        timezone.activate(ZoneInfo(zone))
        if request.auth is not None and "HTTP_ACCEPT_LANGUAGE" not in request.META:
            translation.activate(self.actor.language)
        key, method = request.META.get("HTTP_IDEMPOTENCY_KEY"), str(request.method)
        if key is not None and method not in SAFE and hasattr(self, method.lower()):
            setattr(self, method.lower(), self._once(key, getattr(self, method.lower())))

    @property
    def person(self) -> User:
        """The person who asks, or for whom the token does. Raises NotAllowed for a service token."""
        if self.request.user.is_anonymous:
            raise NotAllowed(_("This is about a person; a service token works as nobody."))
        return self.request.user

    @property
    def actor(self) -> Actor:
        """Who asks."""
        actor: Actor = self.request._request.actor  # type: ignore[attr-defined]
        return actor

    def access(self, key: str) -> Access:
        """The actor's access to a process. Raises NotFound where they may not see it."""
        return visible_access(self.actor, key)

    def body(self, serializer: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The checked body. Raises ValidationError or Invalid by name of the key."""
        checked = serializer(data=self.request.data, partial=partial)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def json(self) -> dict[str, Any]:
        """The body, which must be an object. Raises Invalid."""
        data = self.request.data
        if not isinstance(data, dict):
            raise Invalid(_("The body must be an object."))
        return data

    def version(self) -> int | None:
        """The version that `If-Match` names; None without it. Raises Invalid."""
        header = self.request.META.get("HTTP_IF_MATCH")
        if header is None or header.strip() == "*":
            return None
        match = IF_MATCH.fullmatch(header.strip())
        if match is None:
            message = _('Give the version as it stands in ETag, for example "3".')
            raise Invalid(message, {"If-Match": [message]})
        return int(match[1])

    def query(self, *names: str) -> Mapping[str, str]:
        """The parameters of the address, of which only these are known. Raises Invalid naming any other."""
        found = self.request.query_params
        unknown = sorted(name for name in found if name not in names and not name.startswith("filter["))
        if unknown:
            raise Invalid(_("Unknown parameters."), {name: [_("There is no such parameter.")] for name in unknown})
        return found.dict()

    def _once(self, key: str, handler: Handler) -> Handler:
        """The handler, done once per key."""
        if not KEY.fullmatch(key):
            message = _("A key is 1 to 255 printable ASCII characters without spaces.")
            raise Invalid(message, {"Idempotency-Key": [message]})

        def once(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            def work() -> tuple[Answer, Answer]:
                response = handler(request, *args, **kwargs)
                return answer_of(response, response.data), answer_of(response, self.kept(response.data))

            answer, is_replay = answer_once(key, fingerprint=_fingerprint(request), actor=self.actor, work=work)
            if is_replay and "key" in kwargs:
                self.access(kwargs["key"])  # what was answered once is not told to whom the process is closed by now
            if is_replay:
                answer = self.repeated(answer, **kwargs)
            return _response(answer, is_replay=is_replay)

        return once

    def repeated(self, answer: Answer, **kwargs: Any) -> Answer:
        """What a repeated request is told: the answer that was kept."""
        return answer

    def kept(self, data: Any) -> Any:
        """What is kept of an answer for a repeated request."""
        if not self.secret_keys:
            return data
        return {name: value for name, value in data.items() if name not in self.secret_keys}


def answer_of(response: Response, data: Any) -> Answer:
    """A response as it is kept and sent again."""
    body = b"" if data is None else to_bytes(data)
    return Answer(response.status_code, body, response.headers.get("ETag", ""))


def with_version(data: Any, version: int, status: int = 200) -> Response:
    """An answer that says its version in `ETag`."""
    return Response(data, status=status, headers={"ETag": f'"{version}"'})


def _fingerprint(request: Request) -> str:
    """A digest of what makes a request the same one: method, address, version and body."""
    parts = (
        str(request.method),
        request._request.get_full_path(),
        request.META.get("HTTP_IF_MATCH", ""),
    )
    data = request.data if request.META.get("CONTENT_LENGTH") not in (None, "", "0") else b""
    body = data if isinstance(data, bytes) else to_bytes(data)
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + body).hexdigest()


def _response(answer: Answer, *, is_replay: bool) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    if answer.etag:
        response.headers["ETag"] = answer.etag
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response
