"""A button from its making to its press, in browsers, with the real worker."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from automation.models import RuleKind, Run, State
from automation.operations import cancel_run, press_button
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Comment
from records.operations import create_record
from tests.automation.helpers import make_robot
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.test_automation_story import add
from tests.factories import actor_of, make_admin, make_process, make_role, make_user
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture
def process(stack: Stack) -> Process:
    return make_process(name="Requests")


@pytest.fixture
def clerk(process: Process) -> User:
    """Sees everything and presses buttons; may neither move nor change."""
    person = make_user("Vera")
    rights = {Operation.VIEW: Scope.ALL, Operation.HISTORY: Scope.ALL, Operation.RUN_BUTTON: Scope.ALL}
    set_grants(process, {make_role("Clerk", people=(person,)).pk: rights}, actor=SYSTEM)
    return person


def add_moving_button(page: Page) -> None:
    editor = add(page, "In work", "A button is pressed")
    editor.locator("[name=settings-text]").fill("Take into work")
    editor.locator("[name=settings-question]").fill("Does somebody have time for it?")
    check_accessibility(page)
    editor.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("main").get_by_role("link", name="Take into work")).to_be_visible()


def add_robot_on_a_button(page: Page) -> None:
    editor = add(page, "In work", "Add a comment")
    expect(editor.get_by_label("Text of the button")).to_be_hidden()
    editor.get_by_label("Somebody presses a button on the card").check()
    expect(editor.get_by_label("Wait for the robot before it")).to_be_hidden()
    editor.get_by_label("Text of the button").fill("Say hello")
    editor.locator("[name=settings-text]").fill("Hello {{ title }}")
    check_accessibility(page)
    editor.get_by_role("button", name="Add the robot").click()
    expect(page.locator("main").get_by_text("Say hello")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_clerk_presses_what_the_administrator_made_and_sees_the_record_go(
    stack: Stack, process: Process, clerk: User, open_page: OpenPage, width: int
) -> None:
    worker = stack.worker()
    stack.relay()
    making = open_page(make_admin("Alice"), "/")
    add_moving_button(making)
    add_robot_on_a_button(making)
    record = create_record(process, values={"title": "A-17"}, actor=SYSTEM)

    page = open_page(clerk, f"/p/requests/records/{record.pk}/", width=width)
    expect(page.locator("html[data-live=on]")).to_be_attached()
    expect(page.get_by_role("button", name="Say hello")).to_have_count(0)
    check_accessibility(page)
    page.get_by_role("button", name="Take into work").focus()
    page.keyboard.press("Enter")
    asking = page.locator("dialog[open]").filter(has_text="Does somebody have time for it?")
    asking.get_by_role("button", name="Cancel").click()
    assert not Run.objects.exists()
    page.get_by_role("button", name="Take into work").click()
    asking.get_by_role("button", name="Take into work").click()
    expect(page.locator(".toast", has_text="Started")).to_be_visible()
    expect(page.locator("[aria-current=step]")).to_have_text("In work")
    expect(page.get_by_text("Pressed “Take into work”")).to_be_visible()
    expect(page.get_by_role("button", name="Take into work")).to_have_count(0)

    page.get_by_role("button", name="Say hello").dblclick()
    said = wait_for(lambda: Comment.objects.filter(record_id=record.pk).first(), worker)
    expect(page.get_by_text(said.text)).to_be_visible()
    expect(page.get_by_role("button", name="Say hello")).not_to_have_attribute("aria-disabled", "true")
    picture(page, f"buttons-{width}")
    check_accessibility(page)
    states = Run.objects.filter(record_id=record.pk).order_by("id").values_list("rule_kind", "state")
    assert list(states) == [("trigger", State.SUCCEEDED), ("robot", State.SUCCEEDED)]


def test_press_on_a_card_of_yesterday_is_answered_plainly(
    stack: Stack, process: Process, clerk: User, open_page: OpenPage
) -> None:
    making = open_page(make_admin("Alice"), "/")
    add_moving_button(making)
    record = create_record(process, values={"title": "A-17"}, actor=SYSTEM)
    page = open_page(clerk, f"/p/requests/records/{record.pk}/")
    making.get_by_role("link", name="Take into work").click()
    making.get_by_role("button", name="Remove").click()
    making.get_by_role("button", name="Remove the trigger").click()
    expect(making.locator(".toast", has_text="is removed")).to_be_visible()
    page.get_by_role("button", name="Take into work").click()
    page.locator("dialog[open]").get_by_role("button", name="Take into work").click()
    expect(page.locator(".toast", has_text="This button has been removed.")).to_be_visible()
    expect(page.locator(".record-buttons")).to_have_count(0)


def test_card_asks_ever_less_for_the_end_of_a_press_and_not_under_an_open_menu(
    stack: Stack, process: Process, clerk: User, open_page: OpenPage
) -> None:
    """Nothing relays or works off runs here, so nothing that was begun ends."""
    for number in range(5):
        make_robot(process, settings={"text": f"Said {number}"}, button=f"Say {number}")
    record = create_record(process, values={"title": "A-17"}, actor=SYSTEM)
    page = open_page(clerk, f"/p/requests/records/{record.pk}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "buttons/?asked=" in request.url else None)
    page.clock.install()
    page.get_by_role("button", name="Say 0").click()
    buttons = page.locator(".record-buttons[data-ready]")
    expect(buttons).to_have_attribute("data-asked", "0")
    page.get_by_role("button", name="More buttons").focus()
    page.keyboard.press("Enter")
    page.clock.run_for(120_000)
    expect(page.get_by_role("menuitem", name="Say 4")).to_be_visible()
    assert asked == []
    page.keyboard.press("Escape")
    for number in range(1, 9):
        page.clock.run_for(50_000)
        expect(buttons).to_have_attribute("data-asked", str(number))
    page.clock.run_for(600_000)
    expect(page.get_by_role("button", name="Say 0")).to_have_attribute("aria-disabled", "true")
    assert len(asked) == 8


def test_button_in_the_menu_is_pressed_with_the_keyboard_on_a_phone(
    stack: Stack, process: Process, clerk: User, open_page: OpenPage
) -> None:
    worker = stack.worker()
    stack.relay()
    for number in range(5):
        make_robot(process, settings={"text": f"Said {number}"}, button=f"Say {number}")
    record = create_record(process, values={"title": "A-17"}, actor=SYSTEM)
    page = open_page(clerk, "/p/requests/", width=390)
    page.get_by_role("link", name="A-17").click()
    panel = page.locator("dialog[open]")
    expect(panel.get_by_role("button", name="Say 0")).to_be_visible()
    expect(panel.get_by_role("button", name="Say 1")).to_be_hidden()
    panel.get_by_role("button", name="More buttons").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("menuitem")).to_have_text([f"Say {number}" for number in range(1, 5)])
    check_accessibility(page)
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("menuitem", name="Say 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Started")).to_be_visible()
    assert wait_for(lambda: Comment.objects.filter(record_id=record.pk).first(), worker).text == "Said 2"
    expect(panel.get_by_text("Said 2")).to_be_visible()


def test_card_hears_that_what_a_press_began_was_settled_in_the_log(
    stack: Stack, process: Process, clerk: User, open_page: OpenPage
) -> None:
    relay = stack.relay()
    robot = make_robot(process, button="Say hello")
    record = create_record(process, values={"title": "A-17"}, actor=SYSTEM)
    press_button(process, record.pk, (RuleKind.ROBOT, robot.pk), actor=actor_of(clerk))
    run = wait_for(lambda: Run.objects.first(), relay)
    Run.objects.update(state=State.HELD)
    page = open_page(clerk, f"/p/requests/records/{record.pk}/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    button = page.get_by_role("button", name="Say hello")
    expect(button).to_have_attribute("aria-disabled", "true")
    cancel_run(run, actor=SYSTEM)
    expect(button).not_to_have_attribute("aria-disabled", "true")
