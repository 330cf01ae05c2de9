"""Who is behind the cookie of a live page."""

import pytest
from django.conf import settings

from accounts.models import User
from accounts.operations import begin_view
from accounts.sessions import SessionStore
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from smartcrm.live.messages import watcher_of
from tests.factories import actor_of, make_admin, make_process, make_role, make_user, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_connection_of_the_test_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartcrm.live.messages.close_old_connections", lambda: None)


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def person(process: Process) -> User:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    return person


def cookie_of(session: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={session}"


def test_watcher_is_the_person_who_signed_in_with_what_they_see(person: User, process: Process) -> None:
    watcher = watcher_of(cookie_of(session_of(person)))
    assert watcher is not None
    assert (watcher.user_id, [*watcher.accesses]) == (person.pk, [process.pk])


def test_nobody_watches_without_a_session_of_somebody_active(person: User) -> None:
    cookie = cookie_of(session_of(person))
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert [watcher_of(each) for each in ("", cookie_of("x"), cookie)] == [None] * 3


def test_nobody_watches_as_somebody_else_after_the_viewer_is_gone(person: User) -> None:
    admin = make_admin()
    cookie = session_of(admin)
    session = SessionStore(cookie)
    begin_view(person, session=session, actor=actor_of(admin))
    session.save()
    watcher = watcher_of(cookie_of(cookie))
    assert watcher is not None
    assert watcher.user_id == person.pk
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert watcher_of(cookie_of(cookie)) is None


def test_fault_is_not_taken_for_a_stranger(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_user: User) -> None:
        raise AttributeError("of our own")

    monkeypatch.setattr("smartcrm.live.messages.actor_for", break_down)
    with pytest.raises(AttributeError, match="of our own"):
        watcher_of(cookie_of(session_of(person)))
