"""The automation page: robots by stage, their editor, the log."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from automation.drafts import RobotDraft
from automation.models import Robot, Run, State
from automation.operations import create_robot
from core.actor import SYSTEM
from processes.models import Process, Stage
from records.operations import create_record
from web.forms.conditions import is_shallow

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def stage(process: Process) -> Stage:
    return Stage.objects.get(pipeline__process=process, key="in_work")


@pytest.fixture
def robot(stage: Stage) -> Robot:
    return create_robot(stage, RobotDraft("add_comment", {"text": "Hello"}, name="Greeter"), actor=SYSTEM).robot


def run_of(robot: Robot, process: Process, **changes: Any) -> Run:
    row = create_record(process, values={"title": "Paper"}, actor=SYSTEM)
    return Run.objects.create(
        rule_id=robot.pk,
        rule_version=1,
        name=robot.name,
        event_id=row.pk,
        process_id=process.pk,
        record_id=row.pk,
        lane="internal",
        root_id=row.pk,
        run_at=timezone.now(),
        **changes,
    )


def test_editor_adds_a_robot_with_delay_condition_and_placeholders(
    admin: Client, process: Process, stage: Stage
) -> None:
    condition = {"all": [{"field": "amount", "op": "ge", "value": "1000"}]}
    answer = admin.post(
        reverse("robot-new", args=[process.key, stage.pk, "create_task"]),
        {
            "name": "",
            "delay": "2",
            "unit": "3600",
            "condition": json.dumps(condition),
            "is_on": "on",
            "wait_for_previous": "on",
            "settings-title": "Call about {{ title }}",
            "settings-assignee": "assignee",
            "settings-due_unit": "d",
        },
    )
    assert answer.status_code == 302
    robot = Robot.objects.get(stage=stage)
    assert (robot.name, robot.delay_seconds, robot.wait_for_previous) == ("Create a task", 7200, True)
    assert robot.condition == {"all": [{"field": "amount", "op": "ge", "value": 1000}]}
    assert robot.settings["title"] == "Call about {{ title }}"
    page = admin.get(reverse("process-automation", args=[process.key])).context["page"]
    assert [tile.name for column in page.columns for tile in column.robots] == ["Create a task"]


def test_unknown_placeholder_is_said_beside_the_text_and_nothing_is_lost(
    admin: Client, process: Process, stage: Stage
) -> None:
    url = reverse("robot-new", args=[process.key, stage.pk, "add_comment"])
    answer = admin.post(url, {"name": "Mine", "settings-text": "{{ amonut }}", "delay": "5", "unit": "60"})
    assert answer.status_code == 422
    assert answer.context["settings"].errors.keys() == {"text"}
    assert "{{ amonut }}" in answer.text
    assert not Robot.objects.exists()


def test_condition_that_cannot_be_read_is_refused(admin: Client, process: Process, stage: Stage) -> None:
    for condition in ('{"all": [{"field": "nothing", "op": "is", "value": 1}]}', "{", '{"any": []}'):
        answer = admin.post(
            reverse("robot-new", args=[process.key, stage.pk, "add_comment"]),
            {"settings-text": "x", "condition": condition},
        )
        assert answer.status_code == 422, condition
    assert not Robot.objects.exists()


def test_secret_left_empty_stays_and_is_never_shown(admin: Client, process: Process, stage: Stage) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    data = {"settings-method": "POST", "settings-url": "https://example.com/hook", "settings-headers": "{}"}
    admin.post(
        reverse("robot-new", args=[process.key, stage.pk, "call_url"]), {**data, "settings-signing_secret": secret}
    )
    robot = Robot.objects.get()
    sealed = robot.settings["signing_secret"]
    assert sealed
    url = reverse("robot-edit", args=[process.key, robot.pk])
    page = admin.get(url).text
    assert secret not in page
    assert sealed["sealed"] not in page
    admin.post(url, {**data, "name": "Renamed", "settings-signing_secret": ""})
    robot.refresh_from_db()
    assert (robot.name, robot.settings["signing_secret"]) == ("Renamed", sealed)


def test_robot_is_switched_copied_ordered_and_removed(
    admin: Client, process: Process, stage: Stage, robot: Robot
) -> None:
    switched = admin.post(reverse("robot-switch", args=[process.key, robot.pk]), {}, headers=FRAGMENT)
    robot.refresh_from_db()
    assert (switched.status_code, robot.is_on) == (204, False)
    admin.post(reverse("robot-switch", args=[process.key, robot.pk]), {"is_on": "on"}, headers=FRAGMENT)
    target = Stage.objects.get(pipeline__process=process, key="completed")
    admin.post(reverse("robot-copy", args=[process.key, robot.pk, target.pk]), headers=FRAGMENT)
    assert Robot.objects.get(stage=target).is_on is False
    second = create_robot(stage, RobotDraft("add_comment", {"text": "Bye"}), actor=SYSTEM).robot
    order = {"order": [str(second.pk), str(robot.pk)]}
    url = reverse("robot-order", args=[process.key, stage.pk])
    assert admin.post(url, order, content_type="application/json").status_code == 204
    live = Robot.objects.filter(stage=stage, removed_at=None)
    assert list(live.values_list("pk", flat=True)) == [second.pk, robot.pk]
    admin.post(reverse("robot-remove", args=[process.key, robot.pk]), headers=FRAGMENT)
    assert list(live.values_list("pk", flat=True)) == [second.pk]


def test_log_filters_by_state_and_robot(admin: Client, process: Process, robot: Robot) -> None:
    failed = run_of(robot, process, state=State.FAILED, error="No answer", finished_at=timezone.now())
    run_of(robot, process)
    url = reverse("automation-log", args=[process.key])
    assert len(admin.get(url).context["runs"].runs) == 2
    shown = admin.get(url, {"state": "failed", "robot": robot.pk}).context["runs"].runs
    assert [row.id for row in shown] == [failed.pk]
    assert admin.get(url, {"state": "nonsense", "robot": "x"}).status_code == 200


def test_run_is_cancelled_and_a_failed_one_tried_again(admin: Client, process: Process, robot: Robot) -> None:
    waiting = run_of(robot, process)
    failed = run_of(robot, process, state=State.FAILED, finished_at=timezone.now())
    assert admin.post(reverse("run-cancel", args=[process.key, waiting.pk]), headers=FRAGMENT).status_code == 200
    assert admin.post(reverse("run-retry", args=[process.key, failed.pk]), headers=FRAGMENT).status_code == 200
    states = dict(Run.objects.values_list("pk", "state"))
    assert states == {waiting.pk: State.CANCELLED, failed.pk: State.READY}
    again = admin.post(reverse("run-cancel", args=[process.key, waiting.pk]), headers=FRAGMENT)
    assert again.status_code == 409


def test_run_of_another_process_is_not_found(admin: Client, process: Process, robot: Robot) -> None:
    assert admin.get(reverse("run-detail", args=[process.key, 999])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_automation_page_takes_a_fixed_number_of_queries(
    count: int, admin: Client, process: Process, stage: Stage, django_assert_num_queries: Any
) -> None:
    for _number in range(count):
        create_robot(stage, RobotDraft("add_comment", {"text": "x"}), actor=SYSTEM)
    url = reverse("process-automation", args=[process.key])
    admin.get(url)
    with django_assert_num_queries(9):
        admin.get(url)


@pytest.mark.parametrize(
    ("tree", "shallow"),
    [
        (None, True),
        ({"field": "amount", "op": "is_empty"}, True),
        ({"all": [{"field": "a", "op": "x"}]}, True),
        ({"any": [{"all": [{"field": "a", "op": "x"}]}, {"field": "b", "op": "x"}]}, True),
        ({"none": [{"field": "a", "op": "x"}]}, False),
        ({"all": [{"any": [{"field": "a", "op": "x"}]}]}, False),
    ],
)
def test_builder_knows_what_it_can_show(tree: Any, shallow: bool) -> None:
    assert is_shallow(tree) is shallow


def test_condition_deeper_than_the_builder_is_kept_readable(admin: Client, process: Process, stage: Stage) -> None:
    deep = {"none": [{"field": "amount", "op": "is_empty"}]}
    robot = create_robot(stage, RobotDraft("add_comment", {"text": "x"}, condition=deep), actor=SYSTEM).robot
    page = admin.get(reverse("robot-edit", args=[process.key, robot.pk]))
    assert "none of this holds" in page.context["deep_condition"]
    assert "data-too-deep" in page.text
