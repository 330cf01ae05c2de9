"""Roles of the matrix in a real browser: columns that are hidden, and who has a role."""

import pytest
from playwright.sync_api import Page, expect

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Operation, Scope
from processes.operations import set_grants
from tests.e2e.conftest import OpenPage, check_accessibility
from tests.factories import make_admin, make_process, make_role, make_user
from tests.stack import Stack

pytestmark = pytest.mark.e2e


def ready(page: Page) -> None:
    expect(page.locator("table[data-controller~=access][data-ready]")).to_be_attached()


def test_hidden_column_stays_hidden_is_saved_as_it_is_and_a_role_tells_who_has_it(
    stack: Stack, open_page: OpenPage
) -> None:
    boss, process = make_admin("Boss"), make_process(name="Requests", key="requests")
    clerk, head = make_role("Clerk", people=(make_user("Ann"),)), make_role("Head")
    set_grants(process, {head.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    page = open_page(boss, "/p/requests/settings/access/")
    ready(page)
    page.get_by_role("button", name="Hide the column of Head").click()
    expect(page.locator(f"[name=grant-{head.pk}-view]")).to_be_hidden()
    expect(page.get_by_role("button", name="All roles")).to_be_focused()
    page.locator(f"[name=grant-{clerk.pk}-view]").select_option(str(Scope.ALL.value))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It holds from the next request on.")).to_be_visible()
    ready(page)
    expect(page.locator(f"[name=grant-{head.pk}-view]")).to_be_hidden()
    grants = definition_of(process).grants
    assert grants[head.pk] == grants[clerk.pk] == {Operation.VIEW: Scope.ALL}
    page.get_by_role("button", name="All roles").click()
    expect(page.locator(f"[name=grant-{head.pk}-view]")).to_be_visible()
    page.get_by_role("button", name="Clerk", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("link", name="Ann")).to_be_visible()
    check_accessibility(page)
