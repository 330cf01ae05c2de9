"""How often signing in may fail: passwords by pair, account and network, codes by account, all in the database."""

from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from axes.models import AccessFailureLog
from django.conf import LazySettings
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.api.conftest import client_of
from tests.factories import PASSWORD, make_user
from web.attempts import ACCOUNT, CODES, KNOWN_BROWSER, NETWORK, PAIR

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"
STEP = 59_000_000


@pytest.fixture(autouse=True)
def _only_what_is_counted_in_the_database(settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    cache.clear()


@pytest.fixture
def careful(worker: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody with a second factor, whose app shows one code all the time."""
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([STEP]))
    TOTP.activate(worker, SECRET)
    RecoveryCodes.activate(worker)
    return worker


def sign_in(client: Client, email: str, password: str = PASSWORD, network: str = "192.0.2.1") -> HttpResponse:
    form = {"login": email, "password": password}
    return client.post(reverse("account_login"), form, REMOTE_ADDR=network)


def fail(times: int, email: str, network: str) -> set[int]:
    return {sign_in(Client(), email, "wrong", network).status_code for _ in range(times)}


def failed_before(times: int, email: str, network: str) -> None:
    """As so many failures by the form leave it."""
    rows = [AccessFailureLog(username=email, ip_address=network) for _ in range(times)]
    AccessFailureLog.objects.bulk_create(rows)


def send_code(client: Client, code: str, network: str = "192.0.2.1") -> HttpResponse:
    return client.post(reverse("mfa_authenticate"), {"code": code}, REMOTE_ADDR=network)


def right_code() -> str:
    """What the app shows, as if it had not been used yet."""
    cache.clear()
    User.objects.update(last_code_step=None)
    return format_hotp_value(hotp_value(SECRET, STEP))


def wrong_code() -> str:
    return f"{(int(right_code()) + 1) % 10**6:06}"


def at_the_second_step(person: User) -> Client:
    guest = Client()
    assert sign_in(guest, person.email).headers["Location"] == reverse("mfa_authenticate")
    return guest


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def is_locked(answer: HttpResponse) -> bool:
    return answer.status_code == 429 and "account/locked.html" in [each.name for each in answer.templates]


def let_pass(time: timedelta) -> None:
    AccessFailureLog.objects.update(attempt_time=F("attempt_time") - time)


def test_codes_cannot_be_guessed(careful: User) -> None:
    """Whoever knows the password tries from everywhere, starting anew each time."""
    for number in range(CODES[0].times):
        answer = send_code(at_the_second_step(careful), wrong_code(), f"192.0.2.{number}")
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["code"])
    guest = at_the_second_step(careful)
    answer = send_code(guest, right_code(), "198.51.100.1")
    assert is_locked(answer)
    assert 14 * 60 < int(answer.headers["Retry-After"]) <= 15 * 60
    assert not is_in(guest)
    assert guest.get(reverse("profile")).status_code == 302


def test_recovery_codes_are_counted_with_the_others(careful: User) -> None:
    guest = at_the_second_step(careful)
    recovery = RecoveryCodes.activate(careful).get_unused_codes()[0]
    for number in range(CODES[0].times):
        send_code(guest, wrong_code() if number % 2 else "00000000")
    assert is_locked(send_code(guest, recovery))
    assert recovery in RecoveryCodes.activate(careful).get_unused_codes()


def test_codes_are_asked_again_after_a_while_and_less_often_a_day(careful: User) -> None:
    guest = at_the_second_step(careful)
    for _round in range(CODES[1].times // CODES[0].times):
        for _attempt in range(CODES[0].times):
            assert send_code(guest, wrong_code()).status_code == 200
        assert is_locked(send_code(guest, right_code()))
        let_pass(CODES[0].within)
    assert is_locked(send_code(guest, right_code()))
    assert AccessFailureLog.objects.count() == CODES[1].times
    let_pass(CODES[1].within)
    assert send_code(guest, right_code()).status_code == 302
    assert is_in(guest)


def test_a_refused_code_makes_nobody_wait_longer(careful: User) -> None:
    guest = at_the_second_step(careful)
    for _attempt in range(CODES[0].times + 5):
        send_code(guest, wrong_code())
    assert AccessFailureLog.objects.count() == CODES[0].times
    let_pass(CODES[0].within)
    send_code(guest, right_code())
    assert is_in(guest)


def test_right_codes_are_not_counted(careful: User) -> None:
    guest = at_the_second_step(careful)
    send_code(guest, right_code())
    assert is_in(guest)
    assert not AccessFailureLog.objects.exists()


def test_codes_before_something_that_matters_are_counted_too(careful: User) -> None:
    own = at_the_second_step(careful)
    send_code(own, right_code())
    for _attempt in range(CODES[0].times):
        assert own.post(reverse("mfa_reauthenticate"), {"code": wrong_code()}).status_code == 200
    assert is_locked(own.post(reverse("mfa_reauthenticate"), {"code": right_code()}))


def test_strangers_do_not_keep_the_owner_out_of_a_known_browser(careful: User) -> None:
    own = at_the_second_step(careful)
    send_code(own, right_code())
    own.post(reverse("account_logout"))
    failed_before(ACCOUNT.times, careful.email, "198.51.100.1")
    stranger = Client()
    assert is_locked(sign_in(stranger, careful.email))
    let_pass(ACCOUNT.within)
    for _attempt in range(CODES[0].times):
        send_code(at_the_second_step(careful), wrong_code())
    fail(PAIR.times, careful.email, "192.0.2.1")
    assert is_locked(sign_in(stranger, careful.email))
    assert sign_in(own, careful.email).headers["Location"] == reverse("mfa_authenticate")
    send_code(own, right_code())
    assert is_in(own)


def test_a_known_browser_has_a_limit_wherever_it_is_taken(worker: User) -> None:
    own = Client()
    sign_in(own, worker.email)
    own.post(reverse("account_logout"))
    for number in range(PAIR.times):
        sign_in(own, worker.email, "wrong", f"192.0.2.{number}")
    assert is_locked(sign_in(own, worker.email, network="198.51.100.1"))
    assert sign_in(Client(), worker.email).status_code == 302


def test_a_browser_is_known_for_its_own_address_only(worker: User) -> None:
    """Nobody makes themselves known for somebody else, neither by their own cookie nor by an invented one."""
    thief = Client()
    sign_in(thief, make_user("Thief").email)
    thief.post(reverse("account_logout"))
    assert thief.cookies[KNOWN_BROWSER]["httponly"]
    fail(PAIR.times, worker.email, "192.0.2.1")
    assert is_locked(sign_in(thief, worker.email))
    thief.cookies[KNOWN_BROWSER] = "é" + worker.email
    assert is_locked(sign_in(thief, worker.email))


@pytest.mark.parametrize("is_somebody", [True, False], ids=["known", "unknown"])
def test_an_account_has_a_ceiling_over_all_networks(worker: User, is_somebody: bool) -> None:
    email = worker.email if is_somebody else "nobody@example.test"
    for number in range(9):
        failed_before(9, email, f"198.51.100.{number}")
    for number in range(9, 11):
        assert fail(9, email, f"198.51.100.{number}") == {200}
    assert fail(1, email.upper(), "198.51.100.11") == {429}
    assert AccessFailureLog.objects.count() == ACCOUNT.times
    assert is_locked(sign_in(Client(), email, network="203.0.113.1"))
    assert sign_in(Client(), make_user("Other").email, network="203.0.113.1").status_code == 302
    let_pass(ACCOUNT.within)
    assert sign_in(Client(), email, network="203.0.113.1").status_code == (302 if is_somebody else 200)


def test_a_network_has_a_ceiling_over_all_accounts(worker: User) -> None:
    for number in range(NETWORK.times - 1):
        assert fail(1, f"person{number}@example.test", "192.0.2.1") == {200}
    assert fail(1, "person@example.test", "192.0.2.1") == {429}
    guest = Client()
    assert is_locked(sign_in(guest, worker.email))
    assert not is_in(guest)
    assert sign_in(Client(), worker.email, network="192.0.2.2").status_code == 302
    assert client_of(worker).get("/api/v1/me/", REMOTE_ADDR="192.0.2.1").status_code == 200
    let_pass(NETWORK.within)
    assert sign_in(guest, worker.email).status_code == 302


def test_an_office_signs_in_as_often_as_it_likes(worker: User) -> None:
    assert {sign_in(Client(), worker.email).status_code for _ in range(PAIR.times + 1)} == {302}
    assert not AccessFailureLog.objects.exists()


@pytest.mark.parametrize(
    ("networks", "is_one"),
    [
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), True),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), False),
        (("::ffff:192.0.2.1", "192.0.2.1"), True),
        (("::ffff:192.0.2.1", "::ffff:192.0.2.2"), False),
    ],
)
def test_one_connection_is_one_network(worker: User, networks: tuple[str, str], is_one: bool) -> None:
    fail(PAIR.times, worker.email, networks[0])
    assert is_locked(sign_in(Client(), worker.email, network=networks[1])) is is_one


def test_a_rest_ends_however_much_is_tried_meanwhile(worker: User) -> None:
    assert fail(PAIR.times + 20, worker.email, "192.0.2.1") == {200, 429}
    assert AccessFailureLog.objects.count() == PAIR.times
    let_pass(PAIR.within)
    assert sign_in(Client(), worker.email).status_code == 302


def test_failures_are_kept_for_a_day(worker: User) -> None:
    fail(1, worker.email, "192.0.2.1")
    let_pass(timedelta(days=1))
    fail(1, "nobody@example.test", "192.0.2.2")
    assert [each.username for each in AccessFailureLog.objects.all()] == ["nobody@example.test"]


def test_an_administrator_ends_a_rest_by_address(careful: User) -> None:
    for _attempt in range(CODES[0].times):
        send_code(at_the_second_step(careful), wrong_code())
    fail(PAIR.times, careful.email, "192.0.2.1")
    fail(1, "nobody@example.test", "192.0.2.1")
    assert is_locked(sign_in(Client(), careful.email))
    call_command("axes_reset_username", careful.email.upper())
    assert AccessFailureLog.objects.count() == 1
    guest = at_the_second_step(careful)
    send_code(guest, right_code())
    assert is_in(guest)


def test_an_administrator_ends_a_rest_by_network(worker: User) -> None:
    fail(PAIR.times, worker.email, "2001:db8:1:2::1")
    fail(1, worker.email, "192.0.2.1")
    call_command("axes_reset_ip", "2001:db8:1:2::77")
    assert AccessFailureLog.objects.count() == 1
    assert sign_in(Client(), worker.email, network="2001:db8:1:2::1").status_code == 302


@pytest.mark.parametrize(("language", "words"), [("en", "Left to wait: 15"), ("ru", "Осталось ждать: 15")])
def test_the_page_says_how_long(worker: User, language: str, words: str) -> None:
    fail(PAIR.times, worker.email, "192.0.2.1")
    guest = Client()
    guest.cookies["django_language"] = language
    assert words in sign_in(guest, worker.email).text
