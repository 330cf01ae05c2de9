"""The fields page in a real browser: sections, fields, conditions, removal; by mouse and by keyboard."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process
from processes.operations import add_field, add_section, arrange_fields, remove_field, update_field
from processes.queries import layout_of
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready

pytestmark = pytest.mark.e2e

URL = "/p/requests/settings/fields/"


def test_administrator_adds_a_section_and_a_field_into_it(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, URL, width=1680)
    page.get_by_role("button", name="New section").click()
    page.get_by_label("Name", exact=True).fill("Money")
    page.get_by_role("button", name="Add the section").click()
    expect(page.get_by_role("heading", name="Money")).to_be_visible()
    ready(page, "kinds")
    page.get_by_role("searchbox", name="Find a kind").fill("mone")
    kinds = page.get_by_role("complementary", name="Kinds of fields")
    expect(kinds.get_by_role("listitem")).to_have_count(1)
    kinds.get_by_role("button", name="Money").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Budget")
    dialog.get_by_label("Section").select_option("Money")
    check_accessibility(page)
    picture(page, "fields-dialog")
    dialog.get_by_role("button", name="Add the field").click()
    expect(page.get_by_role("list", name="Money").get_by_text("Budget", exact=True)).to_be_visible()
    section = process.sections.get()
    assert layout_of(process)[1] == (section.pk, ["budget"])


def test_keyboard_alone_moves_a_field_into_a_section(boss: User, process: Process, open_page: OpenPage) -> None:
    section = add_section(process, label="Money", actor=SYSTEM)
    page = open_page(boss, URL)
    page.get_by_role("link", name="Amount").focus()
    page.keyboard.press("Enter")
    choice = page.get_by_role("dialog").get_by_label("Section")
    choice.focus()
    page.keyboard.type("Money")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Money").get_by_text("Amount", exact=True)).to_be_visible()
    assert layout_of(process)[1] == (section.pk, ["amount"])


def test_preview_hides_and_shows_what_a_condition_asks(boss: User, process: Process, open_page: OpenPage) -> None:
    comment = Field.objects.get(process=process, key="comment")
    update_field(comment, changes={"visible_if": {"field": "source", "op": "is", "value": "phone"}}, actor=SYSTEM)
    page = open_page(boss, URL)
    preview = page.get_by_role("complementary", name="Preview")
    ready(page, "asked")
    expect(preview.get_by_label("Comment")).to_be_hidden()
    preview.get_by_label("Source").select_option("Phone")
    expect(preview.get_by_label("Comment")).to_be_visible()
    preview.get_by_label("Source").select_option("Site")
    expect(preview.get_by_label("Comment")).to_be_hidden()


def test_keyboard_alone_finds_a_kind_and_adds_a_field(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, URL)
    page.get_by_role("button", name="New field").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    ready(page, "kinds")
    search = dialog.get_by_role("searchbox", name="Find a kind")
    expect(search).to_be_focused()
    check_accessibility(page)
    picture(page, "fields-kinds")
    page.keyboard.type("nothing like it")
    expect(dialog.get_by_text("Nothing found")).to_be_visible()
    # It is found by what it is good for, too.
    search.fill("colleag")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("button", name="Person")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(search).to_be_focused()
    page.keyboard.press("Enter")
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    page.keyboard.type("Approver")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Approver")).to_be_visible()
    assert Field.objects.get(process=process, key="approver").type == "person"


@pytest.mark.parametrize("by", ["button", "keys"])
def test_removal_is_undone_from_its_toast(boss: User, process: Process, open_page: OpenPage, by: str) -> None:
    page = open_page(boss, URL)
    page.get_by_role("button", name="Remove “Amount”").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the field").click()
    expect(page.get_by_role("heading", name="Removed fields")).to_be_visible()
    ready(page, "toast")
    check_accessibility(page)
    picture(page, "fields-undo")
    if by == "button":
        page.get_by_role("button", name="Undo").click()
    else:
        page.keyboard.press("Control+z")
    expect(page.get_by_role("link", name="Amount")).to_be_visible()
    assert Field.objects.get(process=process, key="amount").removed_at is None


def test_removed_field_is_restored_or_deleted_by_its_name(boss: User, process: Process, open_page: OpenPage) -> None:
    for key in ("amount", "source"):
        remove_field(Field.objects.get(process=process, key=key), actor=SYSTEM)
    page = open_page(boss, URL)
    page.get_by_role("listitem").filter(has_text="Amount").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("link", name="Amount")).to_be_visible()
    page.get_by_role("button", name="Delete “Source” for good").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Type “Source” to confirm")
    expect(name).to_be_focused()
    name.fill("Sauce")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_text("This is not the name.")).to_be_visible()
    check_accessibility(page)
    picture(page, "fields-purge")
    dialog.get_by_label("Type “Source” to confirm").fill("Source")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.locator("#field-jobs")).to_contain_text("Source")
    assert FieldJob.objects.get().field.key == "source"


@pytest.mark.parametrize(
    ("theme", "width", "language"), [("light", 1680, "en"), ("dark", 1280, "ru"), ("light", 390, "ru")]
)
def test_page_of_many_fields_is_accessible(
    theme: str, width: int, language: str, boss: User, process: Process, open_page: OpenPage
) -> None:
    boss.language = language
    boss.save()
    kinds = ("text", "number", "date", "email", "phone", "boolean")
    keys = [
        add_field(process, FieldDraft(f"Question {n}", kinds[n % 6], help="What it is for"), actor=SYSTEM).key
        for n in range(18)
    ]
    first = add_section(process, label="Delivery and payment", actor=SYSTEM)
    second = add_section(process, label="Contacts", actor=SYSTEM)
    add_section(process, label="Empty", actor=SYSTEM)
    (_none, here), *_sections = layout_of(process)
    empty = layout_of(process)[-1][0]
    layout = [(None, [k for k in here if k not in keys]), (first.pk, keys[:9]), (second.pk, keys[9:]), (empty, [])]
    arrange_fields(process, layout, actor=SYSTEM)
    page = open_page(boss, URL, width=width, theme=theme)
    expect(page.locator("#field-preview form[data-asked-url]")).to_be_attached()
    check_accessibility(page)
    picture(page, f"fields-{theme}-{width}-{language}")
