"""A text field becomes a number in a real browser, by the real worker, and text again."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Process
from processes.queries import field_of
from records.operations import create_record
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import make_process
from tests.stack import Stack

pytestmark = pytest.mark.e2e

URL = "/p/requests/settings/fields/"
TEXTS = {"Desks": "1200", "Chairs": "2 500,50", "Lamps": "to be agreed", "Shelves": ""}


@pytest.fixture
def process(stack: Stack) -> Process:
    process = make_process(name="Requests", key="requests", fields=(FieldDraft("Budget", "text", key="budget"),))
    for title, text in TEXTS.items():
        create_record(process, values={"title": title, "budget": text}, actor=SYSTEM)
    return process


def choose(page: Page, kind: str) -> None:
    """Open the dialog of the field and choose a type; the preview is there."""
    page.get_by_role("button", name="Change the type of “Budget”").click()
    dialog = page.get_by_role("dialog")
    go_on = dialog.get_by_role("button", name="Change the type", exact=True)
    expect(go_on).to_be_disabled()
    dialog.get_by_label("New kind of answer").select_option(kind)
    expect(go_on).to_be_enabled()


def test_text_becomes_a_number_and_text_again(boss: User, process: Process, open_page: OpenPage, stack: Stack) -> None:
    stack.relay()
    stack.worker()
    page = open_page(boss, URL)
    choose(page, "Number")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".convert-counts dd")).to_have_text(["2", "1", "1"])
    expect(dialog.get_by_role("region", name="These would be empty")).to_contain_text("to be agreed")
    expect(dialog.get_by_role("region", name="These convert")).to_contain_text("2,500.50")
    check_accessibility(page)
    picture(page, "convert-preview")
    dialog.get_by_label("Decimals").fill("99")
    expect(dialog.get_by_role("button", name="Change the type", exact=True)).to_be_disabled()
    dialog.get_by_label("Decimals").fill("1")
    expect(dialog.get_by_role("region", name="These convert")).to_contain_text("2,500.5")
    dialog.get_by_role("button", name="Change the type", exact=True).click()

    changed = page.get_by_role("region", name="Changed types")
    expect(changed.get_by_role("button", name="Change “Budget” back")).to_be_visible(timeout=30_000)
    expect(changed).to_contain_text("Text → Number")
    check_accessibility(page)
    picture(page, "convert-changed")
    assert field_of(process, "budget").type == "number"
    page.goto("/p/requests/list/")
    expect(page.get_by_role("row").filter(has_text="Chairs")).to_contain_text("2,500.5")
    expect(page.get_by_role("row").filter(has_text="Lamps")).not_to_contain_text("to be agreed")

    page.goto(URL)
    changed.get_by_role("button", name="1 did not convert").click()
    expect(page.get_by_role("dialog")).to_contain_text("to be agreed")
    page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished)).then(() => null)")
    check_accessibility(page)
    page.get_by_role("dialog").get_by_role("link", name="Lamps").click()
    expect(page.locator("#panel")).to_contain_text("Lamps")
    page.goto(URL)
    changed.get_by_role("button", name="Change “Budget” back").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Change back").click()
    expect(changed).to_contain_text("Number → Text")
    page.goto("/p/requests/list/")
    expect(page.get_by_role("row").filter(has_text="Lamps")).to_contain_text("to be agreed")
    expect(page.get_by_role("row").filter(has_text="Chairs")).to_contain_text("2 500,50")


def test_a_change_is_stopped_on_the_page(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, URL, width=390)
    page.get_by_role("link", name="Budget").click()
    page.get_by_role("dialog").get_by_role("button", name="Change the type…").click()
    page.get_by_role("dialog").get_by_label("New kind of answer").select_option("Choice")
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_have_count(3)
    check_accessibility(page)
    page.get_by_role("dialog").get_by_role("button", name="Change the type", exact=True).click()
    expect(page.get_by_role("region", name="Changed types")).to_contain_text("Changing")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("region", name="Changed types")).to_be_hidden()
    assert field_of(process, "budget").type == "text"
