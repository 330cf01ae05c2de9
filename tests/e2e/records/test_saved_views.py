"""A view is kept, opened again, changed and shared, in a browser."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from processes.models import Process
from records.models import SavedView
from tests.e2e.board import open_board, tile
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create
from tests.e2e.records.test_list import open_list
from tests.factories import make_admin

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("width", [1440, 390])
def test_employee_keeps_a_view_and_comes_back_to_it(
    process: Process, employee: User, open_page: OpenPage, width: int
) -> None:
    create(process, "Printer", employee)
    create(process, "Scanner", employee)
    page = open_list(open_page, employee, width=width)
    page.locator("#filters [name=q]").fill("Printer")
    expect(page.locator("#view tbody tr")).to_have_count(1)
    views = page.get_by_role("button", name="Saved view")
    views.click()
    check_accessibility(page)
    page.get_by_role("menuitem", name="Save as a new view…").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name", exact=True).fill("Printers")
    check_accessibility(page)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Saved view: Printers")).to_be_visible()
    page.locator("#filters [name=q]").fill("Scanner")
    expect(page.locator("#view tbody tr")).to_contain_text(["Scanner"])
    expect(page.locator(".views-changed")).to_be_visible()
    views.click()
    picture(page, f"saved-views-{width}")
    page.get_by_role("menuitem", name="Save the changes").click()
    expect(page.locator(".views-changed")).to_have_count(0)
    assert SavedView.objects.get().query == "q=Scanner"
    views.click()
    page.get_by_role("menuitemradio", name="All requests").click()
    expect(page.locator("#view tbody tr")).to_have_count(2)
    expect(page).to_have_url("/p/requests/list/")
    views.click()
    page.get_by_role("menuitemradio", name="Printers").click()
    expect(page.locator("#view tbody tr")).to_contain_text(["Scanner"])
    expect(page.locator("#view tbody tr")).to_have_count(1)


def test_designer_shares_a_view_with_which_the_board_opens(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    create(process, "Printer", employee)
    scanner = create(process, "Scanner", employee)
    page = open_board(open_page, make_admin("Alice"))
    page.locator("#filters [name=q]").fill("Scanner")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("button", name="Saved view").click()
    page.get_by_role("menuitem", name="Save as a new view…").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name", exact=True).fill("Scanners")
    expect(dialog.get_by_label("The page opens with it")).to_be_hidden()
    dialog.get_by_label("Everybody who sees the process").check()
    dialog.get_by_label("The page opens with it").check()
    check_accessibility(page)
    picture(page, "saved-view-dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Saved view: Scanners")).to_be_visible()

    other = open_board(open_page, employee)
    expect(tile(other, scanner)).to_be_visible()
    expect(other.locator(".tile")).to_have_count(1)
    other.locator("[data-clears]").click()
    expect(other.locator(".tile")).to_have_count(2)
    other.reload()
    expect(other.locator(".tile")).to_have_count(2)
