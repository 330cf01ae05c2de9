"""Which buttons a record shows whom, and how they are made."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from automation.drafts import TriggerDraft
from automation.models import RuleKind
from automation.operations import (
    copy_robot,
    create_trigger,
    delete_robot,
    delete_trigger,
    press_button,
    switch_robot,
    switch_trigger,
)
from automation.queries import buttons_of
from automation.verifier import findings_of
from core.actor import SYSTEM
from core.errors import Invalid, NotAllowed, NotFound
from events.models import Event
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from processes.permissions import access_for
from records.operations import create_task, move_record, update_record
from records.queries.card import row_for
from tests.automation.buttons.conftest import create, make_button, of, refused, shown
from tests.automation.helpers import make_robot, settle, stage_now, stage_of
from tests.factories import actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


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
