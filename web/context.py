"""What every page knows: the processes in the rail, the unread count, the theme."""

from typing import Any

from django.http import HttpRequest

from processes.permissions import accesses_for


def site(request: HttpRequest) -> dict[str, Any]:
    """Variables for base.html; the database is asked only for those who signed in, and only when a page is rendered."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": request.COOKIES.get("theme", "system")}
    return {
        "theme": user.theme,
        "nav_processes": [access.definition for access in accesses_for(request.actor)],  # type: ignore[attr-defined]
    }
