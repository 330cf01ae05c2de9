"""Where one is signed in, and signing out from afar."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.operations import end_other_sessions, end_session
from accounts.queries import sessions_of
from web.middleware import PersonalRequest
from web.responses import with_toast


@login_required
@require_POST
def end(request: PersonalRequest, session_id: str) -> HttpResponse:
    """Sign one browser out."""
    end_session(session_id, user=request.user, actor=request.actor)  # type: ignore[arg-type]
    return with_toast(_list(request), _("That browser is signed out."))


@login_required
@require_POST
def end_others(request: PersonalRequest) -> HttpResponse:
    """Sign every browser out but this one."""
    count = end_other_sessions(request.user, keep=_key(request), actor=request.actor)  # type: ignore[arg-type]
    said = ngettext("%(count)d browser is signed out.", "%(count)d browsers are signed out.", count)
    return with_toast(_list(request), said % {"count": count})


def _key(request: PersonalRequest) -> str:
    return request.session.session_key or ""


def _list(request: PersonalRequest) -> HttpResponse:
    context = {"sessions": sessions_of(request.user, this=_key(request))}  # type: ignore[arg-type]
    return render(request, "accounts/profile.html#sessions", context)
