"""Signing in under the product's own settings: nobody signs up alone, nobody guesses for long."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from accounts.models import User

PASSWORD = "a long enough password"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgotten_attempts() -> None:
    """The limits per address live in this process's memory, longer than a test."""
    cache.clear()


@pytest.fixture
def person() -> User:
    made = User(email="anna@example.com", name="Anna")
    made.set_password(PASSWORD)
    made.save()
    return made


def sign_in(client: Client, password: str, address: str = "192.0.2.1") -> int:
    form = {"login": "anna@example.com", "password": password}
    return client.post("/accounts/login/", form, REMOTE_ADDR=address).status_code


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_signs_in(client: Client, person: User) -> None:
    assert sign_in(client, PASSWORD) == 302
    assert is_signed_in(client)


def test_the_address_is_found_whatever_its_case(client: Client, person: User) -> None:
    client.post("/accounts/login/", {"login": "ANNA@Example.com", "password": PASSWORD})

    assert is_signed_in(client)


def test_guessing_locks_even_the_right_password_out(client: Client, person: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "wrong")

    assert sign_in(client, PASSWORD) == 429
    assert not is_signed_in(client)


def test_a_lock_holds_for_the_guesser_alone(client: Client, person: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "wrong")

    assert sign_in(client, PASSWORD, address="192.0.2.2") == 302
    assert is_signed_in(client)


def test_nobody_signs_up_alone(client: Client) -> None:
    form = {"email": "eve@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)

    assert not User.objects.filter(email="eve@example.com").exists()
    assert not is_signed_in(client)


def test_a_deactivated_person_stays_outside(client: Client, person: User) -> None:
    person.is_active = False
    person.save()

    sign_in(client, PASSWORD)

    assert not is_signed_in(client)


def test_the_session_gets_a_new_key_at_sign_in(client: Client, person: User) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["before"] = True
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    planted = session.session_key

    sign_in(client, PASSWORD)

    assert is_signed_in(client)
    assert client.session.session_key != planted
