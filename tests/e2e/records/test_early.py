"""What is pressed before the scripts of its place have come is done once they are here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from processes.models import Process
from tests.e2e.conftest import OpenPage
from tests.e2e.records.conftest import create

pytestmark = pytest.mark.e2e


@contextmanager
def script_held(page: Page, address: str) -> Iterator[None]:
    """The script is asked for in the block and arrives after it."""
    kept: list[Route] = []
    page.route(address, lambda route: kept.append(route))
    yield
    assert kept, f"Nothing has asked for {address}."
    for route in kept:
        route.continue_()
    page.unroute(address)


@pytest.mark.parametrize("script", ["**/js/app*.js", "**/controllers/selection*.js"])
def test_row_chosen_before_the_scripts_came_is_chosen_once(
    script: str, process: Process, employee: User, open_page: OpenPage
) -> None:
    create(process, "Printer", employee)
    page = open_page(employee, "/work/")
    with script_held(page, script):
        page.goto("/p/requests/list/", wait_until="commit")
        box = page.get_by_label("Choose all on this page")
        box.check()
        expect(page.get_by_role("group", name="Chosen records")).to_be_hidden()
    expect(page.get_by_role("group", name="Chosen records")).to_contain_text("Chosen: 1")
    expect(box).to_be_checked()


def test_words_typed_before_the_scripts_came_are_searched_for(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    create(process, "Printer", employee)
    create(process, "Scanner", employee)
    page = open_page(employee, "/work/")
    with script_held(page, "**/controllers/filters*.js"):
        page.goto("/p/requests/list/", wait_until="commit")
        page.locator("#filters [name=q]").fill("Printer")
        expect(page.locator("#view tbody tr")).to_have_count(2)
    expect(page.locator("#view tbody tr")).to_have_count(1)


def test_link_needs_no_scripts(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_page(employee, "/work/")
    page.route("**/js/app*.js", lambda route: route.abort())
    page.goto("/p/requests/list/")
    page.get_by_role("link", name="Printer").click()
    expect(page).to_have_url(re.compile(f"/p/requests/records/{record.pk}/$"))


def test_form_is_sent_where_the_scripts_fail(process: Process, employee: User, open_page: OpenPage) -> None:
    page = open_page(employee, "/work/")
    page.route("**/js/app*.js", lambda route: route.abort())
    page.goto("/p/requests/new/")
    page.get_by_label("Title").fill("Printer")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page).to_have_url(re.compile(r"/p/requests/records/\d+/$"))
