"""Signing in: the form, two factors, the lock after too many attempts, the new password by mail."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.letters import deliver_letters
from accounts.models import User
from accounts.operations import renew_invitation
from core.actor import SYSTEM
from events.models import Event
from tests.factories import PASSWORD, make_user, signed_in

pytestmark = pytest.mark.django_db

LOGIN = "account_login"


@pytest.fixture(autouse=True)
def _no_old_attempts() -> None:
    cache.clear()


def code_of(secret: str) -> str:
    """What the app on the phone shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_person_signs_in_with_an_address_of_any_case(worker: User) -> None:
    answer = Client().post(reverse(LOGIN), {"login": worker.email.upper(), "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_wrong_password_and_unknown_address_answer_alike(worker: User) -> None:
    wrong = Client().post(reverse(LOGIN), {"login": worker.email, "password": "wrong"})
    unknown = Client().post(reverse(LOGIN), {"login": "nobody@example.test", "password": "wrong"})
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert wrong.context["form"].non_field_errors() == ["The e-mail or the password is wrong."]


def test_too_many_attempts_lock_the_right_password_out_too(worker: User, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    guest = Client()
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        guest.post(reverse(LOGIN), {"login": worker.email, "password": "wrong"})
    answer = guest.post(reverse(LOGIN), {"login": worker.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert "account/locked.html" in [template.name for template in answer.templates]


def test_attempts_are_counted_by_whom_they_are_for_known_or_not(worker: User, settings: LazySettings) -> None:
    """Whoever tries passwords for one person locks nobody else out who sits behind the same address."""
    settings.ACCOUNT_RATE_LIMITS = False
    guest, other = Client(), make_user("Other")
    for email in (worker.email, "nobody@example.test"):
        for _attempt in range(settings.AXES_FAILURE_LIMIT):
            guest.post(reverse(LOGIN), {"login": email, "password": "wrong"})
    for email in (worker.email, worker.email.upper(), "nobody@example.test"):
        assert guest.post(reverse(LOGIN), {"login": email, "password": "wrong"}).status_code == 429
    answer = Client().post(reverse(LOGIN), {"login": other.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_nobody_signs_up_alone() -> None:
    answer = Client().post(
        reverse("account_signup"), {"email": "me@example.test", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "account/signup_closed.html" in [template.name for template in answer.templates]
    assert not User.objects.filter(email="me@example.test").exists()


def test_deactivated_person_is_refused(worker: User) -> None:
    worker.is_active = False
    worker.save()
    guest = Client()
    answer = guest.post(reverse(LOGIN), {"login": worker.email, "password": PASSWORD})
    assert answer.headers["Location"] == reverse("account_inactive")
    assert guest.get(reverse("profile")).status_code == 302


def test_new_password_by_mail_writes_an_event(worker: User, settings: LazySettings) -> None:
    guest = Client()
    guest.post(reverse("account_reset_password"), {"email": worker.email})
    assert deliver_letters() == 1
    link = re.search(r"https?://[^/]+(/\S+)", mail.outbox[0].body)
    assert link
    form = guest.get(link[1], follow=True)
    new = "a long walk by the river"
    guest.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    worker.refresh_from_db()
    assert worker.check_password(new)
    assert Event.objects.filter(kind="person.password_changed", data__user_id=worker.pk).count() == 1


def test_unknown_address_gets_no_mail() -> None:
    answer = Client().post(reverse("account_reset_password"), {"email": "nobody@example.test"})
    assert answer.status_code == 302
    assert deliver_letters() == 0
    assert mail.outbox == []


def test_second_factor_is_asked_once_it_is_on(worker: User) -> None:
    own = Client()
    own.post(reverse(LOGIN), {"login": worker.email, "password": PASSWORD})
    asked = own.get(reverse("mfa_activate_totp"))
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    own.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = own.get(reverse("mfa_activate_totp")).context["form"].secret
    on = own.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert on.status_code == 302
    assert Authenticator.objects.filter(user=worker, type=Authenticator.Type.TOTP).exists()
    assert own.get(reverse("mfa_view_recovery_codes")).status_code == 200
    guest = Client()
    first = guest.post(reverse(LOGIN), {"login": worker.email, "password": PASSWORD})
    assert first.headers["Location"] == reverse("mfa_authenticate")
    assert guest.get(reverse("profile")).status_code == 302
    assert guest.post(reverse("mfa_authenticate"), {"code": "000000"}).context["form"].errors


def test_one_time_link_does_not_get_around_the_second_factor(worker: User) -> None:
    Authenticator.objects.create(user=worker, type=Authenticator.Type.TOTP, data={"secret": "x"})
    secret = renew_invitation(worker, actor=SYSTEM)
    guest = Client()
    answer = guest.post(reverse("join", args=[secret]), {"password": "a long walk by the river"})
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert guest.get(reverse("profile")).status_code == 302


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    "name", ["account_login", "account_reset_password", "account_reset_password_done", "account_inactive"]
)
def test_pages_of_strangers_exist_in_both_languages(name: str, language: str) -> None:
    guest = Client()
    guest.cookies["django_language"] = language
    answer = guest.get(reverse(name))
    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text.partition("<head>")[0]


def test_signed_in_person_sees_own_sign_in_page(worker: User) -> None:
    answer = signed_in(worker).get(reverse("mfa_index"))
    assert worker.email in answer.text


def test_nobody_changes_the_address_they_sign_in_with(employee: Client, worker: User) -> None:
    before = worker.email
    for action in ("action_add", "action_primary"):
        employee.post("/accounts/email/", {"email": "other@example.test", action: ""})
    worker.refresh_from_db()
    assert worker.email == before
    assert employee.get("/accounts/email/").headers["Location"] == reverse("mfa_index")
