"""Everything that matches, changed in a browser with a real worker behind it: chosen, looked at, taken back."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import set_grants
from records.bulk.worker import turns
from records.models import BulkJob
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create
from tests.factories import EMPLOYEE, make_role, make_user
from tests.stack import Stack

pytestmark = pytest.mark.e2e

LIST = "/p/requests/list/"


@pytest.fixture
def head(process: Process) -> User:
    """Changes own ones; sixty records are theirs but for ten."""
    person, other = make_user("Hanna Head"), make_user("Olga Other")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    for number in range(60):
        create(process, f"{'Paper' if number % 2 else 'Ink'} {number:02}", person if number < 50 else other)
    return person


def choose_all(page: Page) -> None:
    """By the keyboard alone."""
    page.get_by_label("Choose all on this page").focus()
    page.keyboard.press("Space")
    button = page.get_by_role("button", name="Choose all 60")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Chosen records")).to_contain_text("All 60 chosen")
    expect(page.get_by_role("button", name="Move", exact=True)).to_be_focused()


def test_all_that_match_are_moved_by_a_worker_and_taken_back(head: User, open_page: OpenPage, stack: Stack) -> None:
    page = open_page(head, LIST)
    expect(page.locator("#view[data-ready]")).to_be_visible()
    choose_all(page)
    check_accessibility(page)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Move 60 records")
    expect(dialog).to_contain_text("No filter: everything you see")
    check_accessibility(page)
    dialog.get_by_label("Stage").select_option(label="In work")
    dialog.get_by_role("button", name="Move", exact=True).click()
    state = page.locator("#bulk-state")
    expect(state).to_contain_text("0 of 60")
    check_accessibility(page)
    stack.relay()
    stack.worker("bulk", concurrency=1)
    expect(state).to_have_attribute("data-state", "done", timeout=60_000)
    expect(page.locator("#bulk-said")).to_have_text("Done")
    expect(state).to_contain_text("You have no right to do this: move.")
    check_accessibility(page)
    job = BulkJob.objects.get()
    assert (job.changed, job.refused) == (50, 10)
    state.get_by_role("link", name="See which").click()
    expect(page.get_by_role("link", name="Ink 50")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Undo: Move to “In work”")).to_be_visible()
    expect(page.locator("#bulk-state")).to_have_attribute("data-state", "done", timeout=60_000)
    assert BulkJob.objects.get(undoes=job).changed == 50
    page.get_by_role("link", name="Bulk changes").click()
    expect(page.locator("#bulk-jobs tbody tr")).to_have_count(2)
    check_accessibility(page)


def test_closed_dialog_lets_the_work_go_on_and_the_choice_is_gone(head: User, open_page: OpenPage) -> None:
    page = open_page(head, LIST)
    expect(page.locator("#view[data-ready]")).to_be_visible()
    choose_all(page)
    page.locator("tbody [data-pick]").nth(3).click()
    bar = page.get_by_role("group", name="Chosen records")
    expect(bar).to_contain_text("Chosen: 49")
    page.get_by_label("Choose all on this page").click()
    page.get_by_role("button", name="Choose all 60").click()
    page.get_by_role("button", name="Assign", exact=True).click()
    dialog = page.get_by_role("dialog", name="Assign 60 records")
    dialog.get_by_label("Nobody is responsible").check()
    dialog.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("#bulk-state")).to_contain_text("0 of 60")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk-state")).to_have_count(0)
    expect(bar).to_be_hidden()
    assert BulkJob.objects.get().state == "running"


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_bulk_changes_for_people_to_look_at(
    head: User, open_page: OpenPage, width: int, theme: str, language: str
) -> None:
    User.objects.filter(pk=head.pk).update(language=language)
    name = f"{width}-{theme}-{language}"
    page = open_page(head, f"{LIST}?sort=title", width=width, theme=theme)
    expect(page.locator("#view[data-ready]")).to_be_visible()
    page.locator("tbody [data-pick]").first.click()
    page.locator("[data-pick-all]").evaluate("box => box.click()")
    picture(page, f"bulk-1-bar-{name}")
    page.locator("[data-pick-everything]").click()
    page.locator("[data-selection] [data-dialog*='bulk/assign']").click()
    expect(page.locator("#bulk-form")).to_be_visible()
    picture(page, f"bulk-2-dialog-{name}")
    check_accessibility(page)
    page.locator("#dialog [name=nobody]").check()
    page.locator("#dialog .btn-primary").click()
    expect(page.locator("#bulk-state")).to_be_visible()
    picture(page, f"bulk-3-running-{name}")
    check_accessibility(page)
    turns.work_through(BulkJob.objects.get().pk)
    expect(page.locator("#bulk-state[data-state=done]")).to_be_visible()
    picture(page, f"bulk-4-done-{name}")
    check_accessibility(page)
    page.goto(page.url.partition("/p/")[0] + f"/p/requests/bulk/{BulkJob.objects.get().pk}/")
    picture(page, f"bulk-5-page-{name}")
    check_accessibility(page)
    page.goto(page.url.partition("/p/")[0] + "/p/requests/bulk/")
    picture(page, f"bulk-6-list-{name}")
    check_accessibility(page)
