"""What a press does, and what it does not do twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from automation.drafts import RobotDraft
from automation.models import NotFired, RuleKind, Run, State
from automation.operations import (
    CannotPress,
    cancel_run,
    confirm_run,
    present_count,
    press_button,
    retry_run,
    start_for_present,
    update_robot,
)
from automation.queries import buttons_of
from core.actor import SYSTEM
from core.errors import Conflict, NotAllowed
from events.models import Event
from notifications.models import Notification
from processes.definition import definition_of
from processes.drafts import GateDraft
from processes.models import Process, Stage
from processes.operations import archive_process, set_gate, set_grants
from processes.permissions import access_for
from records.models import Comment, StageVisit
from records.operations import move_record
from records.queries.card import row_for
from records.queries.timeline import timeline_page
from tests.automation.buttons.conftest import PRESSES, create, make_button, of, refused, shown
from tests.automation.helpers import make_robot, only_run, relay, settle, stage_now, stage_of
from tests.factories import actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


def test_press_moves_the_record_without_the_right_to_move(process: Process, presser: User) -> None:
    button = make_button(process)
    make_robot(process, stage="in_work")
    row = create(process)
    with pytest.raises(NotAllowed):
        move_record(process, row.pk, to="in_work", actor=actor_of(presser))
    press_button(process, row.pk, of(button), actor=actor_of(presser))
    settle()
    assert (stage_now(row), Comment.objects.get().text) == ("in_work", "Hello Printer")
    pressed, moved = Event.objects.get(kind="button.pressed"), Event.objects.get(kind="record.moved")
    assert (pressed.actor_user_id, pressed.data["text"]) == (presser.pk, "Take it")
    assert (moved.actor_label, moved.root_id, moved.depth) == ("Take it", pressed.pk, 1)
    page = timeline_page(access_for(actor_of(presser), definition_of(process.pk)), row.pk)
    assert ("Pressed “Take it”", "Vera") in [(entry.title, entry.who) for entry in page.entries]


def test_robot_on_a_button_acts_when_pressed_and_not_on_entering(process: Process, presser: User) -> None:
    robot = make_robot(process, button="Say hello")
    row = create(process)
    settle()
    assert Run.objects.count() == 0
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    settle()
    run = only_run()
    assert (run.rule_kind, run.rule_id, run.state) == (RuleKind.ROBOT, robot.pk, State.SUCCEEDED)
    assert run.visit_id == StageVisit.objects.get(record_id=row.pk).pk
    assert Comment.objects.get().text == "Hello Printer"


def test_robot_on_a_button_works_in_a_process_without_stages(presser: User) -> None:
    process = make_process(has_stages=False, moves=None, stages=())
    set_grants(process, {make_role(people=(presser,)).pk: PRESSES}, actor=SYSTEM)
    inside = Stage.objects.get(pipeline__process=process)
    robot = make_robot(process, stage=inside.key, button="Greet")
    row = create(process)
    assert shown(process, row, presser) == ["Greet"]
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    settle()
    assert Comment.objects.get().text == "Hello Printer"


def test_closed_gate_blocks_the_run_and_tells_the_responsible(process: Process, presser: User) -> None:
    boss = make_user("Boss")
    set_grants(process, {make_role(people=(boss,)).pk: PRESSES}, actor=SYSTEM)
    role = make_role(people=(presser,))
    set_grants(process, {role.pk: PRESSES}, actor=SYSTEM)
    set_gate(stage_of(process, "in_work"), GateDraft(is_comment_required=True), actor=SYSTEM)
    button = make_button(process)
    row = create(process, assignee=boss.pk)
    press_button(process, row.pk, of(button), actor=actor_of(presser))
    settle()
    assert (stage_now(row), only_run().state) == ("received", State.BLOCKED)
    assert Notification.objects.filter(user=boss, kind="blocked").count() == 1


def test_archived_process_takes_no_press(process: Process, presser: User) -> None:
    button, row = make_button(process), create(process)
    archive_process(process, actor=SYSTEM)
    assert shown(process, row, presser) == []
    with pytest.raises(Conflict):
        press_button(process, row.pk, of(button), actor=actor_of(presser))


def test_second_press_waits_for_the_end_of_the_first(process: Process, presser: User) -> None:
    robot = make_robot(process, button="Remind", delay_seconds=3600)
    other = make_robot(process, button="Other")
    row = create(process)
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    assert refused(process, row, robot, presser) == "unfinished"
    relay()
    assert refused(process, row, robot, presser) == "unfinished"
    access = access_for(actor_of(presser), definition_of(process.pk))
    first, second = buttons_of(access, row_for(access, row.pk)).shown
    assert (first.is_busy, first.is_waiting, first.due) == (True, True, only_run().run_at)
    assert (second.is_busy, second.is_waiting, second.due) == (False, False, None)
    press_button(process, row.pk, of(other), actor=actor_of(presser))
    Run.objects.filter(rule_id=robot.pk).update(run_at=Now() - timedelta(seconds=1))
    settle()
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    settle()
    assert Run.objects.filter(rule_id=robot.pk).count() == 2


@pytest.mark.parametrize(
    ("state", "settled_by"),
    [(State.HELD, cancel_run), (State.HELD, retry_run), (State.UNCERTAIN, confirm_run), (State.UNCERTAIN, retry_run)],
)
def test_button_comes_back_when_a_person_has_settled_what_it_began(
    process: Process, presser: User, state: State, settled_by: Callable[..., Run]
) -> None:
    robot = make_robot(process, button="Remind")
    row = create(process)
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    relay()
    Run.objects.update(state=state)
    access = access_for(actor_of(presser), definition_of(process.pk))
    found = buttons_of(access, row_for(access, row.pk))
    assert (found.shown[0].is_busy, found.shown[0].is_stuck, found.is_running) == (True, True, False)
    assert refused(process, row, robot, presser) == "unfinished"
    settled_by(only_run(), actor=SYSTEM)
    settle()
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    assert Event.objects.filter(kind="button.pressed").count() == 2


def test_press_belongs_to_the_stay_in_the_stage(process: Process, presser: User) -> None:
    button, robot = make_button(process, stage="rejected"), make_robot(process, button="Remind")
    row = create(process)
    press_button(process, row.pk, of(button), actor=actor_of(presser))
    press_button(process, row.pk, of(robot), actor=actor_of(presser))
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    settle()
    assert stage_now(row) == "in_work"
    assert set(Run.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_robot_on_a_button_has_nothing_to_start_for_present_records(process: Process) -> None:
    robot = make_robot(process, button="Remind")
    create(process)
    assert present_count(robot) == 0
    with pytest.raises(Conflict):
        start_for_present(robot, actor=SYSTEM)
    update_robot(robot, RobotDraft("add_comment", {"text": "Hi"}), actor=SYSTEM)
    robot.refresh_from_db()
    assert (robot.button, present_count(robot)) == ("", 1)
    told = Event.objects.filter(kind="robot.updated").latest("pk").changes
    assert told["button"] == ["Remind", ""]


def test_nothing_is_kept_of_presses_that_set_off_nothing_else(process: Process, presser: User) -> None:
    """Another button of the process neither acts nor wonders why it did not."""
    button, other = make_button(process, "One"), make_button(process, "Two")
    row = create(process)
    press_button(process, row.pk, of(button), actor=actor_of(presser))
    settle()
    assert [run.rule_id for run in Run.objects.all()] == [button.pk]
    assert not NotFired.objects.filter(rule_id=other.pk).exists()


def test_presses_at_the_same_time_make_one_run(committed: None) -> None:
    process = make_process()
    robot, row = make_robot(process, button="Remind"), create(process)
    relay()

    def press(_number: int) -> str:
        try:
            press_button(process, row.pk, of(robot), actor=SYSTEM)
        except CannotPress as error:
            return str(error.details["reason"])
        finally:
            connection.close()
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, range(8)))
    assert answers == ["taken", *["unfinished"] * 7]
    settle()
    assert (Run.objects.filter(rule_id=robot.pk).count(), Comment.objects.count()) == (1, 1)
