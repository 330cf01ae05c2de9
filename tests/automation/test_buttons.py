"""Buttons: who may press which, what a press does, and what it does not do twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from automation.drafts import RobotDraft, TriggerDraft
from automation.models import NotFired, Robot, RuleKind, Run, State, Trigger
from automation.operations import (
    CannotPress,
    cancel_run,
    confirm_run,
    copy_robot,
    create_trigger,
    delete_robot,
    delete_trigger,
    present_count,
    press_button,
    retry_run,
    start_for_present,
    switch_robot,
    switch_trigger,
    update_robot,
)
from automation.queries import buttons_of
from automation.verifier import RuleKey, findings_of
from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from events.models import Event
from notifications.models import Notification
from processes.definition import definition_of
from processes.drafts import GateDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import archive_process, set_gate, set_grants
from processes.permissions import access_for
from records.models import Comment, Record, StageVisit
from records.operations import create_record, create_task, move_record, update_record
from records.queries.card import row_for
from records.queries.timeline import timeline_page
from tests.automation.helpers import make_robot, only_run, relay, settle, stage_of
from tests.factories import actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

PRESSES = {Operation.VIEW: Scope.ALL, Operation.HISTORY: Scope.ALL, Operation.RUN_BUTTON: Scope.ALL}


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def presser(process: Process) -> User:
    """Somebody who sees everything and may press buttons, and do nothing else."""
    person = make_user("Vera")
    set_grants(process, {make_role(people=(person,)).pk: PRESSES}, actor=SYSTEM)
    return person


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def make_button(process: Process, text: str = "Take it", *, stage: str = "in_work", **more: Any) -> Trigger:
    """A button that moves records to a stage."""
    draft = TriggerDraft(kind="button", settings={"text": text}, **more)
    return create_trigger(stage_of(process, stage), draft, actor=SYSTEM).trigger


def of(rule: Robot | Trigger) -> RuleKey:
    return (RuleKind.ROBOT if isinstance(rule, Robot) else RuleKind.TRIGGER), rule.pk


def stage_now(row: Any) -> str:
    return Record.objects.select_related("stage").get(pk=row.pk).stage.key


def shown(process: Process, row: Any, person: User) -> list[str]:
    access = access_for(actor_of(person), definition_of(process.pk))
    return [button.text for button in buttons_of(access, row_for(access, row.pk)).shown]


def refused(process: Process, row: Any, rule: Robot | Trigger, person: User) -> str:
    with pytest.raises(CannotPress) as error:
        press_button(process, row.pk, of(rule), actor=actor_of(person))
    return str(error.value.details["reason"])


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


def test_button_belongs_where_the_record_stands(process: Process, presser: User) -> None:
    trigger = make_button(process, stage="completed", source=stage_of(process, "in_work").pk)
    robot = make_robot(process, stage="in_work", button="Remind")
    row = create(process)
    assert shown(process, row, presser) == []
    assert (refused(process, row, trigger, presser), refused(process, row, robot, presser)) == ("stage", "stage")
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    assert shown(process, row, presser) == ["Take it", "Remind"]
    press_button(process, row.pk, of(trigger), actor=actor_of(presser))
    settle()
    assert stage_now(row) == "completed"


def test_button_keeps_to_the_map_and_the_way_forward(process: Process, presser: User) -> None:
    make_button(process, "Far", stage="completed")
    back = make_button(process, "Back", stage="received")
    free = make_button(process, "Back again", stage="received", allow_backward=True)
    row = create(process)
    assert shown(process, row, presser) == []
    move_record(process, row.pk, to="in_work", actor=SYSTEM)
    assert shown(process, row, presser) == ["Far", "Back again"]
    assert refused(process, row, back, presser) == "stage"
    press_button(process, row.pk, of(free), actor=actor_of(presser))
    settle()
    assert stage_now(row) == "received"


def test_press_needs_the_right_for_this_record(process: Process) -> None:
    own, stranger, reader = make_user("Own"), make_user("Stranger"), make_user("Reader")
    rights = {
        make_role(people=(own,)).pk: {Operation.VIEW: Scope.ALL, Operation.RUN_BUTTON: Scope.OWN},
        make_role(people=(reader,)).pk: {Operation.VIEW: Scope.ALL, Operation.UPDATE: Scope.ALL},
    }
    set_grants(process, rights, actor=SYSTEM)
    button = make_button(process)
    mine, other = create(process, assignee=own.pk), create(process)
    assert (shown(process, mine, own), shown(process, other, own), shown(process, mine, reader)) == (
        ["Take it"],
        [],
        [],
    )
    for person, row in ((own, other), (reader, mine)):
        with pytest.raises(NotAllowed):
            press_button(process, row.pk, of(button), actor=actor_of(person))
    with pytest.raises(NotFound):
        press_button(process, mine.pk, of(button), actor=actor_of(stranger))
    press_button(process, mine.pk, of(button), actor=actor_of(own))
    assert Event.objects.filter(kind="button.pressed").count() == 1


def test_button_of_another_process_is_none(process: Process, presser: User) -> None:
    foreign = make_button(make_process())
    entering = make_robot(process)
    row = create(process)
    for rule in (of(foreign), of(entering), (RuleKind.TRIGGER, 10**9)):
        with pytest.raises(NotFound):
            press_button(process, row.pk, rule, actor=actor_of(presser))


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


def test_condition_decides_what_is_shown_and_pressed(process: Process, presser: User) -> None:
    button = make_button(process, condition={"field": "amount", "op": "gt", "value": 100})
    row = create(process, amount=5)
    assert (shown(process, row, presser), refused(process, row, button, presser)) == ([], "condition")
    update_record(process, row.pk, values={"amount": 500}, actor=SYSTEM)
    assert shown(process, row, presser) == ["Take it"]
    press_button(process, row.pk, of(button), actor=actor_of(presser))
    settle()
    assert stage_now(row) == "in_work"


def test_condition_may_ask_of_tasks_and_of_the_presser(process: Process, presser: User) -> None:
    make_button(process, "No tasks", condition={"field": "tasks.open", "op": "is", "value": 0})
    make_button(process, "Mine", condition={"field": "assignee", "op": "is", "value": {"me": True}})
    row = create(process, assignee=presser.pk)
    assert shown(process, row, presser) == ["No tasks", "Mine"]
    create_task(process, row.pk, title="One", actor=SYSTEM)
    update_record(process, row.pk, values={"assignee": None}, actor=SYSTEM)
    assert shown(process, row, presser) == []


def test_button_that_is_off_or_removed_says_so(process: Process, presser: User) -> None:
    trigger, robot = make_button(process), make_robot(process, button="Remind")
    row = create(process)
    switch_trigger(trigger, is_on=False, actor=SYSTEM)
    switch_robot(robot, is_on=False, actor=SYSTEM)
    assert shown(process, row, presser) == []
    assert (refused(process, row, trigger, presser), refused(process, row, robot, presser)) == ("off", "off")
    delete_trigger(trigger, actor=SYSTEM)
    delete_robot(robot, actor=SYSTEM)
    assert (refused(process, row, trigger, presser), refused(process, row, robot, presser)) == ("removed", "removed")


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


def test_copy_keeps_the_button(process: Process) -> None:
    robot = make_robot(process, button="Remind", button_question="Now?")
    copied = copy_robot(robot, to=stage_of(process, "in_work"), actor=SYSTEM).robot
    assert (copied.button, copied.button_question, copied.is_on) == ("Remind", "Now?", False)


def test_button_is_one_line_and_waits_for_nothing_else(process: Process) -> None:
    for draft in (
        {"button_question": "Now?"},
        {"button": "a", "button_question": "a\nb"},
        {"button": "a\nb"},
        {"button": "x" * 61},
        {"button": "Remind", "wait_for_previous": True},
    ):
        with pytest.raises(Invalid):
            make_robot(process, **draft)
    for settings in ({"text": " "}, {"text": "a\x00b"}, {"text": "x" * 61}, {"text": "a", "question": "a\nb"}):
        with pytest.raises(Invalid):
            create_trigger(stage_of(process, "in_work"), TriggerDraft("button", settings), actor=SYSTEM)


def test_robot_on_a_button_makes_no_circle(process: Process) -> None:
    there = make_robot(process, "change_stage", {"stage": "in_work"}, button="There")
    back = make_robot(process, "change_stage", {"stage": "received"}, stage="in_work")
    found = findings_of(definition_of(process.pk))
    assert [[finding.code for finding in found[of(rule)]] for rule in (there, back)] == [["no_presser"], []]


def test_verifier_warns_of_a_button_that_nobody_may_press(process: Process) -> None:
    button, robot = make_button(process), make_robot(process, button="Remind")
    found = findings_of(definition_of(process.pk))
    assert [[finding.code for finding in found[of(rule)]] for rule in (button, robot)] == [["no_presser"]] * 2
    role, place = make_role(), stage_of(process, "received").pk
    differing = {role.pk: {Operation.RUN_BUTTON: {place: Scope.OWN}}}
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, differing=differing, actor=SYSTEM)
    found = findings_of(definition_of(process.pk))
    assert [found[of(rule)] for rule in (button, robot)] == [(), ()]


def test_buttons_cost_a_known_number_of_queries(process: Process, presser: User) -> None:
    row = create(process)
    access = access_for(actor_of(presser), definition_of(process.pk))
    typed = row_for(access, row.pk)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            buttons_of(access, typed)
        return len(captured)

    assert queries() == 1
    for number in range(4):
        make_button(process, f"Move {number}", condition={"field": "amount", "op": "is_empty"})
        make_robot(process, button=f"Remind {number}")
    assert queries() == 2
    reader = access_for(actor_of(make_user()), definition_of(process.pk))
    with CaptureQueriesContext(connection) as captured:
        assert buttons_of(reader, typed).shown == ()
    assert len(captured) == 0


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
