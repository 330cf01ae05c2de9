"""Two pipelines in a real browser: made, filled, full, and one stage less."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from processes.operations import add_pipeline
from records.models import Record
from records.operations import create_record
from tests.e2e.board import column, drag, stage_of, tile
from tests.e2e.conftest import OpenPage, check_accessibility, picture

pytestmark = pytest.mark.e2e


def create(process: Process, title: str, stage: str = "received") -> Record:
    row = create_record(process, values={"title": title}, stage=stage, actor=SYSTEM)
    return Record.objects.get(pk=row.pk)


def shown(page: Page) -> None:
    expect(page.locator(".board[data-ready]")).to_be_attached()


def limit(page: Page, stage: str, most: str) -> None:
    """Say in the dialog of a stage how many it takes."""
    page.get_by_role("button", name=f"Edit “{stage}”").click()
    page.get_by_label("How many records at most").fill(most)
    page.get_by_label("When there are more").select_option(label="take no more")
    check_accessibility(page)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator(".stage-term")).to_contain_text(f"at most {most}")


def test_second_pipeline_is_made_and_its_full_stage_refuses_a_record_that_moves_over(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    paper, ink = create(process, "Paper"), create(process, "Ink")
    page = open_page(boss, "/p/requests/settings/stages/")
    page.get_by_role("button", name="New pipeline").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Service")
    page.get_by_label("Its stages begin as").select_option(label="what “Main” has")
    check_accessibility(page)
    page.get_by_role("button", name="Add the pipeline").click()
    page.wait_for_url(re.compile(r"pipeline=service"))
    limit(page, "In work", "1")
    check_accessibility(page)
    picture(page, "pipelines")
    page.get_by_role("button", name="Move “Service” with the arrow keys").focus()
    for arrow, order in (("ArrowLeft", ["service", "main"]), ("ArrowRight", ["main", "service"])):
        with page.expect_response("**/pipelines/order/"):
            page.keyboard.press(arrow)
        assert [item.key for item in definition_of(process).pipelines] == order

    page.goto("/p/requests/")
    shown(page)
    tile(page, paper).locator("[data-tile-menu]").click()
    page.get_by_role("menuitem", name="Another pipeline…").click()
    page.get_by_label("Stage of “Service”").select_option(label="In work")
    check_accessibility(page)
    page.get_by_role("dialog").get_by_role("button", name="Move", exact=True).click()
    expect(tile(page, paper)).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("Moved to “In work”")
    paper.refresh_from_db()
    assert definition_of(process).pipeline_by_id[paper.pipeline_id].key == "service"

    page.get_by_role("button", name="Pipeline: Main").click()
    page.get_by_role("menuitemradio", name="Service").click()
    page.wait_for_url(re.compile(r"pipeline=service"))
    shown(page)
    expect(tile(page, paper)).to_be_visible()
    page.goto("/p/requests/")
    expect(page).to_have_url(re.compile(r"pipeline=service"))
    expect(column(page, "In work").locator(".column-count[data-over-limit]")).to_have_text("1")
    check_accessibility(page)

    create_record(process, values={"title": "Pen"}, stage="service.received", actor=SYSTEM)
    pen = Record.objects.get(title="Pen")
    page.reload()
    shown(page)
    drag(page, tile(page, pen), column(page, "In work"))
    refusal = page.locator(".toast", has_text="“In work” takes 1 record at most, and is full.")
    expect(refusal).to_be_visible()
    expect(column(page, "Received").locator(".tile")).to_have_count(1)
    assert stage_of(pen) == "received"
    refusal.locator("[data-close]").click()
    tile(page, pen).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(refusal).to_be_visible()
    expect(column(page, "Received").locator(".tile")).to_have_count(1)
    picture(page, "board-full")
    assert stage_of(ink) == "received"


def test_record_moves_over_from_its_card_and_the_move_is_undone(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    add_pipeline(process, name="Service", is_open=True, actor=SYSTEM)
    paper = create(process, "Paper")
    page = open_page(boss, f"/p/requests/records/{paper.pk}/")
    expect(page.locator("[data-controller=card][data-ready]")).to_be_attached()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Move to another pipeline…").click()
    page.get_by_role("dialog").get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".stagebar [aria-current=step]")).to_have_text("New")
    expect(page.locator(".record-path")).to_contain_text("Service")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".stagebar [aria-current=step]")).to_have_text("Received")
    assert stage_of(paper) == "received"


def test_stage_goes_and_its_records_go_to_the_chosen_one(boss: User, process: Process, open_page: OpenPage) -> None:
    paper = create(process, "Paper", "in_work")
    page = open_page(boss, "/p/requests/settings/stages/")
    page.get_by_role("button", name="Remove “In work”").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 record stands in it")
    expect(dialog).to_contain_text("Received → In work")
    dialog.get_by_role("button", name="Remove the stage").click()
    expect(dialog.get_by_role("alert")).to_contain_text("say where they go")
    check_accessibility(page)
    dialog.get_by_label("Its records go to").select_option(label="Received")
    dialog.get_by_role("button", name="Remove the stage").click()
    expect(page.locator(".toast")).to_contain_text("1 record is in “Received” now")
    assert stage_of(paper) == "received"
    assert [stage.key for stage in definition_of(process).default_pipeline.stages] == [
        "received",
        "completed",
        "rejected",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "ru")])
def test_pages_of_two_pipelines_are_accessible_wide_and_narrow(
    theme: str, width: int, language: str, boss: User, process: Process, open_page: OpenPage
) -> None:
    boss.language = language
    boss.save()
    add_pipeline(process, name="Service", is_open=True, actor=SYSTEM)
    create(process, "Paper")
    page = open_page(boss, "/p/requests/", width=width, theme=theme)
    for path in (
        "/p/requests/",
        "/p/requests/list/",
        "/p/requests/settings/stages/?pipeline=service",
        "/p/requests/settings/moves/?pipeline=service",
        "/p/requests/settings/access/",
    ):
        page.goto(path)
        check_accessibility(page)
        wide, seen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen, path
