"""An administrator looks as somebody else and comes back, in a browser."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import EMPLOYEE, make_process, make_role, make_user

pytestmark = pytest.mark.e2e


@pytest.fixture
def anna(process: Process) -> User:
    """Somebody who sees the requests and changes only her own."""
    anna = make_user("Anna Petrova")
    set_grants(process, {make_role("Employee", people=(anna,)).pk: EMPLOYEE}, actor=SYSTEM)
    make_process(name="Salaries", key="salaries")
    create_record(process, values={"title": "Printer", "assignee": anna.pk}, actor=SYSTEM)
    return anna


def banner(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Looking as somebody else")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_looks_from_the_access_page_changes_nothing_and_comes_back(
    boss: User, process: Process, anna: User, open_page: OpenPage, theme: str
) -> None:
    page = open_page(boss, "/p/requests/settings/access/", theme=theme)
    expect(page.locator(".ts-wrapper.pick-person")).to_be_visible()
    check_accessibility(page)
    chooser = page.get_by_role("combobox", name="View as…")
    chooser.click()
    chooser.press_sequentially("anna")
    page.wait_for_timeout(600)  # Somebody who types slowly sends nothing yet.
    expect(page.locator(".ts-dropdown .option.active")).to_contain_text("Anna")
    picture(page, f"view-as-choice-{theme}")
    page.keyboard.press("Enter")
    expect(page.locator(".board[data-ready]")).to_be_attached()
    expect(banner(page)).to_contain_text("You see this as Anna Petrova. Only looking.")
    expect(page.get_by_role("link", name="Salaries")).to_have_count(0)
    check_accessibility(page)
    picture(page, f"view-as-board-{theme}")
    page.get_by_role("link", name="Printer").click()
    page.get_by_role("button", name="In work").first.click()
    expect(page.get_by_text("You see this as Anna Petrova and are only looking").first).to_be_visible()
    assert Record.objects.get().stage.key == "received"
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="You do not have access to this page")).to_be_visible()
    picture(page, f"view-as-refused-{theme}")
    page.goto("/p/requests/list/")
    page.get_by_role("button", name="Back to me").press("Enter")
    expect(banner(page)).to_have_count(0)
    assert page.url.endswith("/p/requests/list/")
    expect(page.get_by_role("link", name="Salaries")).to_have_count(1)


def test_looks_from_the_people_page_on_a_phone(boss: User, anna: User, open_page: OpenPage) -> None:
    page = open_page(boss, "/people/", width=390)
    row = page.locator("tr", has_text="Anna Petrova")
    row.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="View as Anna Petrova").click()
    expect(page.locator(".board[data-ready]")).to_be_attached()
    expect(banner(page)).to_be_visible()
    check_accessibility(page)
    picture(page, "view-as-phone")
    page.goto("/p/requests/")
    page.mouse.wheel(0, 2000)
    expect(banner(page)).to_be_in_viewport(ratio=1)
    picture(page, "view-as-phone-board")
    page.get_by_role("button", name="Anna Petrova").click()
    expect(page.get_by_role("menuitem", name="Profile")).to_have_count(0)
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
