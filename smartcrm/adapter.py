"""How allauth behaves here: people are invited by an administrator, nobody signs up alone."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.operations import change_password
from accounts.queries import actor_for
from core.errors import Text
from web.attempts import remember_browser


class InvitedOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts without open registration; a new password is a fact like every other change."""

    error_messages: ClassVar[dict[str, Text]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail or the password is wrong."),
        "incorrect_password": _("The password is wrong."),
        "enter_current_password": _("This is not your present password."),
        "too_many_login_attempts": _("Too many attempts. Try again in a few minutes."),
        "rate_limited": _("Too many attempts. Try again in a few minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(response, user.email)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Whoever else is signed in as this person is signed out; the session that asks stays."""
        keep = self.request.session.session_key or ""
        change_password(user, password=password, actor=actor_for(user), keep=keep)


class CodesAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The second factor in our words."""

    error_messages: ClassVar[dict[str, Text]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is wrong or too old."),
    }
