"""Looking at the product as somebody else: what a session keeps of it, and whether it still holds."""

import time
from datetime import timedelta

from django.contrib.sessions.backends.base import SessionBase

from accounts.models import User

LASTS = timedelta(hours=1)

_KEY = "viewing"


def remember_view(session: SessionBase, person: User) -> None:
    """From now on, for as long as it lasts, this session looks as somebody."""
    session[_KEY] = {"person": person.pk, "until": time.time() + LASTS.total_seconds()}


def forget_view(session: SessionBase) -> int | None:
    """The session is its owner's again; returns as whom it looked, the person's id."""
    view = session.pop(_KEY, None)
    return None if view is None else view["person"]


def is_viewing(session: SessionBase) -> bool:
    """Whether the session looks as somebody, or did until a moment ago."""
    return _KEY in session


def viewed_person(session: SessionBase, viewer: User) -> User | None:
    """As whom the session's owner looks; None for nobody, and where the view holds no more: the hour is over, the owner
    is no administrator any more, the person is deactivated or has become one. One query, none without a view.
    """
    view = session.get(_KEY)
    if view is None or not viewer.is_admin or view["until"] <= time.time():
        return None
    return User.objects.viewable().filter(pk=view["person"]).first()  # type: ignore[no-any-return]
