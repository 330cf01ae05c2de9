"""Buttons over REST."""

from typing import Any

import pytest

from automation.drafts import TriggerDraft
from automation.models import Robot, Trigger
from automation.operations import create_trigger, switch_trigger
from core.actor import SYSTEM
from events.models import Event
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.api.conftest import ApiClient, client_of
from tests.api.test_errors import refused
from tests.automation.helpers import make_robot, settle, stage_of
from tests.factories import make_process, make_role, make_user


@pytest.fixture
def presser(process: Process) -> ApiClient:
    """A program of somebody who may see and press, and nothing else."""
    person = make_user("Vera")
    rights = {Operation.VIEW: Scope.ALL, Operation.RUN_BUTTON: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    return client_of(person)


@pytest.fixture
def button(process: Process) -> Trigger:
    draft = TriggerDraft("button", {"text": "Take it", "question": "Sure?"})
    return create_trigger(stage_of(process, "in_work"), draft, actor=SYSTEM).trigger


@pytest.fixture
def one(process: Process) -> str:
    """The address of a record."""
    row = create_record(process, values={"title": "Printer"}, actor=SYSTEM)
    return f"/processes/{process.key}/records/{row.pk}/"


def items(client: ApiClient, one: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.call("get", f"{one}buttons/").json()["items"]
    return found


def test_record_tells_its_buttons_and_takes_a_press(
    process: Process, presser: ApiClient, button: Trigger, one: str
) -> None:
    robot = make_robot(process, button="Remind", delay_seconds=3600)
    move, remind = items(presser, one)
    assert move == {
        "id": f"trigger-{button.pk}",
        "text": "Take it",
        "question": "Sure?",
        "stage": "in_work",
        "is_busy": False,
        "run_at": None,
    }
    assert (remind["id"], remind["stage"], remind["is_busy"]) == (f"robot-{robot.pk}", None, False)
    pressed = presser.call("post", f"{one}buttons/{remind['id']}/press/")
    assert (pressed.status_code, pressed.json()) == (202, {"event": Event.objects.get(kind="button.pressed").pk})
    settle()
    busy = items(presser, one)[1]
    assert (busy["is_busy"], busy["run_at"] is None) == (True, False)
    assert presser.call("post", f"{one}buttons/{move['id']}/press/").status_code == 202
    settle()
    assert Record.objects.get().stage.key == "in_work"
    assert items(presser, one) == []


def test_repeated_press_with_one_key_is_one_press(process: Process, presser: ApiClient, one: str) -> None:
    path = f"{one}buttons/robot-{make_robot(process, button='Remind').pk}/press/"
    first, again = (presser.call("post", path, {}, idempotency_key="k1") for _repeat in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    answer = presser.call("post", path, {}, idempotency_key="k2")
    refused(answer, 409, "cannot_press")
    assert answer.json()["details"] == {"reason": "unfinished"}
    settle()
    assert Event.objects.filter(kind="button.pressed").count() == 1


def test_press_is_refused_with_its_reason(
    process: Process, client_anna: ApiClient, presser: ApiClient, button: Trigger, one: str
) -> None:
    path = f"{one}buttons/trigger-{button.pk}/press/"
    switch_trigger(button, is_on=False, actor=SYSTEM)
    assert presser.call("post", path).json()["details"] == {"reason": "off"}
    refused(client_anna.call("post", path), 403, "not_allowed")
    assert items(client_anna, one) == []
    other = create_trigger(
        stage_of(make_process(), "in_work"), TriggerDraft("button", {"text": "x"}), actor=SYSTEM
    ).trigger
    foreign = presser.call("post", f"{one}buttons/trigger-{other.pk}/press/").json()
    absent = presser.call("post", f"{one}buttons/trigger-{10**9}/press/").json()
    assert (
        (foreign["code"], foreign["message"])
        == (absent["code"], absent["message"])
        == (
            "not_found",
            "There is no such button.",
        )
    )
    refused(presser.call("post", f"{one}buttons/nonsense/press/"), 404, "not_found")


def test_button_of_a_robot_is_written_and_read(admin: ApiClient, process: Process) -> None:
    base = f"/processes/{process.key}/robots/"
    body = {
        "stage": "in_work",
        "kind": "add_comment",
        "settings": {"text": "Hello"},
        "button": " Greet ",
        "button_question": "Now?",
    }
    made = admin.call("post", base, body).json()
    assert (made["button"], Robot.objects.get().button, made["button_question"]) == ("Greet", "Greet", "Now?")
    assert admin.call("get", base).json()["items"][0]["button"] == "Greet"
    refused(admin.call("post", f"{base}{made['id']}/start/"), 409, "conflict")
    both = admin.call("patch", f"{base}{made['id']}/", {"wait_for_previous": True})
    refused(both, 400, "invalid", "wait_for_previous")
    assert admin.call("patch", f"{base}{made['id']}/", {"name": "Other"}).json()["button"] == "Greet"
    refused(admin.call("patch", f"{base}{made['id']}/", {"button": ""}), 400, "invalid", "button")
    off = admin.call("patch", f"{base}{made['id']}/", {"button": "", "button_question": ""}).json()
    assert (off["button"], off["button_question"]) == ("", "")
    refused(admin.call("post", base, body | {"button": "x" * 61}), 400, "invalid", "button")


def test_right_to_press_is_granted_over_rest(admin: ApiClient, process: Process) -> None:
    role = make_role("Clerks")
    body = {"grants": {str(role.pk): {"view": 5, "run_button": 1}}}
    told = admin.call("put", f"/processes/{process.key}/access/", body)
    assert told.status_code == 200, told.json()
    assert "run_button" in str(admin.call("get", f"/processes/{process.key}/access/").json())
