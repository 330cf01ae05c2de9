"""A real browser against the product's real processes.

Every page made here watches itself: a CSP violation, a console error or an uncaught exception fails the test.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from accounts.models import User
from tests.factories import session_of
from tests.stack import Stack

_axed: set[Page] = set()
ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
SEEN = "(window.violations || []).filter((violation) => !(window.axed && violation.includes(' inline ')))"

ANIMATED = """() => Promise.allSettled(document.getAnimations()
  .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime))
  .map((animation) => animation.finished))"""

# Playwright's own loop runs in this thread; Django would take it for an asynchronous caller.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# A guard against hanging, not a time that is asserted: busy machines draw late.
expect.set_options(timeout=15_000)
# A far and slow machine: `E2E_SLOW=400` waits so many ms for every answer and computes at a quarter of the speed.
SLOW = int(os.environ.get("E2E_SLOW", "0"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one that E2E_CHROMIUM names, Debian's, or Playwright's own."""
    path = os.environ.get("E2E_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-headless-shell")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def address(stack: Stack) -> str:
    """The address of a real web server on the test database."""
    return stack.web()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """A page of its own browser profile, signed in as somebody: `open_page(user, "/work/", width=390)`.

    It is given when it lives; one without our scripts never does (`lives=False`).
    """
    watched: list[tuple[Page, list[str]]] = []

    def open_as(
        user: User | None, path: str = "/", *, width: int = 1440, theme: str = "light", lives: bool = True
    ) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
        context.add_init_script(WATCH)
        if user is not None:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": address}])
        page = context.new_page()
        if SLOW:
            slow_down(page)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on("console", lambda message: _note(page, problems, message))
        watched.append((page, problems))
        page.goto(path)
        if lives:
            expect(page.locator("html")).to_have_attribute("data-ready", "")
        return page

    yield open_as
    found = [problem for page, problems in watched for problem in (*problems, *_violations(page))]
    for page, _problems in watched:
        page.context.close()
    assert found == []


def slow_down(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    speeds = {"offline": False, "latency": SLOW, "downloadThroughput": -1, "uploadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", speeds)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})


def ready(page: Page, controller: str) -> None:
    """Wait until a controller lives."""
    expect(page.locator(f"[data-controller~={controller}][data-ready]").first).to_be_attached()


def check_accessibility(page: Page) -> None:
    """Run axe; raises AssertionError with the rules that are broken. Looks at CSP first: axe itself adds a style.

    What fades in or flashes has ended before: half a colour has half a contrast.
    """
    page.evaluate(ANIMATED)
    assert _violations(page) == []
    _axed.add(page)
    page.evaluate("window.axed = true")
    results = Axe().run(page)
    page.evaluate("window.violations = []")
    broken = [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in results.response["violations"]
        for node in rule["nodes"]
    ]
    assert broken == []


def picture(page: Page, name: str) -> None:
    """Keep a picture for people to look at; nothing compares it."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")


def _violations(page: Page) -> list[str]:
    return [] if page.is_closed() else list(page.evaluate(SEEN))


def _note(page: Page, problems: list[str], message: ConsoleMessage) -> None:
    """Refusals (409, 403 …) are part of the protocol; the browser logs their status, which is not an error of ours.

    Axe injects styles of its own, which our policy rightly blocks; what came before it was looked at by then.
    """
    of_axe = page in _axed and "inline style" in message.text
    if message.type == "error" and "Failed to load resource" not in message.text and not of_axe:
        problems.append(f"console: {message.text}")
