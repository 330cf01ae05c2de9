"""Administrators at work in a real browser: a process from nothing, its fields and rights, robots, people."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Role, RoleAssignment, User
from automation.models import Robot
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import FieldLevel, Process, Scope
from processes.operations import set_grants
from records.operations import create_record
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready
from tests.factories import make_role, make_user

pytestmark = pytest.mark.e2e


def test_process_is_described_and_its_mistakes_are_shown_beside_their_places(boss: User, open_page: OpenPage) -> None:
    page = open_page(boss, "/processes/new/?from=sales")
    ready(page, "designer")
    page.get_by_label("Name", exact=True).first.fill("Продажи")
    page.get_by_role("button", name="Add a stage").click()
    page.keyboard.type("Переговоры")
    page.get_by_role("button", name="Add a field").click()
    page.get_by_role("menuitem", name="Choice", exact=True).click()
    page.keyboard.type("Размер")
    row = page.locator("[data-row=fields]").last
    expect(row.locator("[name=key]")).to_have_value("razmer")
    page.get_by_role("button", name="Create the process").click()
    expect(page.locator("[data-said]")).to_have_text("One place needs your attention.")
    expect(row.locator("[data-problem]")).to_contain_text("required")
    check_accessibility(page)
    picture(page, "designer-error")
    page.keyboard.type("Малый")
    page.keyboard.press("Enter")
    page.keyboard.type("Большой")
    page.get_by_label("Ready set of rights for Robots").select_option("head")
    page.get_by_role("button", name="Create the process").click()
    page.wait_for_url(re.compile(r"/p/deals/$"))
    definition = definition_of("deals")
    assert [stage.name for stage in definition.default_pipeline.stages][-3:] == ["Переговоры", "Won", "Lost"]
    assert [option["key"] for option in definition.field_by_key["razmer"].settings["options"]] == ["malyy", "bolshoy"]
    assert definition.grants[Role.objects.get(key="robots").pk]["delete"] == Scope.ALL


def test_fields_and_stages_are_ordered_by_keyboard_alone(boss: User, process: Process, open_page: OpenPage) -> None:
    before = [field.key for field in definition_of(process).fields]
    page = open_page(boss, "/p/requests/settings/fields/")
    ready(page, "sortable")
    page.locator(".handle").first.focus()
    with page.expect_response("**/fields/order/"):
        page.keyboard.press("ArrowDown")
    assert [field.key for field in definition_of(process).fields] == [before[1], before[0], *before[2:]]
    check_accessibility(page)
    stages = open_page(boss, "/p/requests/settings/stages/")
    ready(stages, "sortable")
    stages.locator(".handle").first.focus()
    with stages.expect_response(lambda answer: "/stages/order/" in answer.url):
        stages.keyboard.press("ArrowRight")
    keys = [stage.key for stage in definition_of(process).default_pipeline.stages]
    assert keys == ["in_work", "received", "completed", "rejected"]
    check_accessibility(stages)


def test_field_is_added_in_the_dialog(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, "/p/requests/settings/fields/")
    page.get_by_role("button", name="New field").click()
    page.locator("#dialog [data-dialog$='?type=number']").click()
    page.locator("#dialog [name=label]").fill("Weight")
    page.locator("#dialog [name=settings-decimals]").fill("9")
    page.get_by_role("button", name="Add the field").click()
    expect(page.locator("#dialog .field-error")).to_be_visible()
    page.locator("#dialog [name=settings-decimals]").fill("3")
    page.get_by_role("button", name="Add the field").click()
    expect(page.locator("[data-sort-id=weight]")).to_be_visible()
    assert definition_of(process).field_by_key["weight"].settings == {"decimals": 3}


def test_matrix_is_walked_by_keyboard_and_warns_before_it_is_saved(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    role = make_role("Clerk")
    page = open_page(boss, "/p/requests/settings/access/")
    ready(page, "matrix")
    ready(page, "unsaved")
    see = page.locator(f"[name=grant-{role.pk}-view]")
    see.focus()
    for _row in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator(f"[name=grant-{role.pk}-move]")).to_be_focused()
    page.keyboard.type("All")
    expect(page.locator("#access-warnings")).to_contain_text("“Clerk” sees nothing")
    expect(page.locator("[data-unsaved]")).to_have_text("1 change is not saved")
    check_accessibility(page)
    picture(page, "access")
    see.select_option("5")
    expect(page.locator("#access-warnings")).not_to_contain_text("sees nothing")
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    assert definition_of(process).grants[role.pk] == {"view": Scope.ALL, "move": Scope.ALL}


def test_hidden_field_is_gone_for_its_role_and_why_says_so(boss: User, process: Process, open_page: OpenPage) -> None:
    clerk = make_user("Clerk")
    role = make_role("Clerks", people=(clerk,))
    set_grants(process, {role.pk: {"view": Scope.ALL, "history": Scope.ALL}}, actor=SYSTEM)
    row = create_record(process, values={"title": "Printer", "amount": 42, "comment": "soon"}, actor=SYSTEM)
    field = definition_of(process).field_by_key["amount"]
    theirs = open_page(clerk, f"/p/requests/records/{row.pk}/")
    expect(theirs.get_by_text("Amount", exact=True).first).to_be_visible()
    page = open_page(boss, "/p/requests/settings/access/fields/")
    ready(page, "matrix")
    page.locator(f"[name=field-{role.pk}-{field.id}]").select_option("Hidden")
    check_accessibility(page)
    picture(page, "access-fields")
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    assert definition_of(process).field_grants == {role.pk: {field.id: {None: FieldLevel.HIDDEN}}}
    theirs.reload()
    expect(theirs.get_by_text("Comment", exact=True).first).to_be_visible()
    expect(theirs.get_by_text("Amount", exact=True)).to_have_count(0)
    page.goto(f"/p/requests/settings/access/why/?person={clerk.pk}&operation=view&record={row.pk}&field=amount")
    expect(page.get_by_role("alert")).to_contain_text("Not allowed")
    check_accessibility(page)
    picture(page, "access-why")


def test_robot_is_built_with_a_condition_and_a_placeholder(boss: User, process: Process, open_page: OpenPage) -> None:
    page = open_page(boss, "/p/requests/automation/")
    page.get_by_role("button", name="Add a robot or trigger to “In work”").click()
    page.get_by_role("link", name="Create a task").click()
    panel = page.locator("#panel")
    ready(page, "condition")
    ready(page, "placeholders")
    panel.locator("[name=settings-title]").fill("Call about ")
    panel.get_by_role("button", name="Insert a field").first.click()
    panel.locator("[data-placeholder=title]").click()
    expect(panel.locator("[name=settings-title]")).to_have_value("Call about {{ title }}")
    panel.get_by_role("button", name="Add a condition").click()
    panel.get_by_label("Field", exact=True).select_option("amount")
    panel.get_by_label("Comparison").select_option("ge")
    panel.get_by_label("Value").fill("1 000")
    panel.get_by_role("button", name="or another group").click()
    panel.get_by_label("Field", exact=True).nth(1).select_option("source")
    check_accessibility(page)
    picture(page, "robot-editor")
    panel.get_by_role("button", name="Add the robot").click()
    expect(page.locator(".robot")).to_contain_text("Create a task")
    robot = Robot.objects.get()
    assert robot.settings["title"] == "Call about {{ title }}"
    assert robot.condition == {
        "any": [
            {"all": [{"field": "amount", "op": "ge", "value": 1000}]},
            {"all": [{"field": "source", "op": "is", "value": "site"}]},
        ]
    }
    page.locator(".toast [data-close]").click()
    check_accessibility(page)
    page.locator(".robot .switch").click()
    expect(page.locator(".toast").last).to_contain_text("is off")
    assert Robot.objects.get().is_on is False


def test_administrator_invites_somebody_who_comes_in(boss: User, open_page: OpenPage) -> None:
    page = open_page(boss, "/people/")
    page.get_by_role("button", name="Invite").click()
    page.locator("#dialog [name=name]").fill("Нина Ким")
    page.locator("#dialog [name=email]").fill("nina@example.test")
    page.get_by_role("dialog").get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("#dialog .code code").inner_text()
    page.get_by_role("button", name="Done").click()
    row = page.locator("tr", has_text="nina@example.test")
    expect(row).to_contain_text("Invited")
    check_accessibility(page)
    guest = open_page(None, "/" + link.split("/", 3)[3])
    check_accessibility(guest)
    guest.locator("[name=password]").fill("a long walk by the river")
    guest.get_by_role("button", name="Come in").click()
    guest.wait_for_url(re.compile(r"^(?!.*/join/).*$"))
    expect(guest.locator(".rail")).to_be_visible()


def test_role_is_given_from_the_menu_and_taken_by_its_cross(boss: User, open_page: OpenPage) -> None:
    person, role = make_user("Anna"), make_role("Lawyer")
    page = open_page(boss, "/people/")
    row = page.locator("tr", has_text=person.email)
    row.get_by_role("button", name="Add a role").click()
    page.get_by_role("menuitem", name="Lawyer").locator("visible=true").click()
    expect(row.locator(".chip")).to_have_text("Lawyer")
    assert RoleAssignment.objects.filter(user=person, role=role).exists()
    row.get_by_role("button", name="Take the role Lawyer from Anna").click()
    expect(row.locator(".chip")).to_have_count(0)
    assert not RoleAssignment.objects.filter(user=person).exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_is_accessible_wide_and_narrow_light_and_dark_in_both_languages(
    theme: str, width: int, language: str, boss: User, process: Process, open_page: OpenPage
) -> None:
    boss.language = language
    boss.save()
    set_grants(process, {make_role("Clerk").pk: {"view": Scope.OWN}}, actor=SYSTEM)
    page = open_page(boss, "/processes/", width=width, theme=theme)
    for path in (
        "/processes/",
        "/processes/new/",
        "/processes/new/?from=requests",
        "/p/requests/settings/",
        "/p/requests/settings/fields/",
        "/p/requests/settings/stages/",
        "/p/requests/settings/moves/",
        "/p/requests/settings/access/",
        "/p/requests/settings/access/fields/",
        f"/p/requests/settings/access/why/?person={boss.pk}&operation=update",
        "/p/requests/automation/",
        "/p/requests/automation/log/",
        "/people/",
        "/departments/",
        "/roles/",
        "/tokens/",
        "/profile/",
        "/accounts/2fa/",
        "/notifications/",
    ):
        page.goto(path)
        check_accessibility(page)
        wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= shown, path
