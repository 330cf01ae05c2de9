"""A code of an authenticator app lets in once, whichever process it comes to and however many come at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD, make_user

SECRET = "JBSWY3DPEHPK3PXP"
STEP = 59_000_000
AT_ONCE = 6


class Clock:
    """The time step that it is, in place of the time of day."""

    step = STEP

    def steps(self) -> Iterator[int]:
        """What is accepted when one step of tolerance is set."""
        return iter([self.step - 1, self.step])


@pytest.fixture(autouse=True)
def _every_process_remembers_for_itself(settings: LazySettings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", clock.steps)
    return clock


def code_at(step: int, secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, step))


def at_the_second_step(person: User) -> Client:
    guest = Client()
    answer = guest.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    return guest


def gets_in(client: Client, code: str) -> bool:
    client.post(reverse("mfa_authenticate"), {"code": code})
    return "_auth_user_id" in client.session


@pytest.mark.django_db
def test_used_code_and_older_ones_let_nobody_in(worker: User, clock: Clock) -> None:
    TOTP.activate(worker, SECRET)
    assert gets_in(at_the_second_step(worker), code_at(STEP))
    again = at_the_second_step(worker)
    for used in (code_at(STEP), code_at(STEP - 1), f"{code_at(STEP)[:3]} {code_at(STEP)[3:]}"):
        assert not gets_in(again, used)
    clock.step += 1
    assert not gets_in(again, code_at(STEP))
    assert gets_in(again, code_at(STEP + 1))


@pytest.mark.django_db
def test_refusal_of_a_used_code_says_that_it_is_too_old(worker: User, clock: Clock) -> None:
    TOTP.activate(worker, SECRET)
    own = at_the_second_step(worker)
    assert gets_in(own, code_at(STEP))
    for client, page in ((at_the_second_step(worker), "mfa_authenticate"), (own, "mfa_reauthenticate")):
        answer = client.post(reverse(page), {"code": code_at(STEP)})
        assert answer.context["form"].errors == {"code": ["The code is wrong or too old."]}


@pytest.mark.django_db
def test_code_that_connected_the_app_lets_nobody_in(worker: User, clock: Clock) -> None:
    own = Client()
    own.post(reverse("account_login"), {"login": worker.email, "password": PASSWORD})
    own.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = own.get(reverse("mfa_activate_totp")).context["form"].secret
    assert own.post(reverse("mfa_activate_totp"), {"code": code_at(STEP, secret)}).status_code == 302
    guest = at_the_second_step(worker)
    assert not gets_in(guest, code_at(STEP, secret))
    clock.step += 1
    assert gets_in(guest, code_at(STEP + 1, secret))


def test_of_many_with_one_code_at_once_one_gets_in(committed: None, clock: Clock) -> None:
    worker = make_user("Careful")
    TOTP.activate(worker, SECRET)
    guests, together = [at_the_second_step(worker) for _ in range(AT_ONCE)], Barrier(AT_ONCE)

    def enter(guest: Client) -> bool:
        try:
            together.wait()
            return gets_in(guest, code_at(STEP))
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert Counter(pool.map(enter, guests)) == {True: 1, False: AT_ONCE - 1}
