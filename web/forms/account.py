"""The forms of signing in, in our words; what they do is allauth's."""

from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal import auth as codes
from allauth.mfa.utils import decrypt
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.operations import ask_for_password, use_code
from core.errors import Text
from web.attempts import count_code


def _say(form: forms.Form, **labels: Text) -> None:
    """Give fields our labels; what allauth writes as placeholder and help goes, a label says it already."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label, field.help_text = str(label), ""
        field.widget.attrs.pop("placeholder", None)


class LoginForm(account.LoginForm):  # type: ignore[misc]
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, login=_("E-mail"), password=_("Password"))


class ReauthenticateForm(account.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, password=_("Password"))


class ResetPasswordForm(account.ResetPasswordForm):  # type: ignore[misc]
    """Where the link to a new password goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, email=_("E-mail"))

    def clean_email(self) -> str:
        """As given: who has the address is nobody's business here."""
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Ask for a letter; a worker looks whether somebody has the address, so every answer takes the same time."""
        email = str(self.cleaned_data["email"])
        ask_for_password(email)
        return email


class ResetPasswordKeyForm(account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password by the link from the mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, password1=_("New password"), password2=_("The same once more"))


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    """A new password for somebody who knows the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(
            self,
            oldpassword=_("Present password"),
            password1=_("New password"),
            password2=_("The new one once more"),
        )


def _step_of(code: str, secret: str) -> int | None:
    """The time step for which an app shows the code; None where it has gone by meanwhile."""
    steps = codes.yield_hotp_counters_from_time()
    return next((s for s in steps if codes.compare_user_code(actual=code, expected=_shown(secret, s))), None)


def _shown(secret: str, step: int) -> str:
    return str(codes.format_hotp_value(codes.hotp_value(secret, step)))


class _CountedCode(mfa.BaseAuthenticateForm):  # type: ignore[misc]
    """A code that is looked at only while not too many have been wrong, and that lets in once.

    What allauth remembers of used codes it remembers in one process's memory.
    """

    def clean_code(self) -> str:
        counted = count_code(context.request, self.user.email)
        if counted is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code = str(super().clean_code())
        if self.authenticator.type == Authenticator.Type.TOTP:
            step = _step_of(code, decrypt(self.authenticator.data["secret"]))
            if step is None or not use_code(self.user, step=step):
                raise get_mfa_adapter().validation_error("incorrect_code")
        counted.delete()
        return code


class CodeForm(_CountedCode, mfa.AuthenticateForm):  # type: ignore[misc]
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code=_("Code"))


class ReauthenticateCodeForm(_CountedCode, mfa.ReauthenticateForm):  # type: ignore[misc]
    """A code before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code=_("Code"))


class ActivateTotpForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a newly connected app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code=_("Code from the app"))
        self.fields["code"].widget.attrs["inputmode"] = "numeric"

    def clean_code(self) -> str:
        code = str(super().clean_code())
        if step := _step_of(code, self.secret):
            use_code(self.user, step=step)
        return code
