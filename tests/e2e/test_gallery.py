"""The pieces of the interface in a real browser: reachable, readable, obedient to the policy, alive."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import make_admin, make_user
from tests.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def gallery(stack: Stack, open_page: OpenPage) -> Page:
    page = open_page(make_admin("Anna Petrova"), "/ui/")
    expect(page.locator("html")).to_have_attribute("data-ready", "")
    return page


def order(page: Page) -> list[str]:
    names: list[str] = page.locator(".sortable [data-sort-id]").evaluate_all(
        "items => items.map((item) => item.dataset.sortLabel)"
    )
    return names


def middle(box: Locator) -> tuple[float, float]:
    place = box.bounding_box()
    assert place
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390, 320])
def test_every_piece_is_accessible(stack: Stack, open_page: OpenPage, theme: str, width: int) -> None:
    page = open_page(make_admin(), "/ui/", theme=theme, width=width)
    expect(page.locator("html")).to_have_attribute("data-ready", "")
    expect(page.locator(".ts-control").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    check_accessibility(page)
    picture(page, f"gallery-{theme}-{width}")


def test_gallery_is_for_administrators(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(make_user("Oleg Klimov"), "/ui/")
    expect(page.get_by_text("The gallery is for administrators.")).to_be_visible()
    check_accessibility(page)


def test_panel_gives_the_focus_back_and_keeps_what_was_typed(gallery: Page) -> None:
    opener, panel = gallery.locator("#open-panel"), gallery.locator("#sample-panel")
    opener.click()
    gallery.locator("#p-subject").fill("Changed")
    gallery.mouse.click(100, 400)
    expect(panel).to_be_visible()
    gallery.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()


def test_menu_is_walked_by_arrows_and_closed_by_escape(gallery: Page) -> None:
    button = gallery.get_by_role("button", name="Actions", exact=True)
    button.click()
    expect(gallery.get_by_role("menuitem", name="Rename")).to_be_focused()
    gallery.keyboard.press("End")
    expect(gallery.get_by_role("menuitem", name="Delete")).to_be_focused()
    gallery.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_question_puts_the_focus_on_the_safe_answer(gallery: Page) -> None:
    gallery.get_by_role("button", name="Confirm").click()
    question = gallery.locator("#confirm")
    expect(question).to_contain_text("312 records")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    expect(question.get_by_role("button", name="Delete")).to_be_visible()


def test_list_is_ordered_by_keys_buttons_and_mouse(gallery: Page) -> None:
    handle = gallery.get_by_role("button", name="Move New", exact=True)
    handle.press("ArrowDown")
    assert order(gallery) == ["Qualification", "New", "Proposal sent", "Contract"]
    expect(handle).to_be_focused()
    expect(gallery.locator("[data-announcer]")).to_have_text("New: position 2 of 4")
    gallery.get_by_role("button", name="Move Contract up").click()
    assert order(gallery) == ["Qualification", "New", "Contract", "Proposal sent"]
    x, y = middle(gallery.get_by_role("button", name="Move Proposal sent", exact=True))
    target_x, target_y = middle(gallery.locator(".sortable [data-sort-id]").first)
    gallery.mouse.move(x, y)
    gallery.mouse.down()
    gallery.mouse.move(x + 2, y - 6, steps=3)
    gallery.mouse.move(target_x, target_y - 15, steps=10)
    gallery.wait_for_timeout(150)
    gallery.mouse.up()
    expect(gallery.locator(".sortable [data-sort-id]").first).to_have_attribute("data-sort-label", "Proposal sent")


def test_rights_are_walked_by_arrows_and_changes_are_marked(gallery: Page) -> None:
    cells = gallery.locator(".matrix select")
    cells.nth(0).focus()
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("ArrowDown")
    expect(cells.nth(5)).to_be_focused()
    gallery.keyboard.press("a")
    expect(cells.nth(5)).to_have_value("all")
    expect(gallery.locator("td[data-changed]")).to_have_count(1)


def test_shortcuts_are_listed_and_silent_while_typing(gallery: Page) -> None:
    gallery.keyboard.press("?")
    expect(gallery.locator("#shortcuts")).to_contain_text("Undo the latest change")
    gallery.keyboard.press("Escape")
    gallery.keyboard.press("/")
    search = gallery.get_by_role("searchbox").first
    expect(search).to_be_focused()
    gallery.keyboard.type("new")
    expect(search).to_have_value("new")
    expect(gallery.locator("#sample-panel")).to_be_hidden()


def test_theme_changes_without_a_reload(gallery: Page) -> None:
    gallery.locator("[popovertarget=user-menu]").click()
    gallery.get_by_role("menuitemradio", name="Dark").click()
    expect(gallery.locator("html")).to_have_attribute("data-theme", "dark")
