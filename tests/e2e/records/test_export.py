"""Exports in a browser, with a real worker behind them: a filtered list becomes a file that is read here."""

import csv
import io

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.exchange.exporting import turns
from records.models import ExportJob
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.e2e.records.conftest import create
from tests.factories import EMPLOYEE, make_role, make_user
from tests.stack import Stack

pytestmark = pytest.mark.e2e

LIST = "/p/requests/list/"


@pytest.fixture
def address(stack: Stack) -> str:
    """The address of a web server that leaves exports of more than 20 records to workers."""
    return stack.web(EXPORT_ROWS_AT_ONCE="20")


@pytest.fixture
def exporter(process: Process) -> User:
    person = make_user("Elena Exporter")
    set_grants(process, {make_role(people=(person,)).pk: {**EMPLOYEE, Operation.EXPORT: Scope.ALL}}, actor=SYSTEM)
    for number in range(40):
        create(process, f"{'Paper' if number % 4 else 'Ink'} {number:02}", person, amount=number * 100)
    return person


def open_dialog(page: Page) -> None:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Export…").click()
    expect(page.locator("#dialog").get_by_role("button", name="Export", exact=True)).to_be_visible()


def test_filtered_list_becomes_a_file(exporter: User, open_page: OpenPage) -> None:
    page = open_page(exporter, f"{LIST}?sort=-amount&filter[amount][ge]=2000")
    expect(page.locator("#filters[data-ready]")).to_be_visible()
    page.get_by_role("searchbox").fill("ink")
    expect(page.locator("#total")).to_have_text("5 requests")
    open_dialog(page)
    expect(page.locator(".export-what")).to_contain_text("5 requests")
    for words in ("Search: ink", "Amount is at least 2,000", "By Amount, descending"):
        expect(page.locator(".export-what")).to_contain_text(words)
    check_accessibility(page)
    page.get_by_label("CSV").check()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("requests-")
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    at = {name: header.index(name) for name in ("Title", "Amount")}
    assert [row[at["Title"]] for row in rows] == ["Ink 36", "Ink 32", "Ink 28", "Ink 24", "Ink 20"]
    assert rows[0][at["Amount"]] == "3600"
    expect(page.locator("#export-state[data-state=done]")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_be_focused()
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More", exact=True)).to_be_focused()


def test_worker_makes_a_long_file_while_one_looks_on(exporter: User, open_page: OpenPage, stack: Stack) -> None:
    page = open_page(exporter, LIST)
    open_dialog(page)
    page.get_by_label("Everything that you may read").check()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.locator("#export-state[data-state=reading]")).to_contain_text("0 of 40")
    check_accessibility(page)
    with page.expect_download(timeout=60_000) as download:
        stack.relay()
        stack.worker("bulk", concurrency=1)
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    assert len(rows) == 40
    assert rows[0][header.index("Title")] == "Paper 39"
    assert rows[0][header.index("Amount")] == 3900
    expect(page.locator("#export-said")).to_have_text("The file is ready")
    page.get_by_role("link", name="Your exports").click()
    with page.expect_download() as again:
        page.get_by_role("link", name="Download").click()
    assert again.value.path().read_bytes() == download.value.path().read_bytes()
    check_accessibility(page)


def test_stopped_export_gives_no_file(exporter: User, open_page: OpenPage) -> None:
    page = open_page(exporter, LIST)
    open_dialog(page)
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#export-state")).to_contain_text("The export was stopped")
    check_accessibility(page)
    assert ExportJob.objects.get().state == "cancelled"


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_of_exports_for_people_to_look_at(
    exporter: User, open_page: OpenPage, width: int, theme: str, language: str
) -> None:
    User.objects.filter(pk=exporter.pk).update(language=language)
    name = f"{width}-{theme}-{language}"
    page = open_page(exporter, f"{LIST}?q=paper&filter[amount][ge]=300&sort=-amount", width=width, theme=theme)
    page.locator("[popovertarget=process-menu]").click()
    picture(page, f"export-1-menu-{name}")
    page.locator("#export-open").click()
    page.locator("[value=csv]").check()
    picture(page, f"export-2-dialog-{name}")
    check_accessibility(page)
    page.locator("#export-go").click()
    expect(page.locator("#export-state[data-state=reading]")).to_be_visible()
    picture(page, f"export-3-reading-{name}")
    page.goto("/p/requests/exports/")
    picture(page, f"export-4-list-working-{name}")
    check_accessibility(page)
    turns.work()
    expect(page.locator(".export-jobs")).to_contain_text("csv")
    expect(page.locator(".export-jobs [data-kind=good]")).to_be_visible()
    job = ExportJob.objects.get()
    for state in ("failed", "cancelled"):
        ExportJob.objects.filter(pk=job.pk).update(state=state, error="The work broke off 3 times at this place.")
        page.goto(f"/p/requests/exports/{job.pk}/")
        check_accessibility(page)
        picture(page, f"export-5-{state}-{name}")
    ExportJob.objects.filter(pk=job.pk).update(state="done", cut=3)
    page.goto(f"/p/requests/exports/{job.pk}/")
    check_accessibility(page)
    picture(page, f"export-6-done-{name}")
    page.goto("/p/requests/exports/")
    picture(page, f"export-7-list-{name}")
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("/p/requests/exports/new/?q=nothing")
    picture(page, f"export-8-nothing-{name}")
    check_accessibility(page)
