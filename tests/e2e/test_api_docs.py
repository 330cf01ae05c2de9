"""The page to read and try the API lives with the strict policy."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage, picture
from tests.factories import make_admin, make_process

pytestmark = pytest.mark.e2e


def test_api_page_lists_the_operations_without_violations(open_page: OpenPage) -> None:
    make_process(name="Requests")
    page = open_page(make_admin(), "/api/docs/")
    expect(page.locator("[data-tag=processes]")).to_be_visible(timeout=20_000)
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
    picture(page, "api-docs")
