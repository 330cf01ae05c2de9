"""Departments, an invitation by mail, sessions and two-factor sign-in, as people go through them in a browser."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from accounts.models import Department, User
from accounts.tree import departments_in_order
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import PASSWORD, make_user
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.e2e

NEW_PASSWORD = "a long walk by the river"


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """The folder in which mails become files."""
    return tmp_path / "mail"


@pytest.fixture
def address(stack: Stack, letters: Path) -> str:
    """A web server and the workers that send mail."""
    by_file = f"filemail:///{letters}"
    address = stack.web(EMAIL_URL=by_file)
    stack.worker("relay,mail", concurrency=1, EMAIL_URL=by_file, BASE_URL=address)
    stack.relay(EMAIL_URL=by_file, BASE_URL=address)
    return address


def letter_in(folder: Path) -> EmailMessage:
    """The only letter there, once it is there."""
    found = wait_for(lambda: list(folder.glob("*.log")) if folder.is_dir() else [])
    message = message_from_bytes(wait_for(found[0].read_bytes), policy=policy)
    assert isinstance(message, EmailMessage)
    return message


def shape() -> list[tuple[str, int]]:
    return [(node.name, node.level) for node in departments_in_order()]


def choose(page: Page, department: str, item: str) -> None:
    """Take an item of a department's menu by keyboard."""
    page.get_by_role("button", name=f"More about “{department}”").press("Enter")
    page.get_by_role("menuitem", name=item).press("Enter")


def test_tree_is_built_and_changed_by_keyboard_alone(boss: User, open_page: OpenPage) -> None:
    page = open_page(boss, "/departments/")
    check_accessibility(page)
    for name in ("Sales", "Law", "Store"):
        page.get_by_label("Name of a new department").fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    choose(page, "Store", "Move up")
    expect(page.locator(".tree > li .table-title").nth(1)).to_have_text("Store")
    choose(page, "Store", "Change or move")
    page.locator("#dialog [name=parent]").select_option(label="Sales")
    page.locator("#dialog [name=name]").press("Enter")
    expect(page.locator(".tree ul .table-title")).to_have_text("Store")
    assert shape() == [("Sales", 1), ("Store", 2), ("Law", 1)]
    check_accessibility(page)
    picture(page, "departments")
    choose(page, "Sales", "Delete")
    expect(page.locator("#dialog")).to_contain_text("below it 1 department")
    page.locator("#dialog [name=rehome_to]").select_option(label="Law")
    page.locator("#dialog").get_by_role("button", name="Delete").press("Enter")
    expect(page.locator(".tree > li > .tree-row .table-title")).to_have_text(["Law"])
    assert shape() == [("Law", 1), ("Store", 2)]


def test_invited_person_comes_in_by_the_letter_in_their_language(
    boss: User, open_page: OpenPage, letters: Path
) -> None:
    page = open_page(boss, "/departments/")
    page.get_by_label("Name of a new department").fill("Sales")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Sales", exact=True)).to_be_visible()
    page.goto("/people/")
    page.get_by_role("button", name="Invite").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text(str(letters))
    dialog.get_by_label("Name").fill("Нина Ким")
    dialog.get_by_label("E-mail").fill("nina@example.test")
    dialog.locator("[name=department]").select_option(label="Sales")
    dialog.locator("[name=language]").select_option("ru")
    check_accessibility(page)
    dialog.get_by_role("button", name="Invite").click()
    shown = dialog.locator(".code code").inner_text()
    letter = letter_in(letters)
    assert letter["To"] == "nina@example.test"
    assert "Приглашение" in letter["Subject"]
    html = letter.get_body(("html",))
    assert html
    link = re.search(r'href="([^"]*/join/[^"]+)"', html.get_content())
    assert link
    assert link[1] == shown
    guest = open_page(None, link[1])
    expect(guest.locator("html")).to_have_attribute("lang", re.compile("ru|en"))
    guest.locator("[name=password]").fill(NEW_PASSWORD)
    guest.keyboard.press("Enter")
    guest.wait_for_url(re.compile(r"/(work/|p/|processes/)?$"))
    expect(guest.locator("html")).to_have_attribute("lang", "ru")
    nina = User.objects.get(email="nina@example.test")
    assert nina.department == Department.objects.get(name="Sales")
    page.goto(f"/people/{nina.pk}/")
    expect(page.locator(".facts")).to_contain_text("The letter went out")
    check_accessibility(page)
    picture(page, "person")
    page.goto(f"/departments/{nina.department_id}/")
    expect(page.locator(".sessions")).to_contain_text("Нина Ким")
    check_accessibility(page)


def sign_in(page: Page, user: User) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_other_browser_is_signed_out_from_the_profile(stack: Stack, open_page: OpenPage) -> None:
    anna = make_user("Anna")
    laptop, phone = open_page(None, "/accounts/login/"), open_page(None, "/accounts/login/", width=390)
    for page in (phone, laptop):
        sign_in(page, anna)
        page.wait_for_url(lambda url: "login" not in url)
    laptop.goto("/profile/")
    expect(laptop.locator("#sessions li")).to_have_count(2)
    expect(laptop.locator("#sessions li").first).to_contain_text("This one")
    check_accessibility(laptop)
    picture(laptop, "sessions")
    laptop.get_by_role("button", name="Sign out all others").click()
    laptop.locator("#confirm").get_by_role("button", name="Sign out").click()
    expect(laptop.locator("#sessions li")).to_have_count(1)
    phone.goto("/profile/")
    assert "/accounts/login/" in phone.url
    laptop.reload()
    expect(laptop.get_by_role("heading", name="Where you are signed in")).to_be_visible()


def code_of(secret: str, *, used: str = "") -> str:
    """What the app on the phone shows now; after a used code one waits for the next, half a minute at most."""

    def shown() -> str:
        code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
        return "" if code == used else code

    return str(wait_for(shown))


def dismiss_toasts(page: Page) -> None:
    """A toast that is still fading in has the colours of neither end."""
    while page.locator(".toast").count():
        page.locator(".toast [data-close]").first.click()
        page.wait_for_timeout(100)


def confirm_password(page: Page) -> None:
    """Whatever matters asks who one is, unless it was asked just now."""
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")


def test_two_factor_is_turned_on_used_and_turned_off(stack: Stack, open_page: OpenPage, browser: Browser) -> None:
    cache.clear()
    anna = make_user("Anna")
    page = open_page(None, "/accounts/login/")
    check_accessibility(page)
    sign_in(page, anna)
    page.wait_for_url(lambda url: "login" not in url)
    page.goto("/accounts/2fa/")
    check_accessibility(page)
    page.get_by_role("link", name="Set up").click()
    confirm_password(page)
    secret = page.locator(".code code").inner_text()
    check_accessibility(page)
    picture(page, "totp")
    page.locator("[name=code]").fill("000000")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error, .form-errors").first).to_be_visible()
    first = code_of(secret)
    page.locator("[name=code]").fill(first)
    page.keyboard.press("Enter")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    dismiss_toasts(page)
    check_accessibility(page)
    codes = page.locator("#recovery-codes code").all_inner_texts()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("10 recovery codes are unused")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, anna)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    check_accessibility(page)
    page.locator("[name=code]").fill(code_of(secret, used=first))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "accounts" not in url)
    page.context.clear_cookies()
    sign_in(page, anna)
    page.locator("[name=code]").fill(codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "accounts" not in url)
    page.goto("/accounts/2fa/")
    expect(page.get_by_text("9 recovery codes are unused")).to_be_visible()
    page.get_by_role("link", name="Turn off").click()
    confirm_password(page)
    expect(page.get_by_role("button", name="Turn off")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("link", name="Set up")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, anna)
    page.wait_for_url(lambda url: "accounts" not in url)
