"""Trying the API from its page: a call goes out as the person who is signed in."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage, picture
from tests.factories import make_admin, make_process

pytestmark = pytest.mark.e2e


def test_call_from_the_page_creates_a_record_without_violations(open_page: OpenPage) -> None:
    process = make_process(name="Requests")
    page = open_page(make_admin(), "/api/docs/", lives=False)
    block = page.locator("#operations-records-records_create")
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
    page.mouse.move(700, 500)
    for _turn in range(100):  # of a long list the page draws only what is near
        if block.count():
            break
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(100)
    block.scroll_into_view_if_needed()
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("[data-param-name=key] input").fill(process.key)
    block.locator("textarea.body-param__text").fill('{"title": "From the page"}')
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").nth(1)).to_contain_text("201")
    expect(answer).to_contain_text("From the page")
    picture(page, "api-try")
