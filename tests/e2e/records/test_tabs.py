"""Many tabs of one browser: under HTTP/1.1 it opens six connections to a host, so one tab listens for all."""

from collections import Counter

import pytest
from playwright.sync_api import Page, Request, expect

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from records.models import Record
from records.operations import move_record
from tests.e2e.board import column, open_board, stage_of, tile
from tests.e2e.conftest import OpenPage
from tests.e2e.records.conftest import create
from tests.stack import Stack

pytestmark = pytest.mark.e2e

TABS = 9
PATIENCE = 15_000  # ms


def test_nine_tabs_on_one_board_stay_live_and_hand_the_connection_over(
    stack: Stack, process: Process, employee: User, open_page: OpenPage
) -> None:
    stack.relay()
    first, second, third = (create(process, title, employee) for title in ("First", "Second", "Third"))
    streams: Counter[Page] = Counter()

    def note(request: Request) -> None:
        if "/live/" in request.url:
            streams[request.frame.page] += 1

    opened = open_board(open_page, employee)
    context = opened.context
    context.on("request", note)
    tabs = [opened, *(context.new_page() for _tab in range(TABS - 1))]
    for tab in tabs:
        tab.goto("/p/requests/")
    for tab in tabs:
        expect(tab.locator(".board[data-ready]")).to_be_attached(timeout=PATIENCE)
        expect(tab.locator("html[data-live=on]")).to_be_attached(timeout=PATIENCE)

    move(process, first)
    assert_all_see(tabs, first)
    assert sum(streams.values()) == len(streams) == 1, "one tab listens for all"

    leader = next(iter(streams))
    tabs.remove(leader)
    leader.close()
    move(process, second)  # in the middle of the hand-over
    assert_all_see(tabs, second)
    assert len(streams) == 2
    assert sum(streams.values()) == 2

    for tab in tabs:
        assert tab.evaluate("fetch('/health/live').then((response) => response.status)") == 200
    tab = tabs[-1]
    tile(tab, third).focus()
    tab.keyboard.press("m")
    tab.get_by_role("menuitem", name="In work").click()
    expect(column(tab, "In work").locator(".tile")).to_have_count(3)
    assert_all_see(tabs, third)
    assert stage_of(third) == "in_work"


def move(process: Process, record: Record) -> None:
    """Somebody else, somewhere else."""
    move_record(process, record.pk, to="in_work", actor=SYSTEM)


def assert_all_see(tabs: list[Page], record: Record) -> None:
    """Every tab shows the record where it is now, without anybody asking."""
    for tab in tabs:
        expect(column(tab, "In work").locator(f"#card-{record.pk}")).to_be_visible(timeout=PATIENCE)
