"""Hands and eyes for the board of the process `requests`."""

from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from processes.definition import definition_of
from records.models import Record
from tests.e2e.conftest import OpenPage


def open_board(open_page: OpenPage, person: User, **options: object) -> Page:
    """The board with its scripts at work."""
    page = open_page(person, "/p/requests/", **options)
    expect(page.locator(".board[data-ready]")).to_be_attached()
    return page


def column(page: Page, name: str) -> Locator:
    return page.locator(f".column[data-name='{name}']")


def tile(page: Page, record: Record) -> Locator:
    return page.locator(f"#card-{record.pk}")


def titles(page: Page, name: str) -> list[str]:
    return column(page, name).locator(".tile-title").all_inner_texts()


def drag(page: Page, source: Locator, target: Locator, *, below: float = 60) -> None:
    """With the mouse in small steps, as native drag and drop wants it; `below` pixels from the target's top."""
    start, end = source.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 60, start["y"] + 30)
    page.mouse.down()
    page.mouse.move(start["x"] + 68, start["y"] + 36, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + below, steps=12)
    page.wait_for_timeout(150)
    page.mouse.up()


def move_right_by_keys(page: Page, moved: Locator, into: str) -> None:
    """Taken up, carried to the next column and put down with the keyboard alone."""
    moved.focus()
    page.keyboard.press("Space")
    expect(moved).to_have_attribute("data-grabbed", "")
    page.keyboard.press("ArrowRight")
    expect(column(page, into).locator("[data-grabbed]")).to_be_attached()
    page.keyboard.press("Enter")


def stage_of(record: Record) -> str:
    """The key of the stage in which the server has the record."""
    record.refresh_from_db()
    return definition_of(record.process_id).stage(record.stage_id).key
