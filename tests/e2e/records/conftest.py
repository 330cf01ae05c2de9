"""A process with committed rows, somebody who works in it, and hands for mouse and board."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.e2e.conftest import OpenPage
from tests.factories import EMPLOYEE, make_process, make_role, make_user


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(name="Requests", key="requests")


@pytest.fixture
def employee(process: Process) -> User:
    """Sees all, changes own."""
    person = make_user("Anna Petrova")
    grants = {**EMPLOYEE, Operation.DELETE: Scope.OWN, Operation.RESTORE: Scope.OWN}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


def create(process: Process, title: str, person: User, **values: object) -> Record:
    """A record that the person is responsible for."""
    row = create_record(process, values={"title": title, "assignee": person.pk, **values}, actor=SYSTEM)
    return Record.objects.get(pk=row.pk)


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


def stage_of(record: Record) -> str:
    """The key of the stage in which the server has the record."""
    record.refresh_from_db()
    return definition_of(record.process_id).stage(record.stage_id).key
