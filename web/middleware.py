"""Who is asking, in which language and zone; and what a refusal looks like."""

from collections.abc import Callable
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.queries import actor_for
from accounts.sessions import SessionStore
from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached, NotAllowed, NotFound, SmartCRMError, Stale

GetResponse = Callable[[HttpRequest], HttpResponse]

STATUS: dict[type[SmartCRMError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
}
"""For pages and their scripts. REST answers 412 to a stale version and 400 to wrong input, as its clients expect."""


class PersonalRequest(HttpRequest):
    """A request of somebody who signed in, as the views see it."""

    actor: Actor
    viewer: User | None
    """The administrator who looks as `user`, see `web.viewing`; None where people act for themselves."""


class PersonMiddleware:
    """Sets `request.actor` (compiled when first read) and activates the person's language and time zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        become(request, user)
        request.LANGUAGE_CODE = user.language
        with translation.override(user.language), timezone.override(ZoneInfo(user.time_zone)):
            response = self.get_response(request)
        response.headers["Content-Language"] = user.language
        return response


class SessionUseMiddleware:
    """Remembers from where a session is used: when somebody has just signed in, then every few minutes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        # REST framework leaves None in the place of nobody.
        is_person = getattr(request.user, "is_authenticated", False)
        if isinstance(session, SessionStore) and session.session_key and is_person:
            session.note_use(address=request.META.get("REMOTE_ADDR", ""), browser=request.headers.get("User-Agent", ""))
        return response


class RefusalMiddleware:
    """Turns a SmartCRMError that a page let through into an answer a person, or a page's script, can read."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None for whatever is no refusal."""
        return refusal(request, exception) if isinstance(exception, SmartCRMError) else None


def become(request: HttpRequest, person: User, *, viewer: User | None = None) -> None:
    """The request is a person's from here on; `request.actor` is compiled when first read."""
    request.user = person
    request.actor = SimpleLazyObject(lambda: actor_for(person))  # type: ignore[attr-defined]
    request.viewer = viewer  # type: ignore[attr-defined]


def refusal(request: HttpRequest, error: SmartCRMError) -> HttpResponse:
    """What a refusal looks like: JSON for scripts and fragments, a page for people."""
    status = status_of(error)
    if wants_json(request):
        return JsonResponse(error.as_body(), status=status)
    template = "errors/404.html" if status == HTTPStatus.NOT_FOUND else "errors/refused.html"
    return render(request, template, {"error": error, "status": int(status)}, status=status)


def status_of(error: SmartCRMError) -> HTTPStatus:
    """The HTTP status of a refusal on a page."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks (our own fetch calls and htmx fragments), rather than a person's navigation."""
    return is_fragment(request) or "application/json" in request.headers.get("Accept", "")


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("HX-Request") == "true"
