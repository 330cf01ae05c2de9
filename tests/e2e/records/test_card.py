"""The card in its panel: address, editing in place, conflict, keys."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from records.models import Comment, Record
from records.operations import update_record
from records.typed import model_for
from tests.e2e.board import open_board, stage_of, tile
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create

pytestmark = pytest.mark.e2e


def value(process: Process, record: Record, key: str) -> object:
    return model_for(definition_of(process)).objects.get(pk=record.pk).values()[key]


def open_card(page: Page, record: Record) -> None:
    tile(page, record).get_by_role("link").click()
    expect(page.locator("#panel [data-controller=card][data-ready]")).to_be_attached()


def row(page: Page, label: str):
    return page.locator("#panel .fieldrow", has=page.get_by_text(label, exact=True))


def test_panel_has_an_address_of_its_own_and_gives_the_focus_back(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    open_card(page, record)
    expect(page).to_have_url(re.compile(f"/p/requests/records/{record.pk}/$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/p/requests/$"))
    expect(tile(page, record)).to_be_focused()
    page.goto(f"/p/requests/records/{record.pk}/")
    expect(page.locator("main .record-name")).to_have_text("Printer")


def test_value_is_edited_in_place_and_the_tile_follows(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    row(page, "Amount").locator("[data-value]").click()
    page.locator("#panel [name=value]").fill("1 234,50")
    page.keyboard.press("Enter")
    expect(row(page, "Amount").locator("[data-value]")).to_have_text("1,234.50")
    assert value(process, record, "amount") == 1234.5
    expect(tile(page, record)).to_contain_text("1,234.50")
    expect(page.locator("#panel .timeline")).to_contain_text("Changed")


def test_escape_leaves_the_value_as_it_was(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    row(page, "Amount").locator("[data-value]").click()
    page.locator("#panel [name=value]").fill("99")
    page.keyboard.press("Escape")
    expect(row(page, "Amount").locator("[data-value]")).to_have_text("5")
    expect(page.locator("#panel")).to_be_visible()
    assert value(process, record, "amount") == 5


def test_wrong_value_says_why_in_its_place(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    row(page, "Amount").locator("[data-value]").click()
    page.locator("#panel [name=value]").fill("much")
    page.keyboard.press("Enter")
    expect(row(page, "Amount").locator("[data-error]")).to_have_text("A number is expected.")
    assert value(process, record, "amount") == 5


@pytest.mark.parametrize(("keep", "kept"), [("Keep theirs", 7), ("Save mine", 9)])
def test_value_that_somebody_changed_offers_both(
    keep: str, kept: int, process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    row(page, "Amount").locator("[data-value]").click()
    expect(page.locator("#panel [name=value]")).to_be_focused()
    update_record(process, record.pk, values={"amount": 7}, actor=SYSTEM)
    page.locator("#panel [name=value]").fill("9")
    page.keyboard.press("Enter")
    expect(row(page, "Amount").locator("[data-error]")).to_have_text("SmartCRM changed this to: 7")
    page.get_by_role("button", name=keep).click()
    expect(row(page, "Amount").locator("[data-value]")).to_have_text(str(kept))
    assert value(process, record, "amount") == kept


def test_stage_bar_moves_the_record_and_the_tile(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    open_card(page, record)
    page.locator("#panel .stagebar").get_by_role("button", name="In work").click()
    expect(page.locator("#panel [aria-current=step]")).to_have_text("In work")
    assert stage_of(record) == "in_work"
    expect(page.locator(".column[data-name='In work'] .tile")).to_have_count(1)


def test_comment_and_task_are_added(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_board(open_page, employee)
    open_card(page, record)
    page.locator("#panel textarea").fill("Called them")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#panel .entry-comment")).to_have_text("Called them")
    assert Comment.objects.get().text == "Called them"
    page.get_by_role("button", name="Task", exact=True).click()
    page.keyboard.type("Send the offer")
    page.keyboard.press("Enter")
    expect(page.locator("#panel .task-title")).to_have_text("Send the offer")
    page.locator("#panel .task input").click()
    expect(page.locator("#panel .task[data-done]")).to_have_count(1)


def test_j_and_k_leaf_through_the_column(process: Process, employee: User, open_page: OpenPage) -> None:
    second, first = create(process, "Second", employee), create(process, "First", employee)
    page = open_board(open_page, employee)
    open_card(page, first)
    page.keyboard.press("j")
    expect(page.locator("#panel .record-name")).to_have_text("Second")
    expect(page).to_have_url(re.compile(f"/{second.pk}/$"))
    page.keyboard.press("k")
    expect(page.locator("#panel .record-name")).to_have_text("First")


def test_new_record_is_made_in_a_dialog(process: Process, employee: User, open_page: OpenPage) -> None:
    page = open_board(open_page, employee)
    page.keyboard.press("n")
    expect(page.locator("#id_title")).to_be_focused()
    page.keyboard.type("Paper")
    page.locator("#id_amount").fill("much")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#dialog")).to_contain_text("A number is expected.")
    page.locator("#id_amount").fill("12")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".tile-title")).to_have_text(["Paper"])
    expect(page.locator("#dialog")).not_to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_card_is_accessible(theme: str, width: int, process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5, source="site")
    page = open_board(open_page, employee, theme=theme, width=width)
    open_card(page, record)
    page.wait_for_timeout(300)
    check_accessibility(page)
    picture(page, f"records-card-{theme}-{width}")


def test_live_change_leaves_the_focus_where_it_is(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_board(open_page, employee)
    open_card(page, record)
    stage = definition_of(process).stage("in_work")
    page.locator(f"#panel [data-moves-to='{stage.id}']").focus()
    row_now = update_record(process, record.pk, values={"amount": 7}, actor=SYSTEM)
    event = {"kind": "record.updated", "process": "requests", "record": record.pk, "version": row_now.version}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('smartcrm:live', { detail }))", event)
    expect(row(page, "Amount").locator("[data-value]")).to_have_text("7")
    expect(page.locator(f"#panel [data-moves-to='{stage.id}']")).to_be_focused()
    page.locator("#panel .record-activity textarea").focus()
    row_now = update_record(process, record.pk, values={"amount": 8}, actor=SYSTEM)
    page.evaluate(
        "detail => document.dispatchEvent(new CustomEvent('smartcrm:live', { detail }))",
        {**event, "version": row_now.version},
    )
    expect(row(page, "Amount").locator("[data-value]")).to_have_text("8")
    expect(page.locator("#panel .record-activity textarea")).to_be_focused()
