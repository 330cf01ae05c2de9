"""The list, my work and the palette in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from records.models import Record
from records.operations import create_task, update_record
from records.typed import model_for
from tests.e2e.board import stage_of
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create
from tests.factories import make_user
from tests.stack import wait_for

pytestmark = pytest.mark.e2e


def open_list(open_page: OpenPage, person: User, **options: object) -> Page:
    page = open_page(person, "/p/requests/list/", **options)
    expect(page.locator("#view[data-ready]")).to_be_attached()
    return page


def cell(page: Page, record: Record, key: str):
    return page.locator(f"#row-{record.pk} [data-edit-url$='/{key}/']")


def values(process: Process, record: Record) -> dict[str, object]:
    return model_for(definition_of(process)).objects.get(pk=record.pk).values()


def test_cell_is_edited_and_tab_goes_on_to_the_next(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_list(open_page, employee)
    cell(page, record, "amount").dblclick()
    page.locator(".inline-form [name=value]").fill("12,5")
    page.keyboard.press("Tab")
    expect(cell(page, record, "amount").locator("[data-value]")).to_have_text("12.50")
    expect(cell(page, record, "source").locator("select")).to_be_focused()
    page.locator(".inline-form select").select_option("phone")
    expect(cell(page, record, "source").locator("[data-value]")).to_have_text("Phone")
    found = values(process, record)
    assert (found["amount"], found["source"]) == (12.5, "phone")


def test_wrong_value_stays_in_the_cell_with_its_reason(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee, amount=5)
    page = open_list(open_page, employee)
    cell(page, record, "amount").focus()
    page.keyboard.press("Enter")
    page.locator(".inline-form [name=value]").fill("much")
    page.keyboard.press("Enter")
    expect(page.locator(".inline-form [data-error]")).to_have_text("A number is expected.")
    page.keyboard.press("Escape")
    expect(cell(page, record, "amount")).to_be_focused()
    assert values(process, record)["amount"] == 5


def test_cells_are_walked_with_the_arrow_keys(process: Process, employee: User, open_page: OpenPage) -> None:
    below, above = create(process, "Below", employee), create(process, "Above", employee)
    page = open_list(open_page, employee)
    cell(page, above, "amount").focus()
    page.keyboard.press("ArrowDown")
    expect(cell(page, below, "amount")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cell(page, below, "source")).to_be_focused()


def test_stage_cell_moves_by_the_rules_of_the_board(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    page = open_list(open_page, employee)
    page.locator(f"#row-{record.pk} [data-stage-menu]").click()
    menu = page.locator("#stage-menu")
    expect(menu.get_by_role("menuitem", name="Completed")).to_have_attribute("aria-disabled", "true")
    menu.get_by_role("menuitem", name="In work").click()
    expect(page.locator(f"#row-{record.pk} [data-stage-menu]")).to_have_text("In work")
    assert stage_of(record) == "in_work"


def test_head_sorts_without_leaving_the_page(process: Process, employee: User, open_page: OpenPage) -> None:
    create(process, "Dear", employee, amount=50)
    create(process, "Cheap", employee, amount=5)
    page = open_list(open_page, employee)
    page.locator("thead").get_by_role("link", name="Amount").click()
    expect(page.locator("thead [aria-sort=ascending]")).to_have_text("Amount")
    expect(page.locator("tbody .table-title")).to_have_text(["Cheap", "Dear"])
    page.locator("thead").get_by_role("link", name="Amount").click()
    expect(page.locator("tbody .table-title")).to_have_text(["Dear", "Cheap"])
    expect(page).to_have_url(re.compile("sort=-amount"))


def test_task_is_done_from_my_work(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "Printer", employee)
    task = create_task(process, record.pk, title="Call", assignee_id=employee.pk, actor=SYSTEM)
    page = open_page(employee, "/work/")
    page.get_by_role("checkbox", name="Call").click()
    expect(page.locator("#work")).to_contain_text("No tasks: well done.")

    def is_done() -> bool:
        task.refresh_from_db()
        return task.is_done

    assert wait_for(is_done)


def test_palette_finds_a_record_and_goes_there(process: Process, employee: User, open_page: OpenPage) -> None:
    record = create(process, "ООО «Заря»", employee)
    page = open_page(employee, "/work/")
    expect(page.locator("[data-controller=search][data-ready]")).to_be_attached()
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("заря")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/p/requests/records/{record.pk}/$"))


@pytest.mark.parametrize("path", ["/p/requests/list/", "/work/", "/search/?q=printer", "/p/requests/bin/"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_page_is_accessible(
    path: str, theme: str, width: int, process: Process, employee: User, open_page: OpenPage
) -> None:
    record = create(process, "Printer", employee, amount=5, source="site")
    create_task(process, record.pk, title="Call", assignee_id=employee.pk, actor=SYSTEM)
    page = open_page(employee, path, theme=theme, width=width)
    check_accessibility(page)
    picture(page, f"records-{re.sub('[^a-z]+', '-', path).strip('-')}-{theme}-{width}")


def test_chosen_rows_change_together(process: Process, employee: User, open_page: OpenPage) -> None:
    records = [create(process, name, employee) for name in ("One", "Two", "Three", "Four")]
    page = open_list(open_page, employee)
    bar = page.get_by_role("group", name="Chosen records")
    expect(bar).to_be_hidden()
    cell(page, records[3], "amount").focus()
    page.keyboard.press("Space")
    page.locator(f"#row-{records[1].pk} [data-pick]").click(modifiers=["Shift"])
    expect(bar).to_contain_text("Chosen: 3")
    check_accessibility(page)
    picture(page, "list-selection")
    bar.get_by_role("button", name="Edit a field").click()
    dialog = page.get_by_role("dialog", name="Edit 3 records")
    dialog.get_by_label("Field", exact=True).select_option("amount")
    dialog.get_by_label("Amount").fill("7")
    check_accessibility(page)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("3 records are changed.")).to_be_visible()
    assert [values(process, record)["amount"] for record in records] == [None, 7, 7, 7]


def test_refused_rows_are_named_and_the_choice_survives_live_changes(
    process: Process, employee: User, open_page: OpenPage
) -> None:
    mine, foreign = create(process, "Mine", employee), create(process, "Foreign", make_user())
    page = open_list(open_page, employee)
    page.get_by_label("Choose all on this page").check()
    row = update_record(process, foreign.pk, values={"title": "Not mine"}, actor=SYSTEM)
    event = {"kind": "record.updated", "process": "requests", "record": row.pk, "version": row.version}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('smartcrm:live', { detail }))", event)
    expect(page.locator(f"#row-{foreign.pk}")).to_contain_text("Not mine")
    expect(page.locator(f"#row-{foreign.pk} [data-pick]")).to_be_checked()
    page.get_by_role("button", name="Move", exact=True).click()
    dialog = page.get_by_role("dialog", name="Move 2 records")
    dialog.get_by_label("Stage").select_option(label="In work")
    dialog.get_by_role("button", name="Move", exact=True).click()
    left = page.get_by_role("dialog", name="Some records stay as they were")
    expect(left.get_by_role("link", name="Not mine")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(f"#row-{mine.pk} [data-cell=stage]")).to_contain_text("In work")
    expect(page.locator(f"#row-{foreign.pk} [data-cell=stage]")).to_contain_text("Received")
