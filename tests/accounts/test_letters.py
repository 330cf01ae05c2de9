"""Letters about accounts: written with the change, sent by a worker, once, whatever the mail server does."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.letters import deliver_letters, outbox
from accounts.models import Invitation, Letter
from accounts.operations import (
    accept_invitation,
    ask_for_password,
    deactivate_person,
    invitation_for,
    invite_person,
    renew_invitation,
    revoke_invitation,
)
from core.actor import SYSTEM
from core.errors import Conflict, NotAllowed, NotFound
from events.models import Event
from tests.factories import actor_of, make_user
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: LazySettings) -> Iterator[MailServer]:
    server = MailServer()
    server.use(settings)
    server.start()
    yield server
    server.stop()


def invite(language: str = "en", **more: Any) -> tuple[Any, str]:
    return invite_person(email="Nina@Example.test", name="Нина", language=language, by_mail=True, actor=SYSTEM, **more)


def later() -> None:
    """The pause before the next attempt is over."""
    Letter.objects.update(due_at=Now() - timedelta(seconds=1))


def test_invitation_is_mailed_in_the_language_of_the_invited_with_the_inviters_link(settings: LazySettings) -> None:
    _user, secret = invite("ru")
    assert deliver_letters() == 1
    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    html, kind = message.alternatives[0]
    link = f"{settings.BASE_URL}/join/{secret}/"
    assert (message.to, kind) == (["Nina@example.test"], "text/html")
    assert link in message.body
    assert f'href="{link}"' in str(html)
    assert 'lang="ru"' in str(html)
    assert re.search("[а-яё]{4}", message.subject)


def test_mailed_link_opens_the_door_once() -> None:
    user, _secret = invite()
    deliver_letters()
    found = re.search(r"/join/([\w-]+)/", str(mail.outbox[0].body))
    assert found
    assert accept_invitation(found[1], password="a long walk by the river").pk == user.pk
    with pytest.raises(NotFound):
        invitation_for(found[1])


def test_secret_of_an_invitation_is_stored_nowhere() -> None:
    _user, secret = invite()
    for model in (Invitation, Letter, Event):
        assert secret not in str(list(model.objects.values()))


def test_rolled_back_invitation_sends_nothing() -> None:
    with transaction.atomic():
        invite()
        transaction.set_rollback(True)
    assert deliver_letters() == 0


def test_server_that_is_down_and_comes_back_gets_the_mail_exactly_once(server: MailServer) -> None:
    _user, secret = invite()
    server.stop()
    assert (deliver_letters(), outbox.has_due()) == (0, False)
    assert "refused" in Letter.objects.get().error
    server.start()
    later()
    assert outbox.has_due()
    assert (deliver_letters(), deliver_letters()) == (1, 0)
    later()
    assert deliver_letters() == 0
    assert len(server.taken) == 1
    taken = server.taken[0]
    assert taken["To"] == "Nina@example.test"
    assert str(Letter.objects.get().key) in taken["Message-ID"]
    assert secret in taken.get_body(("plain",)).get_content()
    assert (Letter.objects.get().state, Letter.objects.get().error) == (Letter.State.SENT, "")


def test_mail_is_never_sent_inside_a_transaction(server: MailServer, transactional_db: None) -> None:
    invite()
    inside: list[bool] = []
    send = outbox.send
    outbox.send = lambda letter: (inside.append(transaction.get_connection().in_atomic_block), send(letter))[1]
    try:
        assert deliver_letters() == 1
    finally:
        outbox.send = send
    assert inside == [False]


def test_key_that_was_changed_still_makes_the_link_of_a_letter_that_waits(settings: LazySettings) -> None:
    _user, secret = invite()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, since this morning"
    assert deliver_letters() == 1
    assert secret in str(mail.outbox[0].body)


def test_forgotten_key_gives_the_letter_up() -> None:
    invite()
    Invitation.objects.update(digest="0" * 64)
    assert deliver_letters() == 0
    assert Letter.objects.get().state == Letter.State.FAILED


def test_revoked_invitation_is_not_mailed_and_its_link_is_closed() -> None:
    user, secret = invite()
    revoke_invitation(user, actor=SYSTEM)
    assert deliver_letters() == 0
    assert Letter.objects.get().state == Letter.State.FAILED
    with pytest.raises(NotFound):
        invitation_for(secret)
    with pytest.raises(Conflict):
        revoke_invitation(user, actor=SYSTEM)
    assert Event.objects.filter(kind="person.invitation_revoked").count() == 1


def test_sending_again_closes_the_earlier_link() -> None:
    user, first = invite()
    second = renew_invitation(user, by_mail=True, actor=SYSTEM)
    assert deliver_letters() == 1
    assert second in str(mail.outbox[0].body)
    with pytest.raises(NotFound):
        invitation_for(first)
    assert invitation_for(second).user == user


def test_whoever_is_deactivated_meanwhile_gets_no_letter() -> None:
    user, _secret = invite()
    deactivate_person(user, actor=SYSTEM)
    assert deliver_letters() == 0
    assert mail.outbox == []


def test_only_administrators_invite_and_revoke() -> None:
    user, _secret = invite()
    worker = actor_of(make_user())
    for refused in (renew_invitation, revoke_invitation):
        with pytest.raises(NotAllowed):
            refused(user, actor=worker)
    assert Letter.objects.count() == 1


def test_asking_for_a_password_does_the_same_for_known_and_unknown_addresses(django_assert_num_queries: Any) -> None:
    user = make_user()
    for address in (user.email, "nobody@example.test"):
        with django_assert_num_queries(4):
            ask_for_password(address)
    assert deliver_letters() == 1
    assert [message.to for message in mail.outbox] == [[user.email]]
    assert Letter.objects.get(to="nobody@example.test").state == Letter.State.FAILED


def test_one_address_gets_few_letters_an_hour() -> None:
    user = make_user()
    for _number in range(8):
        ask_for_password(user.email.upper())
    assert deliver_letters() == 5
    Letter.objects.update(created_at=timezone.now() - timedelta(hours=2))
    ask_for_password(user.email)
    assert deliver_letters() == 1


def test_letters_are_forgotten_after_a_month() -> None:
    invite()
    deliver_letters()
    Letter.objects.update(created_at=timezone.now() - timedelta(days=31))
    deliver_letters()
    assert Letter.objects.count() == 0


def test_slow_mail_server_holds_up_no_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(self: EmailMessage, fail_silently: bool = False) -> int:
        raise AssertionError("The request sends nothing itself.")

    monkeypatch.setattr(EmailMessage, "send", send)
    invite()
    ask_for_password(make_user().email)
    assert Letter.objects.filter(state=Letter.State.WAITING).count() == 2
