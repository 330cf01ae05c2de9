"""Parts of a page that are drawn anew while something newer happens: nothing newer is lost, nobody is interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from records.models import Record
from records.operations import update_record
from tests.e2e.board import open_board, tile
from tests.e2e.conftest import OpenPage
from tests.e2e.records.conftest import create
from tests.e2e.records.test_card import open_card, row
from tests.e2e.records.test_list import open_list

pytestmark = pytest.mark.e2e


@contextmanager
def first_answer_held(page: Page, address: str) -> Iterator[None]:
    """The first answer from the address is made at once and arrives when the block ends, so it is old by then."""
    kept: list[tuple[Route, APIResponse]] = []
    page.route(address, lambda route: kept.append((route, route.fetch())), times=1)
    yield
    for _ in range(500):
        if kept:
            break
        page.wait_for_timeout(20)
    route, answer = kept[0]
    route.fulfill(response=answer)


def tell(page: Page, record: Record, amount: int, process: Process) -> None:
    """Somebody else changes the amount, and the live stream says so."""
    changed = update_record(process, record.pk, values={"amount": amount}, actor=SYSTEM)
    event = {"kind": "record.updated", "process": "requests", "record": record.pk, "version": changed.version}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('smartcrm:live', { detail }))", event)


def test_change_during_the_drawing_of_another_is_shown(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    with first_answer_held(page, "**/?part=record"):
        with page.expect_request("**/?part=record"):
            tell(page, record, 7, process)
        tell(page, record, 8, process)
        tell(page, record, 9, process)
    expect(row(page, "Amount").locator("[data-value]")).to_have_text("9")


def test_filter_during_the_answer_to_another_wins(process: Process, employee: User, open_page: OpenPage) -> None:
    create(process, "Printer", employee)
    create(process, "Scanner", employee)
    page = open_list(open_page, employee)
    search = page.locator("#filters [name=q]")
    with first_answer_held(page, "**/list/?q=Printer"):
        with page.expect_request("**/list/?q=Printer"):
            search.fill("Printer")
        search.fill("Scanner")
        expect(page.locator("#filters")).to_have_attribute("data-wanted", "q=Scanner")
    expect(page.locator("#view tbody tr")).to_contain_text(["Scanner"])
    expect(page).to_have_url("/p/requests/list/?q=Scanner")


def test_board_behind_an_open_card_stays_a_board(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    open_card(page, record)
    late = create(process, "Scanner", employee)
    page.evaluate("document.dispatchEvent(new CustomEvent('smartcrm:live-reset'))")
    expect(tile(page, late)).to_be_attached()
    expect(page).to_have_url(f"/p/requests/records/{record.pk}/")
    with page.expect_event("load"):  # what is around the board may be behind too
        page.keyboard.press("Escape")
    expect(tile(page, late)).to_be_visible()
    expect(page).to_have_url("/p/requests/")


RESET = "document.dispatchEvent(new CustomEvent('smartcrm:live-reset'))"


def test_page_waits_until_a_card_that_is_being_added_is_left(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    create(process, "Printer", employee)
    page = open_board(open_page, employee)
    page.locator("[data-quick-add]").first.click()
    line = page.locator(".column-form input")
    line.fill("Half a")
    with page.expect_response(lambda answer: answer.request.method == "HEAD"):
        page.evaluate(RESET)
    line.press_sequentially(" word")
    expect(line).to_have_value("Half a word")
    with page.expect_event("load"):
        line.press("Escape")


def test_change_waits_until_the_menu_is_left(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_page(employee, f"/p/requests/records/{record.pk}/")
    expect(page.locator("[data-controller=card][data-ready]")).to_be_attached()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "part=record" in request.url else None)
    page.clock.install()
    page.get_by_role("button", name="More", exact=True).click()
    tell(page, record, 7, process)
    page.clock.run_for(5000)
    page.evaluate("fetch(location.href)")  # Whatever was asked before has been noted when this is answered.
    assert asked == []
    amount = page.locator(".fieldrow", has=page.get_by_text("Amount", exact=True)).locator("[data-value]")
    expect(amount).to_have_text("5")
    expect(page.get_by_role("menuitem").first).to_be_visible()
    page.keyboard.press("Escape")
    page.clock.run_for(1000)
    expect(amount).to_have_text("7")


def test_new_record_does_not_take_away_what_is_chosen(process: Process, employee: User, open_page: OpenPage) -> None:
    chosen = create(process, "Printer", employee)
    page = open_list(open_page, employee)
    page.locator(f"#row-{chosen.pk} input[type=checkbox]").check()
    late = create(process, "Scanner", employee)
    event = {"kind": "record.created", "process": "requests", "record": late.pk, "version": 1}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('smartcrm:live', { detail }))", event)
    page.wait_for_load_state("networkidle")
    expect(page.locator(f"#row-{chosen.pk} input[type=checkbox]")).to_be_checked()
    page.locator(f"#row-{chosen.pk} input[type=checkbox]").uncheck()
    expect(page.locator(f"#row-{late.pk}")).to_be_visible()
