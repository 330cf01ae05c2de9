"""The administrator's part of the story, all of it in the browser: people, roles, a process, rights, robots."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from automation.models import Robot, Run, State
from notifications.models import Notification
from processes.definition import definition_of
from processes.models import Grant, Operation, Process, Scope
from records.models import Record, Task
from tests.e2e.board import move_right_by_keys
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import PASSWORD, make_admin, make_role
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.e2e

NEW_PASSWORD = "a long enough secret 7"


def sign_in(page: Page, email: str, password: str) -> None:
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.keyboard.press("Enter")
    expect(page.locator(".rail")).to_be_visible()


def invite(page: Page, *, name: str, email: str) -> str:
    """Invite somebody on the people page; the one-time link."""
    page.goto("/people/")
    page.get_by_role("button", name="Invite").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[name=name]").fill(name)
    dialog.locator("input[name=email]").fill(email)
    dialog.get_by_role("button", name="Invite", exact=True).click()
    expect(dialog).to_contain_text("/join/")
    link = re.search(r"http\S+/join/[\w-]+/", dialog.inner_html())
    assert link
    dialog.get_by_role("button", name="Done").click()
    return link[0]


def add_field(page: Page, kind: str, label: str) -> Locator:
    page.get_by_role("button", name="Add a field").click()
    page.get_by_role("menuitem", name=kind, exact=True).click()
    row = page.locator("[data-row=fields]").last
    row.locator("input[name=label]").fill(label)
    return row


def create_requests(page: Page) -> None:
    """Describe the process Requests from scratch and create it."""
    page.goto("/processes/new/")
    page.get_by_role("link", name="From scratch").click()
    expect(page.locator("[data-controller~=designer][data-ready]")).to_be_attached()
    page.locator("input[name=name]").first.fill("Requests")
    page.locator("input[name=noun]").fill("request")
    page.locator("input[name=noun_plural]").fill("requests")
    for position, name in enumerate(("Received", "In work", "Completed", "Rejected")):
        page.locator("[data-row=stages]").nth(position).locator("input[name=name]").fill(name)
    add_field(page, "Date", "Request date")
    add_field(page, "Number", "Amount")
    add_field(page, "Person", "Responsible")
    add_field(page, "Long text", "Comment")
    for operation, scope in (("See", "All"), ("Create", "Yes"), ("Edit", "Own"), ("Move", "Own"), ("Comment", "All")):
        page.get_by_label(f"Employee: {operation}", exact=True).select_option(label=scope)
    picture(page, "story-designer")
    page.get_by_role("button", name="Create the process").click()
    expect(page).to_have_url(re.compile(r"/p/requests/"))


def add_robot(page: Page, kind: str) -> Locator:
    """Open the editor of a new robot in “In work”."""
    page.get_by_role("button", name="Add a robot or trigger to “In work”").click()
    page.get_by_role("link", name=re.compile(kind)).click()
    editor = page.locator("dialog[open]").last
    expect(editor.locator("[data-controller~=placeholders][data-ready]")).to_be_attached()
    return editor


def test_administrator_sets_a_process_up_and_an_employee_works_with_it(stack: Stack, open_page: OpenPage) -> None:
    worker = stack.worker()
    stack.relay()
    admin, role = make_admin("Alice"), make_role("Employee")
    page = open_page(None, "/accounts/login/")
    sign_in(page, admin.email, PASSWORD)
    link = invite(page, name="Boris", email="boris@example.test")
    row = page.get_by_role("row", name=re.compile("Boris"))
    row.get_by_role("button", name=re.compile("role", re.I)).first.click()
    page.get_by_role("menuitem", name="Employee").click()
    wait_for(lambda: role.assignments.exists())
    create_requests(page)
    process = Process.objects.get(key="requests")
    assert list(definition_of(process).field_by_key) == ["request_date", "amount", "responsible", "comment"]
    assert Grant.objects.get(role=role, operation=Operation.MOVE).scope == Scope.OWN
    page.goto("/p/requests/automation/")
    editor = add_robot(page, "Create a task")
    editor.locator("[name=settings-title]").fill("Call about {{ title }}")
    editor.get_by_role("button", name="Add the robot").click()
    expect(page.locator("main").get_by_text("Call about {{ title }}")).to_be_visible()
    expect(page).to_have_url(re.compile("/automation/$"))
    editor = add_robot(page, "Notify")
    editor.locator("[name=settings-text]").fill("{{ title }} is in work")
    editor.locator(".ts-control").first.click()
    page.locator(".ts-dropdown [data-value=assignee]:visible, .ts-dropdown [data-value=author]:visible").first.click()
    page.keyboard.press("Tab")
    editor.get_by_role("button", name="Add the robot").click()
    expect(page.locator("main").get_by_text("{{ title }} is in work")).to_be_visible()
    expect(page).to_have_url(re.compile("/automation/$"))
    assert Robot.objects.count() == 2
    picture(page, "story-automation")
    check_accessibility(page)

    employee = open_page(None, link)
    for field in employee.locator("input[type=password]").all():
        field.fill(NEW_PASSWORD)
    employee.keyboard.press("Enter")
    expect(employee.locator(".rail")).to_be_visible()
    boris = User.objects.get(email="boris@example.test")
    employee.goto("/p/requests/")
    expect(employee.locator("[data-controller~=board][data-ready]")).to_be_attached()
    employee.locator(".column[data-name=Received]").get_by_role("button", name="Quick add").click()
    employee.locator(".column-form input").fill("New laptop")
    employee.keyboard.press("Enter")
    tile = employee.locator(".tile", has_text="New laptop")
    expect(tile).to_be_visible()
    employee.keyboard.press("Escape")
    move_right_by_keys(employee, tile, "In work")
    record = wait_for(lambda: Record.objects.filter(title="New laptop", stage__key="in_work").first())
    wait_for(lambda: Run.objects.filter(record_id=record.pk, state=State.SUCCEEDED).count() == 2, worker)
    assert Task.objects.get(record=record).title == "Call about New laptop"
    assert Notification.objects.filter(user=boris, text="New laptop is in work").exists()
    page.goto("/p/requests/automation/log/")
    expect(page.locator("main").get_by_text("New laptop").first).to_be_visible()
    check_accessibility(page)
    picture(page, "story-log")
