"""Values of linked records in a real browser, with the real relay and worker: made by the designer, seen to follow."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, Process
from records.operations import create_record
from records.typed import TypedRecord
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready
from tests.factories import make_admin, make_process
from tests.stack import Stack

pytestmark = pytest.mark.e2e

PATIENCE = 30_000


@pytest.fixture
def boss(stack: Stack) -> User:
    stack.relay()
    stack.worker()
    return make_admin("Boss")


@pytest.fixture
def companies(stack: Stack) -> Process:
    words = {"name": "Companies", "key": "companies", "noun": "company", "noun_plural": "companies"}
    fields = (FieldDraft("Phone", "phone", key="phone"), FieldDraft("Note", "text", key="note"))
    return make_process(**words, has_stages=False, stages=(), moves=None, fields=fields)


@pytest.fixture
def deals(companies: Process) -> Process:
    fields = (
        FieldDraft("Company", "link", key="company", settings={"process": companies.pk}),
        FieldDraft("Amount", "number", key="amount"),
        FieldDraft("Closing", "date", key="closing"),
    )
    return make_process(name="Deals", key="deals", noun="deal", noun_plural="deals", fields=fields)


@pytest.fixture
def acme(companies: Process) -> TypedRecord:
    return create_record(companies, values={"title": "Acme", "phone": "+7 495 123-45-67"}, actor=SYSTEM)


def choose(page: Page, process: str, kind: str) -> Locator:
    """The dialog of a new field of a kind, by the chooser."""
    page.goto(f"/p/{process}/settings/fields/")
    page.get_by_role("button", name="New field").click()
    dialog = page.get_by_role("dialog")
    ready(page, "kinds")
    dialog.get_by_role("searchbox", name="Find a kind").fill(kind)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("heading", name=f"New field: {kind}")).to_be_visible()
    return dialog


def value(page: Page, label: str) -> Locator:
    return page.locator(".fieldrow", has=page.get_by_text(label, exact=True)).locator("dd")


def make_roll_up(page: Page) -> None:
    """The sum of the amounts of a company's deals."""
    dialog = choose(page, "companies", "Summary of linked records")
    dialog.get_by_label("Name", exact=True).fill("Turnover")
    ready(page, "condition")
    expect(dialog.get_by_label("Of the field")).to_be_hidden()
    dialog.get_by_label("Linked records").select_option(label="Deals: Company")
    dialog.get_by_label("What of them").select_option("sum")
    field = dialog.get_by_label("Of the field")
    expect(field.locator("option")).to_have_text(["—", "Amount"])
    field.select_option(label="Amount")
    expect(dialog.get_by_label("Decimals of an average")).to_be_hidden()
    check_accessibility(page)
    picture(page, "roll-up-dialog")
    dialog.get_by_role("button", name="Add the field").click()
    expect(page.get_by_role("link", name="Turnover")).to_be_visible()


def make_lookup(page: Page) -> None:
    """The phone of a deal's company."""
    dialog = choose(page, "deals", "Value of a linked record")
    dialog.get_by_label("Name", exact=True).fill("Its phone")
    dialog.get_by_label("Through the link").select_option(label="Company")
    dialog.get_by_label("Show the field").select_option(label="Phone")
    dialog.get_by_role("button", name="Add the field").click()
    expect(page.get_by_role("link", name="Its phone")).to_be_visible()


def test_roll_up_and_lookup_follow_changes_live(
    boss: User, companies: Process, deals: Process, acme: TypedRecord, open_page: OpenPage
) -> None:
    page = open_page(boss)
    make_roll_up(page)
    make_lookup(page)
    assert {field.type for field in Field.objects.filter(label__in=("Turnover", "Its phone"))} == {"rollup", "lookup"}

    # A second browser looks at the company while the first makes a deal of it.
    other = open_page(boss, f"/p/companies/records/{acme.pk}/")
    expect(value(other, "Turnover")).to_have_text("0")
    page.goto(f"/p/deals/new/?company={acme.pk}")
    ready(page, "select")
    page.get_by_label("Title").fill("Big order")
    page.get_by_label("Amount").fill("1500")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Big order")).to_be_visible()
    expect(value(other, "Turnover")).to_contain_text("1,500", timeout=PATIENCE)
    expect(value(page, "Its phone")).to_contain_text("495 123-45-67", timeout=PATIENCE)

    # The amount changes, then the phone: each is seen on the other side without a reload.
    value(page, "Amount").get_by_role("button").click()
    amount = page.get_by_role("textbox", name="Amount")
    expect(amount).to_have_value("1500")
    amount.fill("2750")
    page.keyboard.press("Enter")
    expect(value(other, "Turnover")).to_contain_text("2,750", timeout=PATIENCE)
    value(other, "Phone").get_by_role("button").click()
    other.get_by_role("textbox", name="Phone").fill("+49 30 1234567")
    other.keyboard.press("Enter")
    expect(value(page, "Its phone")).to_contain_text("+49 30", timeout=PATIENCE)
    picture(other, "roll-up-card")
