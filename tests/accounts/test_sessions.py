"""Where people are signed in: seen, named, ended at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.devices import browser_and_system
from accounts.models import Session, User
from accounts.operations import (
    accept_invitation,
    create_token,
    deactivate_person,
    end_other_sessions,
    end_session,
    renew_invitation,
)
from accounts.queries import sessions_of, token_and_actor
from core.actor import SYSTEM
from core.errors import NotAllowed, NotFound
from events.models import Event
from tests.factories import PASSWORD, actor_of, make_admin, make_user, session_of, signed_in

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def anna() -> User:
    return make_user("Anna")


def enter(user: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """Sign in through the door, as a browser does."""
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def key_of(client: Client) -> str:
    return client.session.session_key or ""


def is_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_list_names_browser_address_and_the_present_one(anna: User) -> None:
    laptop = enter(anna)
    enter(anna, PHONE, "2001:db8::1")
    found = sessions_of(anna, this=key_of(laptop))
    assert [(one.browser, one.system, one.address, one.is_this, one.is_handheld) for one in found] == [
        ("Firefox", "Linux", "192.0.2.7", True, False),
        ("Safari", "iPhone", "2001:db8::1", False, True),
    ]


def test_page_shows_no_key_that_opens_the_account(anna: User) -> None:
    laptop, phone = enter(anna), enter(anna, PHONE)
    page = laptop.get(reverse("profile")).text
    assert "Firefox on\n" in page or "Firefox on Linux" in page
    assert key_of(phone) not in page
    assert key_of(laptop) not in page


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_sessions_is_one_query(anna: User, count: int, django_assert_num_queries: Any) -> None:
    for _number in range(count):
        session_of(anna)
    with django_assert_num_queries(1):
        assert len(sessions_of(anna)) == count


def test_ended_session_is_out_with_its_next_request(anna: User) -> None:
    laptop, phone = enter(anna), enter(anna, PHONE)
    other = next(one for one in sessions_of(anna, this=key_of(laptop)) if not one.is_this)
    laptop.post(reverse("session-end", args=[other.id]))
    assert (is_in(phone), is_in(laptop)) == (False, True)
    assert Event.objects.get(kind="person.signed_out").data == {"user_id": anna.pk, "count": 1}


def test_all_others_end_and_this_one_stays(anna: User) -> None:
    laptop, phone, tablet = enter(anna), enter(anna, PHONE), enter(anna)
    stranger = enter(make_user())
    answer = laptop.post(reverse("sessions-end-others"))
    assert "2 browsers are signed out." in answer.headers["HX-Trigger"]
    assert [is_in(client) for client in (laptop, phone, tablet, stranger)] == [True, False, False, True]


def test_foreign_session_is_not_found(anna: User) -> None:
    enter(anna)
    foreign = sessions_of(anna)[0].id
    other = make_user()
    assert signed_in(other).post(reverse("session-end", args=[foreign])).status_code == 404
    with pytest.raises(NotFound):
        end_session(foreign, user=other, actor=actor_of(other))
    with pytest.raises(NotAllowed):
        end_session(foreign, user=anna, actor=actor_of(other))
    assert len(sessions_of(anna)) == 1


def test_administrator_signs_somebody_out_everywhere(anna: User) -> None:
    laptop = enter(anna)
    boss = signed_in(make_admin())
    boss.post(reverse("person-sign-out", args=[anna.pk]))
    assert not is_in(laptop)
    assert is_in(boss)


def test_token_signs_nobody_out(anna: User) -> None:
    enter(anna)
    _token, secret = create_token(anna, name="t", scopes=["read", "write"], actor=SYSTEM)
    found = token_and_actor(secret)
    assert found
    with pytest.raises(NotAllowed):
        end_other_sessions(anna, actor=found[1])
    assert len(sessions_of(anna)) == 1


def test_new_password_ends_the_other_sessions(anna: User) -> None:
    laptop, phone = enter(anna), enter(anna, PHONE)
    new = "a long walk by the river"
    laptop.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert (is_in(laptop), is_in(phone)) == (True, False)
    assert [one.is_this for one in sessions_of(anna, this=key_of(laptop))] == [True]


def test_password_set_by_a_link_ends_all_sessions(anna: User) -> None:
    phone = enter(anna, PHONE)
    accept_invitation(renew_invitation(anna, actor=SYSTEM), password="a long walk by the river")
    assert not is_in(phone)
    assert sessions_of(anna) == []


def test_deactivation_leaves_no_session(anna: User) -> None:
    enter(anna)
    deactivate_person(anna, actor=SYSTEM)
    assert not Session.objects.filter(user=anna).exists()


def test_use_is_written_down_every_few_minutes_only(anna: User, django_assert_num_queries: Any) -> None:
    laptop = enter(anna)
    laptop.get(reverse("profile"))
    seen = Session.objects.get(user=anna).seen_at
    laptop.get(reverse("profile"))
    assert Session.objects.get(user=anna).seen_at == seen
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    laptop.get(reverse("profile"), REMOTE_ADDR="192.0.2.8")
    row = Session.objects.get(user=anna)
    assert timezone.now() - row.seen_at < timedelta(minutes=1)
    assert (row.address, row.browser) == ("192.0.2.8", FIREFOX)


def test_start_of_a_session_stays_while_it_changes(anna: User) -> None:
    laptop = enter(anna)
    past = timezone.now() - timedelta(days=3)
    Session.objects.update(started_at=past)
    session = laptop.session
    session["anything"] = 1
    session.save()
    assert Session.objects.get(user=anna).started_at == past


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (PHONE, ("Safari", "iPhone")),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/138.0 YaBrowser/25.6 Safari/537.36", ("Yandex Browser", "Windows")),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1", ("Safari", "macOS")),
        ("", ("", "")),
        ("<script>", ("", "")),
    ],
)
def test_browsers_are_told_in_words(agent: str, words: tuple[str, str]) -> None:
    assert browser_and_system(agent) == words
