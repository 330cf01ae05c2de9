"""What every page knows: the processes in the rail, where one is in it, the unread count, the theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.queries import unread_count
from web.navigation import rail

PLACES = {
    "my-work": "my-work",
    "notifications": "notifications",
    "settings": "settings",
    "home": "home",
    **dict.fromkeys(("profile", "tokens", "mfa_index", "account_change_password"), "settings"),
    **dict.fromkeys(("people", "person", "roles", "service-tokens", "departments", "department"), "settings"),
    **dict.fromkeys(("processes", "process-new"), "home"),
}
"""URL name → place in the rail, for pages outside any process."""

STAYING = (".console.EmailBackend", ".dummy.EmailBackend", ".filebased.EmailBackend")
"""Ways of sending mail that send nothing to anybody."""


def site(request: HttpRequest) -> dict[str, Any]:
    """Variables for base.html; the database is asked only for those who signed in, when the rail is drawn."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": request.COOKIES.get("theme", "system"), "mail_works": _mail_works()}
    viewer = getattr(request, "viewer", None)
    return {
        "theme": (viewer or user).theme,
        "viewer": viewer,
        "mail_works": _mail_works(),
        "mail_folder": settings.EMAIL_FILE_PATH if user.is_admin and not _mail_works() else "",
        "nav_processes": SimpleLazyObject(lambda: rail(request.actor)),  # type: ignore[attr-defined]
        "unread_count": SimpleLazyObject(lambda: unread_count(user.pk)),
        "active_nav": _place(request),
    }


def _mail_works() -> bool:
    """Whether letters leave this machine."""
    return not settings.EMAIL_BACKEND.endswith(STAYING)


def _place(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    if match.url_name in PLACES:
        return PLACES[match.url_name]
    key = match.kwargs.get("key")
    return f"/p/{key}/" if key and request.path.startswith(f"/p/{key}/") else ""
