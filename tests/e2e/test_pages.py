"""Every page of administrators and of one's own account: accessible in both themes, wide and on a phone."""

import pytest
from playwright.sync_api import expect

from automation.drafts import RobotDraft
from automation.operations import create_robot
from core.actor import SYSTEM
from processes.models import Stage
from records.operations import create_record
from tests.e2e.conftest import OpenPage, check_accessibility, picture
from tests.factories import make_admin, make_process, make_role

pytestmark = pytest.mark.e2e

PAGES = (
    "/processes/", "/processes/new/", "/processes/new/?from=requests", "/p/requests/settings/",
    "/p/requests/settings/fields/", "/p/requests/settings/stages/", "/p/requests/settings/moves/",
    "/p/requests/settings/access/", "/p/requests/automation/", "/p/requests/automation/log/", "/people/", "/roles/",
    "/tokens/", "/profile/", "/notifications/", "/work/",
)  # fmt: skip


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_pages_are_accessible(open_page: OpenPage, width: int, theme: str) -> None:
    admin = make_admin("Alice")
    make_role("Employee", people=(admin,))
    process = make_process(name="Requests")
    create_record(process, values={"title": "Printer", "assignee": admin.pk}, actor=SYSTEM)
    create_robot(
        Stage.objects.get(key="in_work"), RobotDraft("add_comment", {"text": "Hello {{ title }}"}), actor=SYSTEM
    )
    page = open_page(admin, "/", width=width, theme=theme)
    for path in PAGES:
        page.goto(path)
        expect(page.locator("html[data-ready]")).to_be_attached()
        check_accessibility(page)
        picture(page, f"{path.strip('/').replace('/', '-').replace('?', '-')}-{width}-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sign_in_is_accessible(open_page: OpenPage, theme: str) -> None:
    page = open_page(None, "/accounts/login/", theme=theme)
    check_accessibility(page)
