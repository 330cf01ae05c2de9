"""One story through the real stack: browser, web server, PostgreSQL, Redis, relay, a Celery worker."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from automation.drafts import RobotDraft
from automation.models import Run, State
from automation.operations import create_robot
from core.actor import SYSTEM
from events.models import Event
from notifications.models import Notification
from processes.models import Process, Stage
from processes.operations import set_grants
from records.models import Record, Task
from records.operations import create_record
from tests.e2e.board import column, drag, move_right_by_keys, open_board, stage_of
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import EMPLOYEE, make_process, make_role, make_user
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture
def process(stack: Stack) -> Process:
    process = make_process(name="Requests")
    stage = Stage.objects.get(pipeline__process=process, key="in_work")
    create_robot(
        stage,
        RobotDraft("create_task", {"title": "Call about {{ title }}", "assignee": "assignee"}),
        actor=SYSTEM,
    )
    create_robot(
        stage,
        RobotDraft("notify", {"recipients": ["author", "assignee"], "text": "{{ title }} is in work"}),
        actor=SYSTEM,
    )
    return process


@pytest.fixture
def employee(process: Process) -> User:
    person = make_user("Anna Petrova")
    set_grants(process, {make_role("Employee", people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return person


def tile(page: Page, title: str) -> Locator:
    """A tile by its words: the record has no id yet when a page has just made it."""
    return page.locator(".tile", has_text=title)


def test_employee_moves_a_request_and_the_robots_do_their_part(
    stack: Stack, process: Process, employee: User, open_page: OpenPage
) -> None:
    worker = stack.worker()
    stack.relay()
    page = open_board(open_page, employee)
    column(page, "Received").get_by_role("button", name="Quick add").click()
    page.locator(".column-form input").fill("Broken printer")
    page.keyboard.press("Enter")
    expect(tile(page, "Broken printer")).to_be_visible()
    page.keyboard.press("Escape")
    record = Record.objects.get(title="Broken printer")
    drag(page, tile(page, "Broken printer"), column(page, "In work"))
    expect(column(page, "In work").locator(".tile", has_text="Broken printer")).to_be_visible()
    wait_for(lambda: stage_of(record) == "in_work")
    wait_for(lambda: Run.objects.filter(record_id=record.pk, state=State.SUCCEEDED).count() == 2, worker)
    task = Task.objects.get(record=record)
    assert (task.title, task.assignee_id) == ("Call about Broken printer", employee.pk)
    told = Notification.objects.filter(user=employee, text="Broken printer is in work")
    assert told.count() == 1
    caused = Event.objects.get(kind="task.created", record_id=record.pk)
    assert (caused.actor_kind, caused.depth) == ("run", 1)
    page.goto(f"/p/{process.key}/records/{record.pk}/")
    expect(page.get_by_text("Call about Broken printer").first).to_be_visible()
    check_accessibility(page)
    picture(page, "story-card")
    page.goto("/notifications/")
    expect(page.get_by_text("Broken printer is in work")).to_be_visible()


def test_forbidden_move_puts_the_card_back_and_says_why(process: Process, employee: User, open_page: OpenPage) -> None:
    row = create_record(process, values={"title": "Parking permit", "assignee": employee.pk}, actor=SYSTEM)
    page = open_board(open_page, employee)
    drag(page, tile(page, "Parking permit"), column(page, "Completed"))
    expect(column(page, "Received").locator(".tile", has_text="Parking permit")).to_be_visible()
    assert stage_of(Record.objects.get(pk=row.pk)) == "received"


def test_card_moves_by_keyboard_alone(process: Process, employee: User, open_page: OpenPage) -> None:
    row = create_record(process, values={"title": "VPN from home", "assignee": employee.pk}, actor=SYSTEM)
    page = open_board(open_page, employee)
    move_right_by_keys(page, tile(page, "VPN from home"), "In work")
    expect(column(page, "In work").locator(".tile", has_text="VPN from home")).to_be_visible()
    wait_for(lambda: stage_of(Record.objects.get(pk=row.pk)) == "in_work")
    check_accessibility(page)


def test_two_browsers_see_each_others_moves(
    stack: Stack, process: Process, employee: User, open_page: OpenPage
) -> None:
    stack.relay()
    create_record(process, values={"title": "Shared work", "assignee": employee.pk}, actor=SYSTEM)
    watching = open_page(make_user("Head", is_admin=True), f"/p/{process.key}/")
    expect(watching.locator("html[data-live=on]")).to_be_attached()
    moving = open_board(open_page, employee, theme="dark")
    drag(moving, tile(moving, "Shared work"), column(moving, "In work"))
    seen = column(watching, "In work").locator(".tile", has_text="Shared work")
    expect(seen).to_be_visible()
    check_accessibility(moving)
    picture(moving, "story-board-dark")
