"""An administrator looks at the product as somebody else, and changes nothing."""

from typing import Any

import pytest
from django.conf import settings
from django.db import InternalError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.operations import (
    assign_role,
    create_token,
    deactivate_person,
    end_view,
    set_administrator,
    unassign_role,
)
from accounts.viewing import LASTS, is_viewing
from core.actor import SYSTEM
from core.reading import only_reading
from events.models import Event
from notifications.models import Notification
from processes.models import Process
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def looking(admin: Client, worker: User) -> Client:
    """The administrator's browser while it looks as the worker."""
    begin(admin, worker)
    return admin


@pytest.fixture
def hidden(db: None) -> Process:
    """A process of which the worker knows nothing."""
    return make_process(name="Salaries", key="salaries")


def begin(client: Client, person: User, **data: str) -> Any:
    return client.post(reverse("view-begin"), {"person": person.pk, **data})


def end(client: Client, **data: str) -> Any:
    return client.post(reverse("view-end"), data)


def is_banner_in(text: str) -> bool:
    return 'class="viewing"' in text


def test_pages_are_those_of_the_person_under_a_banner(
    admin: Client, worker: User, process: Process, hidden: Process
) -> None:
    assert admin.get("/p/salaries/").status_code == 200
    answer = begin(admin, worker, next="/p/requests/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/p/requests/")
    board = admin.get("/p/requests/")
    assert board.status_code == 200
    assert is_banner_in(board.text)
    assert "You see this as <strong>Worker</strong>" in board.text
    assert "Salaries" not in board.text
    gone = admin.get("/p/salaries/")
    assert gone.status_code == 404
    assert is_banner_in(gone.text)
    assert admin.get(reverse("people")).status_code == 403
    assert admin.get("/nowhere/").status_code == 404


def test_back_to_oneself_on_the_same_page(looking: Client, boss: User, worker: User, hidden: Process) -> None:
    answer = end(looking, next="/p/salaries/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/p/salaries/")
    page = looking.get("/p/salaries/")
    assert page.status_code == 200
    assert not is_banner_in(page.text)
    begun, ended = Event.objects.filter(kind__in=("person.viewed_as", "person.view_ended")).order_by("id")
    assert (begun.kind, begun.actor_user_id, begun.data) == ("person.viewed_as", boss.pk, {"user_id": worker.pk})
    assert (ended.kind, ended.actor_user_id, ended.data) == ("person.view_ended", boss.pk, {"user_id": worker.pk})


def test_only_own_addresses_are_gone_to(admin: Client, worker: User) -> None:
    assert begin(admin, worker, next="https://example.test/").headers["Location"] == "/"
    assert end(admin, next="//example.test/").headers["Location"] == "/"


@pytest.mark.parametrize("headers", [{}, FRAGMENT, {"Accept": "application/json"}], ids=["page", "fragment", "script"])
def test_nothing_is_changed(looking: Client, worker: User, process: Process, headers: dict[str, str]) -> None:
    events = Event.objects.count()
    answer = looking.post("/p/requests/new/", {"title": "Printer"}, headers=headers)
    assert answer.status_code == 403
    said = answer.text if not headers else answer.json()["message"]
    assert "You see this as Worker and are only looking, so nothing has been changed." in said
    if headers:
        assert answer.json()["code"] == "only_looking"
    else:
        assert is_banner_in(answer.text)
    assert Event.objects.count() == events
    assert not Record.objects.exists()


def test_private_state_of_the_person_stays(looking: Client, worker: User, process: Process) -> None:
    told = Notification.objects.create(user=worker, kind="robot", text="Look here")
    before = User.objects.values().get(pk=worker.pk)
    page = looking.get(reverse("notifications"))
    assert "Look here" in page.text
    assert looking.get(reverse("notifications-unread")).json() == {"unread": 1}
    for name, data in (("choose-theme", {"theme": "dark"}), ("choose-language", {"language": "ru"})):
        assert looking.post(reverse(name), data).status_code == 403
    assert looking.post(reverse("notifications-read-all")).status_code == 403
    told.refresh_from_db()
    assert told.read_at is None
    assert User.objects.values().get(pk=worker.pk) == before
    assert not worker.sessions.exists()


@pytest.mark.parametrize(
    "name",
    ["profile", "tokens", "token-new", "mfa_index", "account_change_password", "account_reauthenticate", "api-docs"],
)
def test_private_pages_stay_closed(looking: Client, worker: User, name: str) -> None:
    create_token(worker, name="Sync", scopes=["read"], expires_at=None, actor=actor_of(worker))
    answer = looking.get(reverse(name))
    assert answer.status_code == 403
    assert "Only Worker sees this page." in answer.text
    assert "Sync" not in answer.text


def test_rest_answers_tokens_and_no_looking_browser(
    looking: Client, boss: User, worker: User, process: Process
) -> None:
    for method in ("get", "post"):
        answer = getattr(looking, method)("/api/v1/tokens/")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    _token, secret = create_token(
        boss, name="Sync", scopes=["read", "write", "admin"], expires_at=None, actor=actor_of(boss)
    )
    bearer = {"Authorization": f"Bearer {secret}"}
    assert looking.get("/api/v1/me/", headers=bearer).json()["id"] == boss.pk
    made = looking.post(
        "/api/v1/processes/requests/records/", {"title": "Printer"}, content_type="application/json", headers=bearer
    )
    assert made.status_code == 201
    assert looking.post("/p/requests/new/", {"title": "Printer"}, headers=bearer).status_code == 403
    assert Record.objects.count() == 1


def test_rights_are_those_of_now(looking: Client, worker: User, hidden: Process) -> None:
    role = make_role("Accountant")
    set_grants(hidden, {role.pk: EMPLOYEE}, actor=SYSTEM)
    assert looking.get("/p/salaries/").status_code == 404
    assign_role(role, to=worker, actor=SYSTEM)
    assert looking.get("/p/salaries/").status_code == 200
    unassign_role(role, user=worker, actor=SYSTEM)
    assert looking.get("/p/salaries/").status_code == 404


def test_only_administrators_look(employee: Client, worker: User) -> None:
    other = make_user("Other")
    assert begin(employee, other).status_code == 403
    assert not is_viewing(employee.session)
    assert not Event.objects.filter(kind="person.viewed_as").exists()
    assert end(employee).status_code == 302
    assert not Event.objects.filter(kind="person.view_ended").exists()


def test_whom_nobody_looks_as(admin: Client, boss: User) -> None:
    gone = make_user("Gone", is_active=False)
    for person in (boss, make_user("Second", is_admin=True), gone):
        assert begin(admin, person).status_code == 409
    for nobody in ("0", "", "x", "99999999999999999999"):
        assert admin.post(reverse("view-begin"), {"person": nobody}).status_code == 404
    assert not is_viewing(admin.session)


def test_one_view_is_not_begun_in_another(looking: Client) -> None:
    assert begin(looking, make_user("Other")).status_code == 403
    assert "as <strong>Worker</strong>" in looking.get("/work/").text


@pytest.mark.parametrize("first", ["get", "post"])
def test_view_ends_when_the_administrator_is_none_any_more(
    looking: Client, boss: User, worker: User, process: Process, first: str
) -> None:
    set_administrator(make_user("Second"), is_admin=True, actor=SYSTEM)
    set_administrator(boss, is_admin=False, actor=SYSTEM)
    _ends(looking, first, status=404)


@pytest.mark.parametrize("first", ["get", "post"])
def test_view_ends_after_an_hour(
    looking: Client, process: Process, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    session = looking.session
    session["viewing"] = {**session["viewing"], "until": session["viewing"]["until"] - LASTS.total_seconds()}
    session.save()
    _ends(looking, first, status=200)


def test_view_ends_with_the_person(looking: Client, worker: User, process: Process) -> None:
    deactivate_person(worker, actor=SYSTEM)
    _ends(looking, "get", status=200)


def test_view_ends_when_the_person_becomes_an_administrator(looking: Client, worker: User, process: Process) -> None:
    set_administrator(worker, is_admin=True, actor=SYSTEM)
    _ends(looking, "post", status=200)


def _ends(client: Client, first: str, *, status: int) -> None:
    """The next request is the administrator's own; if a page of the view would change something, it is refused."""
    if first == "post":
        answer = client.post("/p/requests/new/", {"title": "Printer"})
        assert answer.status_code == 403
        assert "Load the page again" in answer.text
        assert not Record.objects.exists()
    page = client.get("/p/requests/")
    assert page.status_code == status
    assert not is_banner_in(page.text)
    assert not is_viewing(client.session)


def test_signing_out_ends_it(looking: Client, boss: User, worker: User) -> None:
    assert looking.post(reverse("account_logout")).status_code == 302
    assert looking.get("/work/").status_code == 302
    looking.force_login(boss, settings.AUTHENTICATION_BACKENDS[-1])
    assert not is_banner_in(looking.get("/work/").text)


def test_pages_drawn_before_or_during_the_view_write_nothing_after_it(boss: User, worker: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss, settings.AUTHENTICATION_BACKENDS[-1])

    def token() -> str:
        client.get("/work/")
        return client.cookies["csrftoken"].value

    before = token()
    assert client.post(reverse("view-begin"), {"person": worker.pk, "csrfmiddlewaretoken": before}).status_code == 302
    during = token()
    assert client.post(reverse("view-end"), {"csrfmiddlewaretoken": before}).status_code == 403
    assert client.post(reverse("view-end"), {"csrfmiddlewaretoken": during}).status_code == 302
    for old in (before, during):
        stale = client.post(reverse("choose-theme"), {"theme": "dark", "csrfmiddlewaretoken": old})
        assert stale.status_code == 403
    assert client.post(reverse("choose-theme"), {"theme": "dark", "csrfmiddlewaretoken": token()}).status_code == 204


def test_use_is_noted_of_the_administrator(looking: Client, boss: User, worker: User) -> None:
    assert boss.sessions.count() == 1
    assert looking.get("/work/").status_code == 200
    assert boss.sessions.get().user_id == boss.pk
    worker.refresh_from_db()
    assert worker.last_login is None


def test_time_zone_is_the_persons_and_language_the_administrators(looking: Client, worker: User) -> None:
    User.objects.filter(pk=worker.pk).update(language="ru", time_zone="Asia/Tokyo")
    page = looking.get("/work/")
    assert page.headers["Content-Language"] == "en"
    assert "You see this as" in page.text


def test_database_itself_refuses_what_writes_while_looking(worker: User, process: Process) -> None:
    with pytest.raises(InternalError, match="read-only"), transaction.atomic(), only_reading():
        create_record(process, values={"title": "Printer"}, actor=SYSTEM)
    create_record(process, values={"title": "Printer"}, actor=SYSTEM)
    assert Record.objects.count() == 1


def test_ways_in_are_where_one_looks_for_them(
    admin: Client, employee: Client, boss: User, worker: User, process: Process
) -> None:
    for path in (reverse("people"), reverse("person", args=[worker.pk])):
        assert "View as Worker" in admin.get(path).text
    assert "View as" not in admin.get(reverse("person", args=[boss.pk])).text
    access = admin.get(reverse("process-access", args=["requests"])).text
    assert f'<option value="{worker.pk}">' in access
    assert f'<option value="{boss.pk}">' not in access
    keeper = make_user("Keeper")
    rights = {**EMPLOYEE, "manage_access": 5}
    set_grants(process, {make_role("Keepers", people=(keeper,)).pk: rights}, actor=SYSTEM)
    page = signed_in(keeper).get(reverse("process-access", args=["requests"]))
    assert page.status_code == 200
    assert "View as" not in page.text


def test_end_without_a_view_says_nothing(boss: User) -> None:
    end_view(session=signed_in(boss).session, actor=actor_of(boss))
    assert not Event.objects.exists()
