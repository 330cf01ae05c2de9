"""A process with many stages of long names, as a log brings it: board, list and card stay readable."""

from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.models import User
from records.models import Record
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import make_admin
from tests.factories.log import PATH, UNLICENSED, log_rows, write_log

pytestmark = pytest.mark.e2e

BOARD = "/p/permits/"
LAST = PATH[-1]


@pytest.fixture
def admin(committed: None, tmp_path: Path) -> User:
    log = write_log(tmp_path / "log.csv", cases=60)
    call_command("import_log", str(log), name="Permits", verbosity=0)
    return make_admin()


def address_of_a_finished_case() -> str:
    """The card of the newest case that stands in the last stage of the usual way."""
    found = Record.objects.filter(stage__name=LAST).latest("id")
    return f"{BOARD}records/{found.pk}/"


SIGHT = """part => {
  const [bar, step] = [".stagebar", part].map((selector) => document.querySelector(selector).getBoundingClientRect());
  return step.left >= bar.left - 1 && step.right <= bar.right + 1;
}"""
"""Whether a part lies inside the bar's visible piece."""


def test_head_of_a_column_keeps_name_and_count_on_one_line(admin: User, open_page: OpenPage) -> None:
    page = open_page(admin, BOARD)
    heads = page.locator(".column-head")
    assert heads.count() == len({row["concept:name"] for row in log_rows(cases=60)})
    heights = {head.bounding_box()["height"] for head in heads.all()}  # type: ignore[index]
    assert len(heights) == 1
    assert heights.pop() < 40
    picture(page, "many-stages-board")


@pytest.mark.parametrize("width", [1440, 390])
def test_stage_bar_begins_where_the_record_stands(width: int, admin: User, open_page: OpenPage) -> None:
    page = open_page(admin, address_of_a_finished_case(), width=width)
    expect(page.locator("[data-controller=card][data-ready]")).to_be_attached()
    assert page.evaluate(SIGHT, ".stagebar [aria-current=step]")
    expect(page.locator(".stagebar [aria-current=step]")).to_have_text(LAST)
    check_accessibility(page)
    picture(page, f"many-stages-card-{width}")


def test_a_name_that_is_cut_is_told_by_a_tip(admin: User, open_page: OpenPage) -> None:
    page = open_page(admin, BOARD)
    page.get_by_role("heading", name=PATH[0], exact=True).hover()
    page.wait_for_timeout(600)
    expect(page.locator(".tip")).to_be_hidden()
    page.get_by_role("heading", name=UNLICENSED[0]).hover()
    expect(page.locator(".tip")).to_have_text(UNLICENSED[0])
