"""One's own account: name, language, zone, theme."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.operations import update_profile
from accounts.queries import sessions_of
from web.forms.people import ProfileForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import own_address

FIELDS = ("name", "language", "time_zone", "theme")


@login_required
@require_safe
def settings_home(request: PersonalRequest) -> HttpResponse:
    """Where the gear leads: administrators to people, everybody else to their profile."""
    return redirect("people" if request.actor.is_admin else "profile")


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: PersonalRequest) -> HttpResponse:
    """Show and change it."""
    form = ProfileForm(request.POST or None, initial=_present(request))
    if request.method == "POST" and form.is_valid():
        if attempt(form, lambda: _save(request, **form.cleaned_data)):
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Saved."))
            return _remembering(redirect("profile"), **form.cleaned_data)
    context = {"form": form, "sessions": sessions_of(request.user, this=request.session.session_key or "")}  # type: ignore[arg-type]
    return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def choose_theme(request: PersonalRequest) -> HttpResponse:
    """Light, dark or the system's own, from the menu."""
    theme = request.POST.get("theme", "")
    _save(request, theme=theme)
    return _remembering(HttpResponse(status=204), theme=theme)


@login_required
@require_POST
def choose_language(request: PersonalRequest) -> HttpResponse:
    """Another language, from the menu; back to where it was chosen."""
    language = request.POST.get("language", "")
    _save(request, language=language)
    return _remembering(redirect(own_address(request, request.POST.get("next", ""))), language=language)


def _present(request: PersonalRequest) -> dict[str, str]:
    return {name: getattr(request.user, name) for name in FIELDS}


def _save(request: PersonalRequest, **changes: str) -> object:
    return update_profile(request.user, actor=request.actor, **{**_present(request), **changes})  # type: ignore[arg-type]


def _remembering(response: HttpResponse, *, theme: str = "", language: str = "", **_other: str) -> HttpResponse:
    """Cookies for the time when nobody is signed in."""
    year = 365 * 24 * 3600
    if theme:
        response.set_cookie("theme", theme, max_age=year, samesite="Lax", secure=settings.LANGUAGE_COOKIE_SECURE)
    if language:
        name = settings.LANGUAGE_COOKIE_NAME
        response.set_cookie(name, language, max_age=year, samesite="Lax", secure=settings.LANGUAGE_COOKIE_SECURE)
    return response
