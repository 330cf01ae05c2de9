"""Sections and questions under a condition in a real browser: the form of a new record, and the card."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, Process
from processes.operations import add_field, add_section, update_field
from records.operations import create_record
from records.typed import TypedRecord
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready
from tests.factories import make_admin, make_process
from tests.stack import Stack

pytestmark = pytest.mark.e2e

PHONED = {"field": "source", "op": "is", "value": "phone"}


@pytest.fixture
def boss(stack: Stack) -> User:
    return make_admin("Boss")


@pytest.fixture
def process(stack: Stack) -> Process:
    """The comment is asked, and required, of what came by phone; the address stands in a section."""
    process = make_process(name="Requests", key="requests")
    section = add_section(process, label="Delivery", actor=SYSTEM)
    for label in ("Address", "Courier"):
        add_field(process, FieldDraft(label, "text", section=section), actor=SYSTEM)
    comment = Field.objects.get(process=process, key="comment")
    update_field(comment, changes={"visible_if": PHONED, "required": Field.Required.ALWAYS}, actor=SYSTEM)
    return process


@pytest.fixture
def record(process: Process) -> TypedRecord:
    return create_record(process, values={"title": "Printer", "source": "site", "address": "Lenina 1"}, actor=SYSTEM)


def test_question_comes_and_goes_while_the_form_is_filled_in(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, "/p/requests/new/")
    ready(page, "asked")
    comment = page.get_by_label("Comment")
    expect(comment).to_be_hidden()
    page.get_by_label("Source").select_option("Phone")
    expect(comment).to_be_visible()
    expect(comment).to_have_attribute("required", "")
    check_accessibility(page)
    picture(page, "record-new-sections")
    page.get_by_label("Title").fill("Printer")
    page.get_by_label("Source").select_option("Site")
    expect(comment).to_be_hidden()
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/records/*/")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_card_shows_sections_and_what_is_asked_after_a_change(
    theme: str, width: int, boss: User, record: TypedRecord, open_page: OpenPage
) -> None:
    page = open_page(boss, f"/p/requests/records/{record.pk}/", theme=theme, width=width)
    ready(page, "card")
    expect(page.get_by_text("Delivery")).to_be_visible()
    expect(page.locator(".fieldrow", has_text="Comment")).to_have_count(0)
    source = page.locator(".fieldrow", has_text="Source")
    source.get_by_role("button", name="Edit Source").click()
    source.get_by_role("combobox").select_option("Phone")
    comment = page.locator(".fieldrow[data-required]", has_text="Comment")
    expect(comment).to_be_visible()
    expect(page.get_by_role("button", name="Edit Source")).to_be_focused()
    picture(page, f"record-card-sections-{theme}-{width}")
    check_accessibility(page)
