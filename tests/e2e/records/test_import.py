"""The wizard in a browser, with a real worker behind it: a file is chosen, checked and brought in."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.exchange.worker import work
from records.models import ImportJob, Record
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import EMPLOYEE, make_role, make_user
from tests.stack import Stack

pytestmark = pytest.mark.e2e

LINES = "Название;Сумма заявки;Request date;Источник;Заметка\n"


@pytest.fixture
def importer(process: Process) -> User:
    person = make_user("Irina Importer")
    grants = {**EMPLOYEE, Operation.IMPORT: Scope.ALL, Operation.UPDATE: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """500 rows in Windows-1251; every 50th has an amount that is none, every 100th a source that is none too."""
    lines = [LINES]
    for number in range(500):
        amount = "много" if number % 50 == 7 else f"{number} 000,50"
        source = "Mail" if number % 100 == 7 else ("Site" if number % 2 else "Phone")
        lines.append(f"Заявка на доступ {number};{amount};24.11.2026;{source};как обычно\n")
    path = tmp_path / "заявки 2026.csv"
    path.write_bytes("".join(lines).encode("cp1251"))
    return path


def step(page: Page, name: str) -> None:
    expect(page.locator(".import-steps [aria-current=step]")).to_contain_text(name)


def test_wizard_brings_a_file_in(
    process: Process, importer: User, open_page: OpenPage, stack: Stack, file: Path
) -> None:
    page = open_page(importer, "/p/requests/")
    page.locator(".state").get_by_role("link", name="Import from a file").click()
    step(page, "File")
    check_accessibility(page)
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Continue").click()
    step(page, "Columns")
    expect(page.get_by_label("Название")).to_have_value("title")
    expect(page.locator("summary").first).to_contain_text("500 rows, Windows-1251, semicolon")
    page.get_by_label("Сумма заявки").select_option(label="Amount")
    page.get_by_label("Источник").select_option(label="Source")
    check_accessibility(page)
    page.get_by_role("button", name="Check every row").click()
    step(page, "Check")
    expect(page.locator("#import-state[data-state=checking]")).to_be_visible()
    check_accessibility(page)
    stack.relay()
    stack.worker("bulk", concurrency=1)
    expect(page.locator("#import-state[data-state=checked]")).to_be_visible(timeout=60_000)
    expect(page.locator("#import-said")).to_contain_text("490 new, 0 updated, 10 rejected")
    expect(page.locator(".import-causes")).to_contain_text("A number is expected.")
    assert Record.objects.count() == 0
    check_accessibility(page)
    picture(page, "import-checked")
    page.get_by_role("button", name="Import 490 rows").click()
    expect(page.locator("#import-state[data-state=done]")).to_be_visible(timeout=60_000)
    check_accessibility(page)
    assert Record.objects.filter(process=process).count() == 490
    with page.expect_download() as download:
        page.get_by_role("link", name="Rows with errors as CSV").click()
    rejected = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(rejected) == 11
    assert rejected[1].startswith("Заявка на доступ 7;много;24.11.2026;Mail;как обычно;")
    page.get_by_role("link", name="Open the list").click()
    expect(page.locator(".filters-total, .pager").first).to_contain_text("490")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_pages_of_the_wizard_for_people_to_look_at(
    process: Process, importer: User, open_page: OpenPage, file: Path, width: int, theme: str
) -> None:
    page = open_page(importer, "/p/requests/imports/", width=width, theme=theme)
    picture(page, f"import-1-file-{width}-{theme}")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Continue").click()
    step(page, "Columns")
    picture(page, f"import-2-columns-{width}-{theme}")
    page.get_by_label("Сумма заявки").select_option(label="Title")
    page.get_by_role("button", name="Check every row").click()
    expect(page.get_by_text("Another column goes there already.")).to_be_visible()
    picture(page, f"import-2-refused-{width}-{theme}")
    check_accessibility(page)
    page.get_by_label("Сумма заявки").select_option(label="Amount")
    page.get_by_label("Источник").select_option(label="Source")
    page.get_by_role("button", name="Check every row").click()
    step(page, "Check")
    picture(page, f"import-3-checking-{width}-{theme}")
    _work(page, "checked", f"import-3-checked-{width}-{theme}")
    page.get_by_role("button", name="Import 490 rows").click()
    _work(page, "done", f"import-4-done-{width}-{theme}")
    page.goto("/p/requests/imports/")
    picture(page, f"import-5-list-{width}-{theme}")
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert ImportJob.objects.get().rejected == 10


def _work(page: Page, state: str, name: str) -> None:
    """Let this process be the worker."""
    work()
    expect(page.locator(f"#import-state[data-state={state}]")).to_be_visible(timeout=60_000)
    check_accessibility(page)
    page.locator(".import-rows summary").click()
    picture(page, name)
