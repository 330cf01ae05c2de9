"""Who may open what: every page of administrators, against a stranger, an employee and somebody without the process."""

import pytest
from django.test import Client
from django.urls import reverse

from processes.models import Process, Stage
from tests.factories import make_user, signed_in

pytestmark = pytest.mark.django_db

OF_ADMINISTRATORS = ("people", "person-invite", "roles", "role-new", "process-new")
OF_EVERYBODY = ("processes", "profile", "tokens", "token-new", "notifications", "mfa_index", "account_change_password")
OF_DESIGNERS = (
    "process-settings",
    "process-fields",
    "field-new",
    "process-stages",
    "stage-new",
    "pipeline-new",
    "process-moves",
    "process-access",
    "process-automation",
    "automation-log",
)


@pytest.mark.parametrize("name", OF_ADMINISTRATORS)
def test_pages_of_administrators_refuse_everybody_else(name: str, admin: Client, employee: Client) -> None:
    assert admin.get(reverse(name)).status_code == 200
    assert employee.get(reverse(name)).status_code == 403
    assert Client().get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", OF_EVERYBODY)
def test_pages_of_everybody_ask_strangers_to_sign_in(name: str, employee: Client) -> None:
    assert employee.get(reverse(name)).status_code == 200
    assert Client().get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", OF_DESIGNERS)
def test_settings_of_a_process_are_for_those_who_may_change_it(
    name: str, process: Process, admin: Client, employee: Client
) -> None:
    url = reverse(name, args=[process.key])
    assert admin.get(url).status_code == 200
    assert employee.get(url).status_code == 403
    assert signed_in(make_user()).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_unknown_process_answers_like_a_foreign_one(process: Process) -> None:
    outsider = signed_in(make_user())
    for name in ("process-settings", "process-automation", "process-access"):
        foreign = outsider.get(reverse(name, args=[process.key]))
        absent = outsider.get(reverse(name, args=["nowhere"]))
        assert foreign.status_code == absent.status_code == 404


def test_changes_refuse_an_employee_and_change_nothing(process: Process, employee: Client) -> None:
    stage = Stage.objects.filter(pipeline__process=process).first()
    assert stage
    before = process.version
    for url, data in (
        (reverse("process-settings", args=[process.key]), {"name": "Mine"}),
        (reverse("process-archive", args=[process.key]), {}),
        (reverse("field-remove", args=[process.key, "amount"]), {}),
        (reverse("stage-remove", args=[process.key, stage.pk]), {}),
        (reverse("process-moves", args=[process.key]), {"moves": "any"}),
        (reverse("process-access", args=[process.key]), {}),
        (reverse("robot-new", args=[process.key, stage.pk, "add_comment"]), {"settings-text": "x"}),
    ):
        assert employee.post(url, data).status_code == 403, url
    saved = Process.objects.get(pk=process.pk)
    assert saved.version == before
