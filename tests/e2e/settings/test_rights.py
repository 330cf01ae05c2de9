"""Rights, gates and stages in a real browser: by keyboard alone, and their dialogs for everybody."""

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from accounts.operations import (
    assign_role_to_department,
    create_department,
    create_service_token,
    set_department,
)
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import GateDraft, LineDraft, ReasonDraft, StageDraft
from processes.models import FieldLevel, Process, Scope, Stage
from processes.operations import add_pipeline, set_field_grants, set_gate, set_grants, set_lost_reasons, set_moves
from records.operations import create_record
from tests.e2e.conftest import OpenPage, check_accessibility, picture, ready
from tests.factories import make_role, make_user

pytestmark = pytest.mark.e2e
SETTINGS = "/p/requests/settings"
LONG = "Согласование коммерческого предложения с юридическим отделом"
WORD = "Согласованиекоммерческогопредложениясюридическимотделомиглавнымбухгалтеромпередподписаниемегоо"
SPILLING = """[...document.querySelectorAll("html, .main, .table-wrap")]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.className)"""
CUT_OFF = """[...document.querySelectorAll("dialog[open] .dialog-body")]
    .filter((one) => one.scrollWidth > one.clientWidth).length"""


@pytest.fixture
def stages(process: Process) -> dict[str, Stage]:
    found = Stage.objects.select_related("pipeline__process").filter(pipeline__process=process)
    return {stage.key: stage for stage in found}


def test_fields_are_hidden_by_letters_and_arrows_alone(boss: User, process: Process, open_page: OpenPage) -> None:
    roles = [make_role("Clerk"), make_role("Head")]
    first, second = definition_of(process).fields[:2]
    page = open_page(boss, f"{SETTINGS}/access/fields/")
    ready(page, "matrix")
    page.locator(f"[name=field-{roles[0].pk}-{first.id}]").focus()
    page.keyboard.type("Hid")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"[name=field-{roles[1].pk}-{first.id}]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("Read")
    expect(page.locator("td[data-changed]")).to_have_count(2)
    expect(page.locator("[data-unsaved]")).to_have_text("2 changes are not saved")
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    expect(page.locator("td[data-changed]")).to_have_count(0)
    grants = definition_of(process).field_grants
    assert grants[roles[0].pk] == {first.id: {None: FieldLevel.HIDDEN}}
    assert grants[roles[1].pk] == {second.id: {None: FieldLevel.READ}}


def test_who_was_overtaken_keeps_own_choices_and_undoes_nobody_elses(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    role = make_role("Clerk")
    set_grants(process, {role.pk: {"view": Scope.ALL, "update": Scope.ALL}}, actor=SYSTEM)
    page = open_page(boss, f"{SETTINGS}/access/")
    ready(page, "matrix")
    ready(page, "unsaved")
    stage = definition_of(process).default_pipeline.stages[0].id
    page.locator("[data-stages-of=comment]").click()
    page.locator(f"[name=grant-{role.pk}-comment-{stage}]").select_option("5")
    set_grants(process, {role.pk: {"view": Scope.OWN, "update": Scope.OWN}}, actor=SYSTEM)
    add_pipeline(process, name="Secret", actor=SYSTEM)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner", has_text="Somebody has changed the process meanwhile")).to_be_visible()
    ready(page, "unsaved")
    expect(page.locator("td[data-changed]")).to_have_count(1)
    expect(page.locator("[data-unsaved]")).to_have_text("1 change is not saved")
    expect(page.locator(f"[name=grant-{role.pk}-view]")).to_have_value("1")
    check_accessibility(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner", has_text="Somebody has changed")).to_have_count(0)
    definition = definition_of(process)
    assert definition.grants[role.pk] == {"view": Scope.OWN, "update": Scope.OWN}
    assert definition.said_of_stages[role.pk] == {"comment": {stage: Scope.ALL}}
    assert not any(definition.said_of_pipelines.values())


def test_line_that_did_not_come_stays_closed_and_comes_at_the_next_press(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    make_role("Clerk")
    page = open_page(boss, f"{SETTINGS}/access/")
    ready(page, "matrix")
    line, places = page.locator("[data-stages-of=comment]"), "**/*line=comment*"
    page.route(places, lambda route: route.fulfill(status=503))
    line.click()
    expect(page.locator(".toast[data-kind=bad]")).to_be_visible()
    expect(line).to_have_attribute("aria-expanded", "false")
    page.unroute(places)
    line.click()
    expect(page.locator("[data-stage-of=comment]").first).to_be_visible()
    expect(line).to_have_attribute("aria-expanded", "true")


def test_moves_are_chosen_and_gated_by_keyboard_alone(
    boss: User, process: Process, stages: dict[str, Stage], open_page: OpenPage
) -> None:
    set_moves(stages["received"].pipeline, [("received", "in_work")], actor=SYSTEM)
    page = open_page(boss, f"{SETTINGS}/moves/")
    ready(page, "matrix")
    page.locator("[name=pair][value='received>in_work']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#gate-{stages['received'].pk}-{stages['in_work'].pk}")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Received → In work")
    dialog.get_by_label("Checklist").fill("Called back")
    check_accessibility(page)
    dialog.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#gate-{stages['received'].pk}-{stages['in_work'].pk}[data-set]")).to_be_visible()
    gates = definition_of(process).default_pipeline.gates
    assert [[item.text for item in gate.checklist] for gate in gates] == [["Called back"]]


def test_role_begins_with_the_rights_of_another_and_keeps_its_column_in_sight(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    set_grants(process, {make_role("Clerk").pk: {"view": Scope.OWN}}, actor=SYSTEM)
    page = open_page(boss, "/roles/", width=390)
    page.get_by_role("button", name="New role").click()
    page.locator("#dialog [name=name]").fill("Senior clerk")
    page.locator("#dialog [name=like]").select_option(label="Clerk")
    check_accessibility(page)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("tr", has_text="Senior clerk")).to_be_visible()
    role = Role.objects.get(name="Senior clerk")
    assert definition_of(process).grants[role.pk] == {"view": Scope.OWN}
    page.goto(f"{SETTINGS}/access/")
    ready(page, "matrix")
    page.locator(f"[name=grant-{role.pk}-manage_access]").focus()
    expect(page.locator("thead th", has_text="Senior clerk")).to_be_in_viewport()
    expect(page.locator("th", has_text="Manage access")).to_be_in_viewport()


@pytest.mark.parametrize(("theme", "width", "language"), [("light", 1440, "en"), ("dark", 390, "ru")])
def test_dialogs_of_stages_and_rights_are_accessible(
    theme: str,
    width: int,
    language: str,
    boss: User,
    process: Process,
    stages: dict[str, Stage],
    open_page: OpenPage,
) -> None:
    boss.language = language
    boss.save()
    clerk = make_user("Clerk")
    role = make_role(WORD, people=(clerk,))
    department = create_department(name=WORD, head=clerk, actor=SYSTEM)
    create_department(name=LONG, parent=department, actor=SYSTEM)
    set_department(clerk, department=department, actor=SYSTEM)
    assign_role_to_department(role, to=department, actor=SYSTEM)
    create_service_token(name=WORD, roles=[role], scopes=["read"], actor=SYSTEM)
    set_gate(
        stages["in_work"],
        GateDraft(fields=["amount"], checklist=[LineDraft(LONG)], is_comment_required=True, roles=[role.pk]),
        actor=SYSTEM,
    )
    set_lost_reasons(stages["received"].pipeline, [ReasonDraft(LONG)], is_required=True, actor=SYSTEM)
    more = [StageDraft(f"{LONG} {number}", key=f"s{number}", hint=WORD, limit=number + 1) for number in range(10)]
    add_pipeline(
        process, name=WORD, key="more", stages=[*more, StageDraft(WORD, "won"), StageDraft("No", "lost")], actor=SYSTEM
    )
    record = create_record(process, values={"title": LONG}, actor=SYSTEM)
    page = open_page(boss, "/", width=width, theme=theme)

    def look(path: str, opener: str = "") -> None:
        page.goto(path)
        if opener:
            expect(page.locator("[data-controller][data-ready]").first).to_be_attached()
            page.locator(opener).first.dispatch_event("click")
            expect(page.locator("dialog[open]").first).to_be_visible()
            expect(page.locator("dialog[open] h2").first).not_to_be_empty()
            expect(page.locator("dialog[open] .dialog-foot").first).to_be_visible()
        check_accessibility(page)
        wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= shown, path
        assert page.evaluate(CUT_OFF) == 0, path

    for path in ("/departments/", f"/departments/{department.pk}/", "/roles/", "/people/", "/service-tokens/"):
        page.goto(path)
        check_accessibility(page)
        assert page.evaluate(SPILLING) == [], path
    for path, opener in (
        (f"/people/{clerk.pk}/", ""),
        (f"/departments/{department.pk}/", ""),
        ("/departments/", "#new-department"),
        ("/roles/", "#new-role"),
        ("/roles/", f"#give-{role.pk}"),
        ("/roles/", f"#delete-{role.pk}"),
        ("/tokens/", "[data-dialog$='/tokens/new/']"),
        ("/service-tokens/", "#new-token"),
        (f"{SETTINGS}/stages/?pipeline=more", ""),
        (f"{SETTINGS}/stages/?pipeline=more", "[id^=edit-stage]"),
        (f"{SETTINGS}/stages/", "[id^=remove-stage]"),
        (f"{SETTINGS}/stages/?pipeline=more", "#remove-pipeline"),
        (f"{SETTINGS}/stages/", "#new-pipeline"),
        (f"{SETTINGS}/moves/?pipeline=more", ""),
        (f"{SETTINGS}/moves/", ".gate-button[data-set]"),
        (f"{SETTINGS}/access/", ""),
        (f"/p/requests/records/{record.pk}/", ".stagebar li:nth-child(2) button"),
        (f"/p/requests/records/{record.pk}/", "[data-does=elsewhere]"),
    ):
        look(path, opener)
        if opener:
            picture(page, f"dialog{path.strip('/').replace('/', '-').replace('?', '-')}-{theme}")


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1440)])
def test_card_with_hidden_and_closed_fields_and_refusals_are_accessible(
    theme: str, width: int, process: Process, open_page: OpenPage
) -> None:
    clerk = make_user("Clerk")
    role = make_role("Clerks", people=(clerk,))
    hidden, closed = definition_of(process).fields[:2]
    set_grants(process, {role.pk: {"view": Scope.ALL, "update": Scope.ALL}}, actor=SYSTEM)
    levels = {hidden.id: {None: FieldLevel.HIDDEN}, closed.id: {None: FieldLevel.READ}}
    set_field_grants(process, {role.pk: levels}, actor=SYSTEM)
    record = create_record(process, values={"title": "Printer", "observers": [clerk.pk]}, actor=SYSTEM)
    page = open_page(clerk, f"/p/requests/records/{record.pk}/", width=width, theme=theme)
    expect(page.locator(".fieldrow", has_text=closed.label)).to_be_visible()
    expect(page.locator(".fieldrow", has_text=hidden.label)).to_have_count(0)
    check_accessibility(page)
    for path, words in ((f"{SETTINGS}/access/", "An administrator can give you this right."), ("/people/", "")):
        page.goto(path)
        expect(page.locator("main, body").first).to_contain_text(words)
        check_accessibility(page)


def test_empty_choice_of_a_person_is_marked_once_somebody_has_asked(
    boss: User, process: Process, open_page: OpenPage
) -> None:
    page = open_page(boss, f"{SETTINGS}/access/why/")
    ready(page, "select")
    expect(page.locator(".ts-wrapper.invalid")).to_have_count(0)
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".ts-wrapper.invalid")).to_have_count(1)
    expect(page.get_by_role("combobox", name="Person")).to_be_focused()
    page.keyboard.type("Boss")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-wrapper.invalid")).to_have_count(0)
    page.get_by_role("button", name="Explain").press("Enter")
    expect(page.locator("[data-kind=good], .banner").first).to_contain_text("Allowed")
