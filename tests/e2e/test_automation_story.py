"""Automation from outside and in time, all of it set up and seen in browsers.

A client's webhook moves a record, a robot makes a task, the done task moves it on, a delayed robot speaks; a second
browser sees it live.
"""

import json
import re
from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import Locator, Page, expect
from standardwebhooks import Webhook

from accounts.models import User
from automation.models import RuleKind, Run, State, Trigger
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from processes.operations import set_grants
from records.models import Comment, Record, Task
from records.operations import create_record
from tests.e2e.board import column, open_board, stage_of, tile
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture
def process(stack: Stack) -> Process:
    return make_process(name="Requests")


@pytest.fixture
def employee(process: Process) -> User:
    person = make_user("Anna Petrova")
    set_grants(process, {make_role("Employee", people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return person


def add(page: Page, stage: str, kind: str) -> Locator:
    """Open the editor of a new robot, trigger or automatic transition of a stage."""
    page.goto("/p/requests/automation/")
    page.get_by_role("button", name=f"Add a robot or trigger to “{stage}”").click()
    page.get_by_role("link", name=re.compile(kind)).click()
    editor = page.locator("dialog[open]").last
    expect(editor.locator("[data-controller~=condition][data-ready]")).to_be_attached()
    return editor


def add_webhook(page: Page) -> tuple[str, str]:
    """A trigger that other programs call; its address and its secret, as the page shows them."""
    editor = add(page, "In work", "Another program calls")
    editor.locator("[name=name]").fill("Payment came")
    editor.locator("[name=settings-find_by]").select_option(label="Title")
    editor.locator("[name=settings-find_path]").fill("order.number")
    editor.get_by_role("button", name="Add a field").click()
    editor.locator(".pair select").select_option(label="Amount")
    editor.locator(".pair-value input").fill("order.paid")
    check_accessibility(page)
    editor.get_by_role("button", name="Add", exact=True).click()
    made = page.locator("dialog[open]").last
    expect(made).to_contain_text("shown this once")
    url, secret = made.locator(".code code").all_inner_texts()
    picture(page, "story-webhook")
    made.get_by_role("link", name="Done").click()
    return url, secret


def add_automatic_transition(page: Page) -> None:
    editor = add(page, "In work", "A condition becomes true")
    editor.get_by_role("button", name="Add a condition").click()
    field, operator = editor.locator(".condition select").nth(0), editor.locator(".condition select").nth(1)
    field.select_option(label="Open tasks")
    operator.select_option("is")
    editor.locator(".condition-value input").fill("0")
    editor.get_by_role("button", name=re.compile("and", re.I)).first.click()
    second = editor.locator(".condition").nth(1)
    second.locator("select").nth(0).select_option(label="Done tasks")
    second.locator("select").nth(1).select_option("ge")
    second.locator(".condition-value input").fill("1")
    editor.locator("[name=name]").fill("Everything is done")
    expect(editor.locator("[name=stage] option:checked")).to_have_text("Completed")
    editor.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("main").get_by_role("link", name="Everything is done")).to_be_visible()


def add_robots(page: Page) -> None:
    editor = add(page, "In work", "Create a task")
    editor.locator("[name=settings-title]").fill("Ship {{ title }}")
    editor.get_by_role("button", name="Add the robot").click()
    expect(page.locator("main").get_by_text("Ship {{ title }}")).to_be_visible()
    editor = add(page, "Completed", "Add a comment")
    editor.locator("[name=delay]").fill("3")
    editor.locator("[name=unit]").select_option(label="seconds")
    editor.locator("[name=settings-text]").fill("{{ title }} is paid with {{ amount }}")
    editor.get_by_role("button", name="Add the robot").click()
    expect(page.locator("main").get_by_text("After 3")).to_be_visible()


def call(url: str, secret: str, address: str, body: dict[str, object], message_id: str = "msg_1") -> requests.Response:
    """What a client's program does: sign the body and send it."""
    text, at = json.dumps(body), datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, text),
    }
    return requests.post(address + url[url.index("/api/") :], data=text, headers=headers, timeout=10)


def test_a_clients_call_a_done_task_and_a_delay_move_a_request_while_another_browser_watches(
    stack: Stack, process: Process, employee: User, open_page: OpenPage, address: str
) -> None:
    worker = stack.worker()
    stack.relay()
    admin_page = open_page(make_admin("Alice"), "/")
    url, secret = add_webhook(admin_page)
    add_automatic_transition(admin_page)
    add_robots(admin_page)
    picture(admin_page, "story-triggers")
    check_accessibility(admin_page)
    record = Record.objects.get(
        pk=create_record(process, values={"title": "A-17", "assignee": employee.pk}, actor=SYSTEM).pk
    )
    watching = open_board(open_page, make_user("Head", is_admin=True))
    expect(watching.locator("html[data-live=on]")).to_be_attached()
    expect(column(watching, "Received").locator(f"#card-{record.pk}")).to_be_visible()

    body = {"order": {"number": "A-17", "paid": 1500}}
    answers = [call(url, secret, address, body) for _repeat in range(2)]
    assert [(answer.status_code, answer.json()["outcome"]) for answer in answers] == [(200, "accepted")] * 2
    assert call(url, "whsec_" + "A" * 32, address, body, "msg_2").status_code == 403
    expect(column(watching, "In work").locator(f"#card-{record.pk}")).to_be_visible()
    task = wait_for(lambda: Task.objects.filter(record=record).first(), worker)
    assert task.title == "Ship A-17"

    page = open_page(employee, f"/p/requests/records/{record.pk}/")
    page.get_by_role("checkbox", name=re.compile("Ship A-17")).check()
    expect(column(watching, "Completed").locator(f"#card-{record.pk}")).to_be_visible()
    assert stage_of(record) == "completed"
    said = wait_for(lambda: Comment.objects.filter(record=record).first(), worker)
    assert said.text == "A-17 is paid with 1,500" or said.text == "A-17 is paid with 1500"
    moved = Event.objects.get(kind="record.moved", record_id=record.pk, data__stage=said.record.stage_id)
    assert (said.created_at - moved.at).total_seconds() >= 3
    expect(page.get_by_text(said.text)).to_be_visible()
    check_accessibility(page)
    expect(tile(watching, record)).to_have_count(1)
    states = Run.objects.filter(record_id=record.pk).values_list("rule_kind", "state")
    assert sorted(states) == [(RuleKind.ROBOT, State.SUCCEEDED)] * 2 + [(RuleKind.TRIGGER, State.SUCCEEDED)] * 2
    admin_page.goto(f"/p/requests/automation/log/?rule=trigger-{Trigger.objects.get(kind='webhook').pk}")
    expect(admin_page.locator("main").get_by_text("Received → In work")).to_be_visible()
    check_accessibility(admin_page)
