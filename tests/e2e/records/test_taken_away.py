"""Stages and rights that go while somebody looks: with the real stream, nothing of them stays on the screen."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import add_pipeline, remove_pipeline, remove_stage, set_grants, update_pipeline
from records.operations import move_record
from tests.e2e.board import column, open_board, tile
from tests.e2e.conftest import OpenPage
from tests.e2e.records.conftest import create
from tests.e2e.records.test_card import open_card
from tests.e2e.records.test_list import open_list
from tests.factories import actor_of
from tests.stack import Stack

pytestmark = pytest.mark.e2e

NOTHING = "There is nothing at this address"


@pytest.fixture(autouse=True)
def _relay(stack: Stack) -> None:
    stack.relay()


def live(page: Page) -> Page:
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    return page


def test_pages_of_somebody_who_loses_all_rights_show_nothing_any_more(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Confidential", employee)
    pages = [live(open_board(open_page, employee)), live(open_list(open_page, employee))]
    pages.append(live(open_page(employee, f"/p/requests/records/{record.pk}/")))
    for page in pages:
        expect(page.get_by_text("Confidential").first).to_be_visible()
    (role,) = actor_of(employee).role_ids
    set_grants(process, {role: {}}, actor=SYSTEM)
    for page in pages:
        expect(page.get_by_role("heading", name=NOTHING)).to_be_visible()
        assert "Confidential" not in page.content()


def test_board_loses_a_stage_and_then_its_pipeline(process: Process, employee: User, open_page: OpenPage) -> None:
    service = add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)
    page = live(open_board(open_page, employee))
    page.goto("/p/requests/?pipeline=service")
    live(page)
    expect(column(page, "Rejected")).to_be_visible()
    remove_stage(service.stages.get(key="rejected"), actor=SYSTEM)
    expect(column(page, "Rejected")).to_have_count(0)
    expect(column(page, "Received")).to_be_visible()
    live(page)
    remove_pipeline(service, actor=SYSTEM)
    expect(page.get_by_role("heading", name=NOTHING)).to_be_visible()


def test_card_that_goes_out_of_sight_closes_under_a_comment(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    secret = add_pipeline(process, name="Secret", actor=SYSTEM)
    record = create(process, "Confidential", employee)
    page = live(open_board(open_page, employee))
    open_card(page, record)
    page.locator("#panel [data-composer] textarea").first.fill("I was about to say")
    move_record(process, record.pk, to=secret.stages.all()[0].pk, actor=SYSTEM)
    expect(page.locator("#panel")).to_be_hidden()
    expect(tile(page, record)).to_have_count(0)
    assert "Confidential" not in page.content()


def test_board_under_a_card_is_drawn_anew_and_its_page_once_the_card_is_closed(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    service = add_pipeline(process, name="Service", is_open=True, actor=SYSTEM)
    record = create(process, "Printer", employee)
    page = live(open_board(open_page, employee))
    expect(page.locator("header").get_by_text("Service")).to_have_count(1)
    open_card(page, record)
    page.locator("#panel [data-composer] textarea").first.fill("Half a word")
    update_pipeline(service, name="Service", is_open=False, actor=SYSTEM)
    remove_stage(process.pipelines.get(key="main").stages.get(key="rejected"), actor=SYSTEM)
    expect(column(page, "Rejected")).to_have_count(0)
    expect(page.locator("#panel [data-composer] textarea").first).to_have_value("Half a word")
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_event("load"):
        page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.get_by_text("Service", exact=True)).to_have_count(0)
