"""Who may open the pages of administrators, and what a refusal leaves untouched."""

from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Invitation, User
from automation.models import Robot
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from processes.operations import set_grants
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

OF_A_PROCESS = (
    "settings/", "settings/fields/", "settings/stages/", "settings/moves/", "settings/access/", "automation/",
    "automation/log/",
)  # fmt: skip
OF_THE_HOUSE = ("/processes/new/", "/people/", "/roles/")


@pytest.fixture
def process() -> Process:
    return make_process(key="requests")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.fixture
def employee(process: Process) -> Client:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return signed_in(person)


@pytest.mark.parametrize("page", OF_A_PROCESS)
def test_process_pages_open_for_administrators_and_refuse_everybody_else(
    process: Process, employee: Client, page: str
) -> None:
    path = f"/p/requests/{page}"
    assert signed_in(make_admin()).get(path).status_code == HTTPStatus.OK
    assert employee.get(path).status_code == HTTPStatus.FORBIDDEN
    assert signed_in(make_user()).get(path).status_code == HTTPStatus.NOT_FOUND
    assert Client().get(path).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("path", OF_THE_HOUSE)
def test_pages_of_the_house_refuse_whoever_is_no_administrator(employee: Client, path: str) -> None:
    assert signed_in(make_admin()).get(path).status_code == HTTPStatus.OK
    assert employee.get(path).status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


def test_refused_writes_change_nothing(process: Process, employee: Client) -> None:
    before = definition_of(process).version
    stage = definition_of(process).stage("in_work")
    attempts = (
        ("/p/requests/settings/", {"name": "Stolen"}),
        ("/p/requests/settings/archive/", {}),
        ("/p/requests/settings/fields/new/?type=text", {"label": "Mine"}),
        ("/p/requests/settings/stages/new/", {"name": "Mine"}),
        ("/p/requests/settings/access/", {}),
        (f"/p/requests/automation/stages/{stage.id}/add/add_comment/", {"settings-text": "x"}),
        ("/people/invite/", {"name": "x", "email": "x@example.test"}),
        ("/roles/new/", {"name": "Mine"}),
    )
    for path, data in attempts:
        assert employee.post(path, data).status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND), path
    assert definition_of(process).version == before
    assert not Robot.objects.exists()
    assert not Invitation.objects.exists()


def test_wrong_draft_comes_back_with_its_words_and_places() -> None:
    admin = signed_in(make_admin())
    answer = admin.post("/processes/new/", {"name": "", "noun": "request", "noun_plural": "requests"})
    assert answer.status_code in (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert not Process.objects.exists()
