"""The sheets of rights change what a form names and nothing else, and not what somebody has changed meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import FieldGrant, FieldLevel, Grant, Operation, Process, Scope
from processes.operations import add_pipeline, remove_field, restore_field, set_field_grants, set_grants
from processes.queries import field_of, removed_fields
from tests.factories import EMPLOYEE, make_role
from web.forms.access import Matrix

pytestmark = pytest.mark.django_db


@pytest.fixture
def role(process: Process) -> Role:
    role = make_role("Clerks")
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    return role


@pytest.fixture
def address(process: Process) -> str:
    return reverse("process-access", args=[process.key])


@pytest.fixture
def sheet(process: Process) -> str:
    return reverse("access-fields", args=[process.key])


def cells_of(matrix: Matrix) -> dict[str, tuple[int, int]]:
    """Name → the chosen and the saved value."""
    return {cell.name: (cell.scope, cell.present) for cell in matrix.cells}


def grants() -> list[tuple[int, str, int]]:
    return list(Grant.objects.order_by("pk").values_list("role_id", "operation", "scope"))


def test_form_without_fields_changes_no_right(
    admin: Client, process: Process, role: Role, address: str, sheet: str
) -> None:
    amount = definition_of(process).field_by_key["amount"].id
    set_field_grants(process, {role.pk: {amount: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    before, limits = grants(), list(FieldGrant.objects.values_list("pk", "level"))
    for url in (address, sheet):
        assert admin.post(url, {}).status_code == 422
        assert admin.post(url, {"version": "x"}).status_code == 422
        assert admin.post(url, {"version": definition_of(process).version}).status_code == 302
    assert sorted(grants()) == sorted(before)
    assert [level for _pk, level in limits] == list(FieldGrant.objects.values_list("level", flat=True))


def test_form_with_one_cell_changes_that_one(admin: Client, process: Process, role: Role, address: str) -> None:
    stage = definition_of(process).default_pipeline.stages[1].id
    set_grants(process, {role.pk: EMPLOYEE}, differing={role.pk: {"view": {stage: 0}}}, actor=SYSTEM)
    robots = definition_of(process).grants[Role.objects.get(key="robots").pk]
    one = {"version": definition_of(process).version, f"grant-{role.pk}-comment": "5"}
    assert admin.post(address, one).status_code == 302
    definition = definition_of(process)
    assert definition.grants[role.pk] == {**EMPLOYEE, "comment": Scope.ALL}
    assert definition.stage_grants[role.pk] == {"view": {stage: Scope.NONE}}
    assert definition.grants[Role.objects.get(key="robots").pk] == robots


@pytest.mark.parametrize(
    ("name", "value"), [("view", "abc"), ("view", ""), ("view", "7"), ("view", "-1"), ("zzz", "5"), ("view-77777", "0")]
)
def test_what_is_no_cell_or_no_choice_is_refused(
    name: str, value: str, admin: Client, process: Process, role: Role, address: str
) -> None:
    before = grants()
    wrong = {"version": definition_of(process).version, f"grant-{role.pk}-{name}": value}
    assert admin.post(address, wrong).status_code == 422
    assert grants() == before


def test_who_was_overtaken_sees_present_rights_with_own_choices_and_saves_them_then(
    admin: Client, process: Process, role: Role, address: str
) -> None:
    drawn = definition_of(process).version
    set_grants(process, {role.pk: {**EMPLOYEE, "view": Scope.OWN}}, actor=SYSTEM)
    add_pipeline(process, name="Secret", actor=SYSTEM)
    before = grants()
    comment, view = f"grant-{role.pk}-comment", f"grant-{role.pk}-view"
    overtaken = admin.post(address, {"version": drawn, comment: "0", "grant-1000000-view": "5"})
    assert overtaken.status_code == 409
    assert grants() == before
    cells = cells_of(overtaken.context["matrix"])
    assert (cells[comment], cells[view]) == ((Scope.NONE, EMPLOYEE["comment"]), (Scope.OWN, Scope.OWN))
    assert [name for name, (chosen, saved) in cells.items() if chosen != saved] == [comment]
    assert overtaken.text.count("data-was") == 1
    again = {"version": overtaken.context["version"], comment: "0"}
    assert admin.post(address, again).status_code == 302
    kept = {op: scope for op, scope in EMPLOYEE.items() if op != "comment"}
    assert definition_of(process).grants[role.pk] == {**kept, "view": Scope.OWN}


def test_field_hidden_meanwhile_stays_hidden(admin: Client, process: Process, role: Role, sheet: str) -> None:
    drawn, fields = definition_of(process).version, definition_of(process).field_by_key
    amount, source = fields["amount"].id, fields["source"].id
    set_field_grants(process, {role.pk: {amount: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    choice = {f"field-{role.pk}-{source}": "1"}
    overtaken = admin.post(sheet, {"version": drawn, **choice})
    assert overtaken.status_code == 409
    assert definition_of(process).field_grants == {role.pk: {amount: {None: FieldLevel.HIDDEN}}}
    assert cells_of(overtaken.context["matrix"])[f"field-{role.pk}-{source}"] == (FieldLevel.READ, FieldLevel.EDIT)
    admin.post(sheet, {"version": overtaken.context["version"], **choice})
    said = {amount: {None: FieldLevel.HIDDEN}, source: {None: FieldLevel.READ}}
    assert definition_of(process).field_grants == {role.pk: said}


def test_field_that_comes_back_is_hidden_as_it_was(admin: Client, process: Process, role: Role, sheet: str) -> None:
    amount = definition_of(process).field_by_key["amount"].id
    set_field_grants(process, {role.pk: {amount: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    remove_field(field_of(process, "amount"), actor=SYSTEM)
    assert admin.post(sheet, {"version": definition_of(process).version}).status_code == 302
    restore_field(removed_fields(process)[0], actor=SYSTEM)
    assert definition_of(process).field_grants == {role.pk: {amount: {None: FieldLevel.HIDDEN}}}


def test_lines_of_places_come_when_asked_for(admin: Client, process: Process, role: Role, address: str) -> None:
    stages, amount = definition_of(process).default_pipeline.stages, definition_of(process).field_by_key["amount"].id
    places = reverse("access-places", args=[process.key])
    assert "data-stage-of" not in admin.get(address).text
    for line in ("view", amount):
        assert admin.get(places, {"line": line}).text.count("data-stage-of") == len(stages)
    for line in ("", "zzz", 10**6):
        assert admin.get(places, {"line": line}).status_code == 404
    set_grants(process, {role.pk: EMPLOYEE}, differing={role.pk: {"view": {stages[0].id: 0}}}, actor=SYSTEM)
    assert admin.get(address).text.count('data-stage-of="view"') == len(stages)


def test_warnings_hear_stages_and_pipelines(admin: Client, process: Process) -> None:
    role, stage = make_role("Night shift"), definition_of(process).default_pipeline.first_stage.id
    check = reverse("access-check", args=[process.key])
    somewhere = {f"grant-{role.pk}-view-{stage}": "5", f"grant-{role.pk}-create": "5"}
    assert admin.post(check, somewhere).context["warnings"] == []
    nowhere = {f"grant-{role.pk}-create": "5"}
    assert any("Nobody but" in warning for warning in admin.post(check, nowhere).context["warnings"])
    wider = {**somewhere, f"grant-{role.pk}-view-{stage}": "1", f"grant-{role.pk}-update-{stage}": "5"}
    (warning,) = admin.post(check, wider).context["warnings"]
    assert "sees fewer records" in warning


def test_map_of_moves_warns_where_only_robots_may_move(admin: Client, process: Process, role: Role) -> None:
    moves = reverse("process-moves", args=[process.key])
    assert not any("Of all people" in warning for warning in admin.get(moves).context["warnings"])
    kept = {op: scope for op, scope in EMPLOYEE.items() if op != Operation.MOVE}
    set_grants(process, {role.pk: kept}, actor=SYSTEM)
    assert any("Of all people" in warning for warning in admin.get(moves).context["warnings"])
