"""A double click makes one of it: in dialogs, and in the form of a record with and without a dialog around it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Role, User
from processes.models import Process, Stage
from records.models import Record
from tests.e2e.conftest import OpenPage
from tests.factories import make_admin, make_process
from tests.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def boss(stack: Stack) -> User:
    return make_admin("Boss")


@pytest.fixture
def process(stack: Stack) -> Process:
    return make_process(name="Requests", key="requests")


def pressed_twice(page: Page, press: Callable[[], Any]) -> int:
    """How many times the page sent something when pressed twice, the second time before the first answer."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    press()
    page.wait_for_load_state("networkidle")
    return len(sent)


def test_dialogs_make_one_stage_and_one_role(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, "/p/requests/settings/stages/")
    page.get_by_role("button", name="New stage").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Paused")
    assert pressed_twice(page, dialog.get_by_role("button", name="Add the stage").dblclick) == 1
    expect(page.get_by_role("heading", name="Paused")).to_have_count(1)
    assert Stage.objects.filter(name="Paused").count() == 1

    page.goto("/roles/")
    page.get_by_role("button", name="New role").first.click()
    dialog.get_by_label("Name").fill("Lawyers")
    assert pressed_twice(page, dialog.locator(".dialog-foot .btn-primary").dblclick) == 1
    expect(dialog).to_have_count(0)
    assert Role.objects.filter(name="Lawyers").count() == 1


def test_form_of_a_record_makes_one_record(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, "/p/requests/")
    expect(page.locator(".board[data-ready]")).to_be_attached()
    page.get_by_role("link", name="New request").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("In a dialog")
    assert pressed_twice(page, dialog.get_by_role("button", name="Create").dblclick) == 1
    expect(page.locator(".toast")).to_contain_text("In a dialog")
    assert Record.objects.filter(title="In a dialog").count() == 1

    page.goto("/p/requests/new/")
    page.get_by_label("Title").fill("On a page")
    page.get_by_role("button", name="Create").dblclick()
    page.wait_for_url(re.compile(r"/p/requests/records/\d+/"))
    assert Record.objects.filter(title="On a page").count() == 1
