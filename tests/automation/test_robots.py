"""Making and changing robots: who may, what is refused, what the verifier says."""

from typing import Any

import pytest

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.choices import without_secrets
from automation.drafts import RobotDraft
from automation.effects import robot_types
from automation.models import Robot, RobotVersion
from automation.operations import (
    copy_robot,
    create_robot,
    delete_robot,
    reorder_robots,
    switch_robot,
    update_robot,
)
from automation.queries import automation_page, robot_for
from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.sealing import unseal
from processes.definition import definition_of
from processes.models import Field, Operation, Process, Scope
from processes.operations import remove_field, set_grants
from processes.permissions import access_for
from tests.automation.helpers import make_robot, stage_of
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALL = {"method": "POST", "url": "https://example.com/hook/{{ record.id }}"}


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def employee(process: Process) -> Actor:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def page_tiles(process: Process, actor: Actor = SYSTEM) -> Any:
    access = access_for(actor, process)
    page = automation_page(access, access.definition.default_pipeline)
    return {column.stage.key: column.robots for column in page.columns}


def test_who_may_not_automate_changes_nothing(process: Process, employee: Actor) -> None:
    robot = make_robot(process)
    stage = stage_of(process, "received")
    draft = RobotDraft("add_comment", {"text": "x"})
    for attempt in (
        lambda: create_robot(stage, draft, actor=employee),
        lambda: update_robot(robot, draft, actor=employee),
        lambda: switch_robot(robot, is_on=False, actor=employee),
        lambda: delete_robot(robot, actor=employee),
        lambda: reorder_robots(stage, [robot.pk], actor=employee),
        lambda: copy_robot(robot, to=stage, actor=employee),
        lambda: page_tiles(process, employee),
        lambda: robot_for(access_for(employee, process), robot.pk),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    with pytest.raises(NotFound):
        create_robot(stage, draft, actor=actor_of(make_user()))
    robot.refresh_from_db()
    assert (Robot.objects.count(), robot.version, robot.is_on) == (1, 1, True)


@pytest.mark.parametrize(
    ("kind", "settings", "wrong"),
    [
        ("nonsense", {}, "kind"),
        ("add_comment", {"text": "{{ nonsense }}"}, "text"),
        ("add_comment", {"text": "x", "more": 1}, "more"),
        ("add_comment", {}, "text"),
        ("change_stage", {"stage": "nonsense"}, "stage"),
        ("set_fields", {"values": {"nonsense": 1}}, "values"),
        ("set_fields", {"values": {"amount": "much"}}, "values"),
        ("set_fields", {"values": []}, "values"),
        ("notify", {"recipients": ["person:999999"], "text": "x"}, "recipients"),
        ("create_task", {"title": "x", "assignee": "field:amount"}, "assignee"),
        ("send_mail", {"subject": "x", "text": "x"}, "__all__"),
        ("call_url", CALL | {"url": "ftp://example.com/"}, "url"),
        ("call_url", CALL | {"url": "https://{{ title }}/x"}, "url"),
        ("call_url", CALL | {"url": "https://user:secret@example.com/"}, "url"),
        ("call_url", CALL | {"body": '{"title": {{ title }'}, "body"),
        ("call_url", CALL | {"body": '{"title": }'}, "body"),
        ("call_url", CALL | {"headers": {"Host": "x"}}, "headers"),
        ("call_url", CALL | {"headers": {"X-Test": "a\r\nb"}}, "headers"),
        ("call_url", CALL | {"secret_headers": "not json"}, "secret_headers"),
        ("call_url", CALL | {"signing_secret": "§"}, "signing_secret"),
    ],
)
def test_wrong_settings_are_refused_by_name(process: Process, kind: str, settings: Any, wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_robot(process, kind, settings)
    assert wrong in caught.value.fields
    assert not Robot.objects.exists()


def test_condition_must_be_readable(process: Process) -> None:
    with pytest.raises(Invalid):
        make_robot(process, condition={"field": "nonsense", "op": "is_filled"})


def test_every_change_keeps_a_version(process: Process) -> None:
    robot = make_robot(process, settings={"text": "one"})
    saved = update_robot(robot, RobotDraft("add_comment", {"text": "two"}, name="Greeting"), actor=SYSTEM)
    versions = RobotVersion.objects.filter(robot=robot).order_by("version")
    assert (saved.robot.version, saved.robot.name) == (2, "Greeting")
    assert [version.settings["text"] for version in versions] == ["one", "two"]


def test_secrets_are_sealed_kept_and_never_shown(process: Process) -> None:
    settings = CALL | {"signing_secret": SECRET, "secret_headers": '{"Authorization": "Bearer 123"}'}
    robot = make_robot(process, "call_url", settings)
    assert "123" not in str(robot.settings)
    assert SECRET not in str(robot.settings)
    assert unseal(robot.settings["signing_secret"]["sealed"]) == SECRET
    shown = robot_for(access_for(SYSTEM, process), robot.pk).settings
    assert (shown["signing_secret"], shown["secret_headers"]) == (True, True)
    updated = update_robot(robot, RobotDraft("call_url", CALL), actor=SYSTEM).robot
    assert updated.settings["signing_secret"] == robot.settings["signing_secret"]


def test_copy_keeps_secrets_and_is_switched_off(process: Process) -> None:
    robot = make_robot(process, "call_url", CALL | {"signing_secret": SECRET})
    other = make_process()
    copied = copy_robot(robot, to=stage_of(other, "in_work"), actor=SYSTEM).robot
    assert (copied.process_id, copied.is_on) == (other.pk, False)
    assert unseal(copied.settings["signing_secret"]["sealed"]) == SECRET
    version = RobotVersion.objects.get(robot=copied)
    assert version.settings == copied.settings


def test_copy_refuses_what_does_not_fit_the_other_process(process: Process) -> None:
    robot = make_robot(process, settings={"text": "{{ amount }}"})
    other = make_process(fields=())
    with pytest.raises(Invalid):
        copy_robot(robot, to=stage_of(other, "in_work"), actor=SYSTEM)


def test_reorder_names_every_robot_once(process: Process) -> None:
    robots = [make_robot(process, settings={"text": str(number)}) for number in range(3)]
    stage = stage_of(process, "received")
    with pytest.raises(Invalid):
        reorder_robots(stage, [robots[0].pk], actor=SYSTEM)
    wanted = [robots[2].pk, robots[0].pk, robots[1].pk]
    reorder_robots(stage, wanted, actor=SYSTEM)
    assert [tile.id for tile in page_tiles(process)["received"]] == wanted


def test_removed_robot_is_gone_from_the_page_and_cannot_change(process: Process) -> None:
    robot = make_robot(process)
    delete_robot(robot, actor=SYSTEM)
    assert page_tiles(process)["received"] == ()
    with pytest.raises(Conflict):
        switch_robot(robot, is_on=False, actor=SYSTEM)


def codes(process: Process, robot: Robot) -> set[str]:
    return {finding.code for finding in robot_for(access_for(SYSTEM, process), robot.pk).findings}


def test_verifier_finds_a_missing_right(process: Process) -> None:
    robot = make_robot(process, "change_stage", {"stage": "in_work"})
    assert codes(process, robot) == set()
    role = Role.objects.get(key=ROBOTS_ROLE_KEY)
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    assert codes(process, robot) == {"no_right"}


def test_verifier_finds_texts_and_conditions_about_a_removed_field(process: Process) -> None:
    robot = make_robot(process, settings={"text": "{{ amount }}"}, condition={"field": "amount", "op": "is_filled"})
    remove_field(Field.objects.get(process=process, key="amount"), actor=SYSTEM, confirmed=True)
    assert codes(process, robot) == {"placeholder", "condition"}


def test_verifier_finds_a_circle_and_a_move_that_the_map_lacks(process: Process) -> None:
    there = make_robot(process, "change_stage", {"stage": "in_work"})
    back = make_robot(process, "change_stage", {"stage": "received"}, stage="in_work")
    aside = make_robot(process, "change_stage", {"stage": "completed"})
    assert [codes(process, robot) for robot in (there, back, aside)] == [{"loop"}, {"loop"}, {"no_move"}]
    switch_robot(back, is_on=False, actor=SYSTEM)
    assert codes(process, there) == set()


@pytest.mark.parametrize("count", [1, 3])
def test_automation_page_costs_four_queries(process: Process, django_assert_num_queries: Any, count: int) -> None:
    for _number in range(count):
        make_robot(process)
    access = access_for(SYSTEM, process)
    with django_assert_num_queries(4):
        page = automation_page(access, access.definition.default_pipeline)
    assert sum(len(column.robots) for column in page.columns) == count


def test_every_kind_of_robot_describes_itself(process: Process) -> None:
    definition = definition_of(process)
    for kind in robot_types:
        assert str(kind.label)
        assert str(kind.description)
        form = kind.Settings(context=definition)
        assert all(field.label for field in form.fields.values()), kind.key
        assert without_secrets(form.fields, {}) == {}
