"""Links and files in a real browser: picked by keyboard, seen from the other side, sent, dropped, fetched."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Process
from records.models import Attachment, Record
from records.operations import create_record
from records.typed import TypedRecord, model_for
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready
from tests.factories import make_admin, make_process
from tests.stack import Stack

pytestmark = pytest.mark.e2e

SIZES = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def boss(stack: Stack) -> User:
    return make_admin("Boss")


@pytest.fixture
def companies(stack: Stack) -> Process:
    words = {"name": "Companies", "key": "companies", "noun": "company", "noun_plural": "companies"}
    return make_process(**words, has_stages=False, stages=(), moves=None, fields=())


@pytest.fixture
def deals(companies: Process) -> Process:
    settings = {"process": companies.pk}
    return make_process(
        name="Deals",
        key="deals",
        noun="deal",
        noun_plural="deals",
        fields=(
            FieldDraft("Customer", "link", key="customer", on_card=True, settings=settings),
            FieldDraft("Partners", "links", key="partners", settings=settings),
            FieldDraft("Scans", "file", key="scans", on_card=True, settings={"extensions": "txt, pdf"}),
        ),
    )


@pytest.fixture
def acme(companies: Process) -> TypedRecord:
    for title in ("Globex", "Initech", "Umbrella"):
        create_record(companies, values={"title": title}, actor=SYSTEM)
    return create_record(companies, values={"title": "Acme"}, actor=SYSTEM)


def newest(process: Process) -> TypedRecord:
    return model_for(definition_of(process)).objects.latest("pk")


def row(page: Page, label: str):
    return page.locator(".fieldrow", has=page.get_by_text(label, exact=True))


def test_link_is_picked_by_keyboard_and_a_new_one_is_made(
    boss: User, deals: Process, acme: TypedRecord, open_page: OpenPage
) -> None:
    page = open_page(boss, "/p/deals/new/")
    ready(page, "select")
    page.get_by_label("Title").fill("Big order")
    page.get_by_role("combobox", name="Customer").focus()
    page.keyboard.type("acm")
    expect(page.locator(".ts-dropdown:visible .option.active")).to_contain_text("Acme")
    expect(page.locator(".ts-dropdown:visible .option.active")).to_contain_text(f"#{acme.pk}")
    check_accessibility(page)
    picture(page, "link-picker")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Partners").focus()
    page.keyboard.type("Glob")
    expect(page.locator(".ts-dropdown:visible .option.active")).to_contain_text("Globex")
    page.keyboard.press("Enter")
    page.keyboard.type("Newcomer Ltd")
    expect(page.locator(".ts-dropdown:visible .create")).to_contain_text("Newcomer Ltd")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-control .item", has_text="Newcomer Ltd")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".record-name")).to_have_text("Big order")
    values = newest(deals).values()
    assert values["customer"] == acme.pk
    assert [Record.objects.get(pk=pk).title for pk in values["partners"]] == ["Globex", "Newcomer Ltd"]


def test_other_side_opens_adds_and_shows_all(
    boss: User, companies: Process, deals: Process, acme: TypedRecord, open_page: OpenPage
) -> None:
    for number in range(7):
        values = {"title": f"Order {number}", "customer": acme.pk, "assignee": boss.pk}
        create_record(deals, values=values, actor=SYSTEM)
    page = open_page(boss, f"/p/companies/records/{acme.pk}/")
    section = page.get_by_role("region", name="Deals Customer 7")
    expect(section.get_by_role("listitem")).to_have_count(5)
    check_accessibility(page)
    picture(page, "other-side")
    section.get_by_role("link", name="Add: deal, Customer").click()
    dialog = page.get_by_role("dialog")
    ready(page, "select")
    expect(dialog.locator(".ts-control .item").first).to_contain_text("Acme")
    dialog.get_by_label("Title").fill("One more")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("region", name="Deals Customer 8")).to_contain_text("One more")
    assert newest(deals).values()["customer"] == acme.pk
    section = page.get_by_role("region", name="Deals Customer 8")
    section.get_by_role("link", name="One more").click()
    expect(page.locator("#panel .record-name")).to_have_text("One more")
    expect(page.locator("#panel .fieldrow a.chip", has_text="Acme")).to_be_visible()
    page.keyboard.press("Escape")
    section.get_by_role("link", name="Deals, Customer: show all").click()
    expect(page.locator("tbody tr")).to_have_count(8)
    expect(page.locator(".filters, .chip-filter").filter(has_text="Acme").first).to_be_visible()


def test_files_are_sent_kept_taken_out_and_fetched(
    boss: User, deals: Process, open_page: OpenPage, tmp_path: Path
) -> None:
    first, second, wrong = tmp_path / "contract.txt", tmp_path / "annex №1.txt", tmp_path / "virus.exe"
    for path in (first, second, wrong):
        path.write_text(f"words of {path.name}")
    page = open_page(boss, "/p/deals/new/")
    ready(page, "files")
    page.get_by_label("Title").fill("With papers")
    page.locator("input[type=file]").set_input_files([first, second])
    expect(page.locator(".files-list li input[type=checkbox]")).to_have_count(2)
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.locator(".toast")).to_contain_text("only txt, pdf")
    expect(page.locator(".files-list li")).to_have_count(2)
    check_accessibility(page)
    picture(page, "files-form")
    page.get_by_role("checkbox", name="Keep annex №1.txt").press("Space")
    page.get_by_role("button", name="Create").click()
    expect(row(page, "Scans").get_by_role("link", name="contract.txt")).to_be_visible()
    expect(row(page, "Scans").get_by_role("link")).to_have_count(1)
    with page.expect_download() as downloading:
        row(page, "Scans").get_by_role("link", name="contract.txt").click()
    assert downloading.value.suggested_filename == "contract.txt"
    assert downloading.value.path().read_text() == "words of contract.txt"


def test_files_dropped_on_the_card_wait_in_its_editor(boss: User, deals: Process, open_page: OpenPage) -> None:
    record = create_record(deals, values={"title": "Empty"}, actor=SYSTEM)
    page = open_page(boss, f"/p/deals/records/{record.pk}/")
    ready(page, "dropzone")
    place = page.locator("[data-controller=dropzone]")
    transfer = page.evaluate_handle(
        "() => { const d = new DataTransfer(); d.items.add(new File(['dropped words'], 'dropped.txt')); return d; }"
    )
    place.dispatch_event("drop", {"dataTransfer": transfer})
    expect(place.locator(".files-list li input[type=checkbox]")).to_have_count(1)
    check_accessibility(page)
    picture(page, "files-editor")
    place.get_by_role("button", name="Save").click()
    expect(place.get_by_role("link", name="dropped.txt")).to_be_visible()
    file = Attachment.objects.get(record_id=record.pk)
    assert file.name == "dropped.txt"


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_card_with_links_and_files_is_accessible(
    theme: str, width: int, boss: User, deals: Process, acme: TypedRecord, open_page: OpenPage, tmp_path: Path
) -> None:
    partners = list(Record.objects.filter(process__key="companies").values_list("pk", flat=True))
    row = create_record(deals, values={"title": "Order", "customer": acme.pk, "partners": partners}, actor=SYSTEM)
    for path in (f"/p/deals/records/{row.pk}/", f"/p/companies/records/{acme.pk}/", "/p/deals/list/"):
        page = open_page(boss, path, theme=theme, width=width)
        expect(page.get_by_text("Order").first).to_be_visible()
        check_accessibility(page)
        picture(page, f"links-{path.strip('/').split('/')[1]}-{path.strip('/').split('/')[2]}-{theme}-{width}")
