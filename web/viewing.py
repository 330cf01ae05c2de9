"""While an administrator looks at the product as somebody else: whose the request is, and that it changes nothing."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.viewing import forget_view, is_viewing, viewed_person
from core.errors import NotAllowed
from core.reading import only_reading
from web.middleware import GetResponse, become, refusal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_NAMES = frozenset({"view-end", "account_logout"})
"""What the administrator does as themselves: coming back and signing out."""
PRIVATE_PLACES = ("/profile/", "/tokens/", "/accounts/", "/api/docs/")
"""Where a person keeps their account: nobody else looks there."""
REST = "/api/v1/"
"""REST asks for itself (`api.authentication`): tokens know nothing of sessions."""


class OnlyLooking(NotAllowed):
    """Somebody who looks as somebody else wanted to change something."""

    code: ClassVar[str] = "only_looking"


class ViewingMiddleware:
    """Shows pages as the person of the view sees them, in that person's time zone, but in the administrator's language
    and theme. Whatever would change something is refused here, and once more by the database.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not is_viewing(request.session) or request.path_info.startswith(REST):
            return self.get_response(request)
        person = viewed_person(request.session, user)
        is_own = _name_of(request) in OWN_NAMES
        if person is None:
            return self._without_view(request, is_own=is_own)
        if is_own:
            return self.get_response(request)
        become(request, person, viewer=user)
        if request.path_info.startswith(PRIVATE_PLACES):
            return refusal(request, NotAllowed(_("Only %(name)s sees this page.") % {"name": person.name}))
        if request.method not in SAFE_METHODS:
            text = _("You see this as %(name)s and are only looking, so nothing has been changed.")
            return refusal(request, OnlyLooking(text % {"name": person.name}))
        with timezone.override(ZoneInfo(person.time_zone)), only_reading():
            return self.get_response(request)

    def _without_view(self, request: HttpRequest, *, is_own: bool) -> HttpResponse:
        """The view has come to its end by itself. A page that was drawn during it changes nothing either."""
        forget_view(request.session)
        rotate_token(request)
        if is_own or request.method in SAFE_METHODS:
            return self.get_response(request)
        return refusal(request, OnlyLooking(_("You were only looking, and that is over. Load the page again.")))


def _name_of(request: HttpRequest) -> str:
    """The name of the address, empty for one that is not there."""
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""
