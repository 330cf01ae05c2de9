"""The page to read and try the API lives with the strict policy."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage, picture
from tests.factories import make_admin, make_process

pytestmark = pytest.mark.e2e


def test_api_page_shows_the_records_of_a_process_without_violations(open_page: OpenPage) -> None:
    process = make_process(name="Requests")
    page = open_page(make_admin(), "/api/docs/")
    path = page.locator(f"[data-path='/api/v1/processes/{process.key}/records/']")
    expect(path.first).to_be_visible(timeout=20_000)
    picture(page, "api-docs")
