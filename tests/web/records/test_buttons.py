"""Buttons on the card: what is shown to whom, a press, and what is said when it comes too late."""

import json
from typing import Any

import pytest

from accounts.models import User
from automation.drafts import TriggerDraft
from automation.models import Run, State, Trigger
from automation.operations import create_trigger, delete_trigger
from core.actor import SYSTEM
from events.models import Event
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.automation.helpers import make_robot, relay, settle, stage_of
from tests.factories import make_role, make_user
from tests.web.records.conftest import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def presser(process: Process) -> User:
    person = make_user("Vera")
    rights = {Operation.VIEW: Scope.ALL, Operation.RUN_BUTTON: Scope.ALL, Operation.HISTORY: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    return person


@pytest.fixture
def record(process: Process) -> int:
    return create_record(process, values={"title": "Printer"}, actor=SYSTEM).pk


def make_button(process: Process, text: str = "Take it", **more: Any) -> Trigger:
    draft = TriggerDraft("button", {"text": text, **more})
    return create_trigger(stage_of(process, "in_work"), draft, actor=SYSTEM).trigger


def url(record: int, rest: str = "") -> str:
    return f"/p/requests/records/{record}/{rest}"


def test_card_and_panel_show_the_buttons_to_those_who_may_press(
    process: Process, record: int, presser: User, reader: User, visit: Any
) -> None:
    button = make_button(process, question="Sure & certain?")
    make_robot(process, button="Remind", button_question="Not too early?")
    for part in (False, True):
        page = text_of(visit(presser).get(url(record), part=part))
        assert url(record, f"buttons/trigger-{button.pk}/press/") in page
        assert 'hx-confirm="Sure &amp; certain?"' in page
        assert 'hx-confirm="Not too early?"' in page
        assert "Moves to “In work”" in page
        assert 'role="menu" aria-label="More buttons"' not in page
        assert "record-buttons" not in text_of(visit(reader).get(url(record), part=part))


def test_card_without_buttons_has_no_place_for_them(record: int, presser: User, visit: Any) -> None:
    assert "record-buttons" not in text_of(visit(presser).get(url(record)))


def test_of_many_buttons_some_are_in_a_menu(process: Process, record: int, presser: User, visit: Any) -> None:
    for number in range(6):
        make_robot(process, button=f"Robot {number}")
    page = text_of(visit(presser).get(url(record)))
    assert page.count("press/") == 4 + 5
    assert 'aria-label="More buttons"' in page


def test_press_answers_with_the_buttons_and_a_word(process: Process, record: int, presser: User, visit: Any) -> None:
    robot = make_robot(process, button="Remind")
    address = url(record, f"buttons/robot-{robot.pk}/press/")
    answer = visit(presser).post(address, part=True)
    assert (answer.status_code, json.loads(answer.headers["HX-Trigger"])) == (200, {"toast": {"text": "Started"}})
    assert "Not finished yet" in text_of(answer)
    assert address not in text_of(answer)
    assert 'data-controller="presses"' in text_of(answer)
    assert 'data-asked="0"' in text_of(answer)
    assert 'data-asked="3"' in text_of(visit(presser).get(url(record, "buttons/?asked=3"), part=True))
    settle()
    page = text_of(visit(presser).get(url(record, "buttons/"), part=True))
    assert address in page
    assert 'data-controller="presses"' not in page
    assert "Pressed “Remind”" in text_of(visit(presser).get(url(record)))


def test_press_that_comes_too_late_says_so(process: Process, record: int, presser: User, visit: Any) -> None:
    button = make_button(process)
    visitor, address = visit(presser), url(record, f"buttons/trigger-{button.pk}/press/")
    assert visitor.post(address, part=True).status_code == 200
    again = json.loads(visitor.post(address, part=True).headers["HX-Trigger"])
    assert again == {"toast": {"text": "What this button began here is not finished yet.", "kind": "bad"}}
    settle()
    assert Record.objects.get().stage.key == "in_work"
    late = visitor.post(address, part=True)
    assert json.loads(late.headers["HX-Trigger"])["toast"]["text"].startswith("The record is not where this button")
    assert "press/" not in text_of(late)
    delete_trigger(button, actor=SYSTEM)
    gone = json.loads(visitor.post(address, part=True).headers["HX-Trigger"])
    assert gone["toast"]["text"] == "This button has been removed."
    assert Event.objects.filter(kind="button.pressed").count() == 1


def test_waiting_button_tells_when_and_asks_no_more(process: Process, record: int, presser: User, visit: Any) -> None:
    robot = make_robot(process, button="Remind", delay_seconds=86_400)
    visitor = visit(presser)
    visitor.post(url(record, f"buttons/robot-{robot.pk}/press/"), part=True)
    settle()
    page = text_of(visitor.get(url(record, "buttons/"), part=True))
    assert "Waits until tomorrow" in page
    assert 'data-controller="presses"' not in page


def test_button_that_waits_for_a_person_says_so(process: Process, record: int, presser: User, visit: Any) -> None:
    robot = make_robot(process, button="Remind")
    visitor, address = visit(presser), url(record, f"buttons/robot-{robot.pk}/press/")
    visitor.post(address, part=True)
    relay()
    Run.objects.update(state=State.UNCERTAIN)
    again = visitor.post(address, part=True)
    assert "waits for somebody" in json.loads(again.headers["HX-Trigger"])["toast"]["text"]
    page = text_of(again)
    assert "Waits for somebody who looks after the automation" in page
    assert 'data-controller="presses"' not in page


def test_reader_and_stranger_cannot_press(
    process: Process, record: int, reader: User, stranger: User, visit: Any
) -> None:
    address = url(record, f"buttons/trigger-{make_button(process).pk}/press/")
    assert visit(reader).post(address, part=True).status_code == 403
    assert visit(stranger).post(address, part=True).status_code == 404
    assert not Event.objects.filter(kind="button.pressed").exists()


def test_change_of_a_value_shows_other_buttons(process: Process, record: int, presser: User, visit: Any) -> None:
    assert "data-dependent" not in text_of(visit(presser).get(url(record)))
    make_robot(process, button="Remind", condition={"field": "amount", "op": "gt", "value": 5})
    page = text_of(visit(presser).get(url(record)))
    assert "data-dependent" in page
    assert "record-buttons" not in page
