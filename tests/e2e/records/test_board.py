"""The board under a mouse, a keyboard and a menu; the server's state is what counts."""

import re

import pytest
from playwright.sync_api import Route, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from records.models import Record
from records.operations import update_record
from tests.e2e.board import column, drag, open_board, stage_of, tile, titles
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create
from tests.factories import make_user
from tests.stack import wait_for

pytestmark = pytest.mark.e2e


def test_card_is_dragged_to_another_column_and_back_by_undo(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee, amount=100)
    page = open_board(open_page, employee)
    drag(page, tile(page, record), column(page, "In work"), below=200)
    expect(page.locator(".toast")).to_contain_text("Moved to “In work”")
    assert stage_of(record) == "in_work"
    assert (titles(page, "Received"), titles(page, "In work")) == ([], ["Printer"])
    expect(column(page, "In work").locator(".column-count")).to_have_text("1")
    page.locator("[data-undo]").click()
    expect(column(page, "Received").locator(".tile")).to_have_count(1)
    assert wait_for(lambda: stage_of(record) == "received")


def test_card_is_dragged_to_a_place_in_its_column(process: Process, employee: User, open_page: OpenPage) -> None:
    for title in ("Third", "Second", "First"):
        create(process, title, employee)
    page = open_board(open_page, employee)
    drag(page, page.locator(".tile", has_text="First"), page.locator(".tile", has_text="Second"), below=60)
    expect(column(page, "Received").locator(".tile-title").first).to_have_text("Second")
    expect(page.locator(".tile[data-pending]")).to_have_count(0)
    page.reload()
    assert titles(page, "Received") == ["Second", "First", "Third"]


def test_forbidden_move_puts_the_card_back_and_says_why(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    drag(page, tile(page, record), column(page, "Completed"), below=200)
    expect(page.locator(".toast")).to_contain_text("A record cannot go from “Received” to “Completed”.")
    assert titles(page, "Received") == ["Printer"]
    assert stage_of(record) == "received"


def test_card_of_somebody_else_cannot_be_dragged_and_says_why(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Foreign", make_user())
    page = open_board(open_page, employee)
    drag(page, tile(page, record), column(page, "In work"), below=200)
    expect(page.locator(".toast")).to_contain_text("You have no right to move this record.")
    assert stage_of(record) == "received"


def test_card_that_somebody_changed_first_shows_the_present_state(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee, amount=1)
    page = open_board(open_page, employee)
    update_record(process, record.pk, values={"amount": 777}, actor=SYSTEM)
    page.evaluate(f"document.getElementById('card-{record.pk}').dataset.version = '1'")
    drag(page, tile(page, record), column(page, "In work"), below=200)
    expect(page.locator(".toast")).to_contain_text("SmartCRM changed this first.")
    expect(tile(page, record)).to_contain_text("777")
    assert (stage_of(record), titles(page, "Received")) == ("received", ["Printer"])


def test_card_is_carried_by_keyboard_across_what_it_may_not_enter(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    tile(page, record).focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-announcer]")).to_contain_text("picked up")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-announcer]")).to_contain_text("Rejected, position 1")
    page.keyboard.press("Space")
    expect(page.locator(".toast")).to_contain_text("Moved to “Rejected”")
    expect(tile(page, record)).to_be_focused()
    assert stage_of(record) == "rejected"


def test_escape_puts_a_carried_card_back(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    tile(page, record).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    assert titles(page, "In work") == ["Printer"]
    page.keyboard.press("Escape")
    expect(page.locator("[data-announcer]")).to_contain_text("Cancelled")
    assert (titles(page, "Received"), stage_of(record)) == (["Printer"], "received")


def test_board_is_one_tab_stop(process: Process, employee: User, open_page: OpenPage) -> None:
    for number in range(3):
        create(process, f"Paper {number}", employee)
    page = open_board(open_page, employee)
    expect(page.locator(".board .tile[tabindex='0']")).to_have_count(1)
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tile").nth(1)).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator(".column-add").first).to_be_focused()


def test_menu_moves_a_card_without_dragging(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    tile(page, record).locator("[data-tile-menu]").click()
    menu = page.locator("#tile-menu")
    expect(menu.get_by_role("menuitem", name="Completed")).to_have_attribute("aria-disabled", "true")
    menu.get_by_role("menuitem", name="In work").click()
    expect(column(page, "In work").locator(".tile")).to_have_count(1)
    assert wait_for(lambda: stage_of(record) == "in_work")


def test_menu_bins_a_card_and_undo_brings_it_back(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    tile(page, record).locator("[data-tile-menu]").click()
    page.get_by_role("menuitem", name="Move to the bin").click()
    expect(page.locator(".tile")).to_have_count(0)
    record.refresh_from_db()
    assert record.deleted_at is not None
    page.locator("[data-undo]").click()
    expect(tile(page, record)).to_be_visible()


def test_quick_add_stays_open_for_the_next_and_opens_on_shift(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    page = open_board(open_page, employee)
    column(page, "In work").locator("[data-quick-add]").click()
    expect(page.locator(".column-form input")).to_be_focused()
    page.keyboard.type("First")
    page.keyboard.press("Enter")
    expect(column(page, "In work").locator(".tile-title")).to_have_text(["First"])
    page.keyboard.type("Second")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#panel .record-name")).to_have_text("Second")
    found = Record.objects.order_by("id").values_list("title", "stage__key", "assignee")
    assert list(found) == [("First", "in_work", employee.pk), ("Second", "in_work", employee.pk)]


def test_quick_add_whose_answer_was_lost_makes_one_record(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    page = open_board(open_page, employee)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/quick-add/**", lose, times=1)
    column(page, "In work").locator("[data-quick-add]").click()
    expect(page.locator(".column-form input")).to_be_focused()
    page.keyboard.type("Paper")
    page.keyboard.press("Enter")
    expect(page.locator(".toast[data-kind=bad]")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".column-form input")).to_have_value("")
    expect(column(page, "In work").locator(".tile-title")).to_have_text(["Paper"])
    assert Record.objects.count() == 1


def test_filter_lives_in_the_address(process: Process, employee: User, open_page: OpenPage) -> None:
    create(process, "Cheap", employee, amount=5)
    create(process, "Dear", employee, amount=5000)
    page = open_board(open_page, employee)
    page.locator(".chip-add").click()
    page.locator("#filter-field").select_option("amount")
    old = page.locator("#filter-value").element_handle()
    page.locator("#filter-op").select_option("gt")
    old.wait_for_element_state("hidden")  # the input of the operator before gives way to the new one
    page.locator("#filter-value").fill("1 000,5")
    page.keyboard.press("Enter")
    expect(page.locator(".tile-title")).to_have_text(["Dear"])
    expect(page).to_have_url(re.compile(r"filter%5Bamount%5D%5Bgt%5D=1000\.5"))
    page.reload()
    expect(page.locator(".tile-title")).to_have_text(["Dear"])
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.locator(".tile")).to_have_count(2)


def test_search_narrows_while_typing(process: Process, employee: User, open_page: OpenPage) -> None:
    create(process, "Чёрная бумага", employee)
    create(process, "Printer", employee)
    page = open_board(open_page, employee)
    page.keyboard.press("/")
    page.keyboard.type("черн")
    expect(page.locator(".tile-title")).to_have_text(["Чёрная бумага"])
    expect(page.locator("[name=q]")).to_be_focused()


def test_column_loads_its_next_tiles_while_scrolling(process: Process, employee: User, open_page: OpenPage) -> None:
    for number in range(60):
        create(process, f"Paper {number}", employee)
    page = open_board(open_page, employee)
    for loaded in (50, 60):
        column(page, "Received").locator(".tile").last.scroll_into_view_if_needed()
        expect(column(page, "Received").locator(".tile")).to_have_count(loaded)
    expect(column(page, "Received").locator(".more")).to_have_count(0)


def test_column_that_fails_to_load_offers_another_try(process: Process, employee: User, open_page: OpenPage) -> None:
    for number in range(60):
        create(process, f"Paper {number}", employee)
    page = open_page(employee, "/work/")
    page.route("**/columns/**", lambda route: route.abort())
    page.goto("/p/requests/")
    column(page, "Received").locator(".tile").last.scroll_into_view_if_needed()
    retry = column(page, "Received").get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    page.unroute("**/columns/**")
    retry.click()
    expect(column(page, "Received").locator(".tile").nth(30)).to_be_attached()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_board_is_accessible(theme: str, width: int, process: Process, employee: User, open_page: OpenPage) -> None:
    for number in range(3):
        create(process, f"Paper {number}", employee, amount=number, source="site", request_date="2026-01-31")
    page = open_board(open_page, employee, theme=theme, width=width)
    check_accessibility(page)
    picture(page, f"records-board-{theme}-{width}")
