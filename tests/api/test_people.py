"""People and roles over REST: pages of lists, one of each, and what administrators do with people."""

import pytest

from accounts.models import Role, Session, User
from accounts.models.role import ROBOTS_ROLE_KEY
from accounts.operations import assign_role_to_department, create_service_token, deactivate_person, set_department
from core.actor import SYSTEM
from processes.models import Field, FieldLevel, Operation, Process, Scope
from processes.operations import set_field_grants, set_grants, set_moves, update_field
from processes.queries import field_of
from tests.api.conftest import ApiClient, client_of
from tests.api.test_errors import refused
from tests.factories import make_admin, make_department, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


def test_people_come_in_pages_by_name(admin: ApiClient) -> None:
    for name in ("Cyd", "Bea", "Ann", "Dan", "Ann"):
        make_user(name)
    names, cursor = [], ""
    while cursor is not None:
        page = admin.call("get", f"/people/?limit=2&cursor={cursor}").json()
        assert len(page["items"]) <= 2
        names += [person["name"] for person in page["items"]]
        cursor = page["next"]
    assert names == ["Admin", "Ann", "Ann", "Bea", "Cyd", "Dan"]
    for wrong in ("cursor=x", "cursor=W10", "limit=0", "limit=201", "cursor=%D0%B9"):
        refused(admin.call("get", f"/people/?{wrong}"), 400, "invalid", wrong.partition("=")[0])


def test_deactivated_are_listed_and_read_by_administrators_alone(admin: ApiClient) -> None:
    gone, reader = make_user("Gone"), client_of(make_user("Reader"))
    deactivate_person(gone, actor=SYSTEM)
    assert [one["name"] for one in admin.call("get", "/people/?active=false").json()["items"]] == ["Gone"]
    refused(reader.call("get", "/people/?active=false"), 403, "not_allowed")
    assert admin.call("get", f"/people/{gone.pk}/").json()["is_active"] is False
    refused(reader.call("get", f"/people/{gone.pk}/"), 404, "not_found")


def test_one_person_with_roles_for_administrators(admin: ApiClient) -> None:
    sales, person = make_department("Sales"), make_user("Ann")
    direct, inherited = make_role(people=(person,)), make_role()
    set_department(person, department=sales, actor=SYSTEM)
    assign_role_to_department(inherited, to=sales, actor=SYSTEM)
    told = admin.call("get", f"/people/{person.pk}/").json()
    assert (told["roles"], told["roles_by_department"], told["is_admin"]) == ([direct.pk], [inherited.pk], False)
    told = client_of(make_user()).call("get", f"/people/{person.pk}/").json()
    assert (told["name"], told["roles"], told["roles_by_department"], told["is_admin"]) == ("Ann", None, None, None)


def test_administrator_makes_deactivates_and_reactivates(admin: ApiClient) -> None:
    person = make_user("Ann")
    there = f"/people/{person.pk}/"
    assert admin.call("put", f"{there}administrator/", {"is_admin": True}).json()["is_admin"] is True
    assert admin.call("put", f"{there}administrator/", {"is_admin": False}).json()["is_admin"] is False
    assert admin.call("post", f"{there}deactivate/").json()["is_active"] is False
    assert admin.call("post", f"{there}reactivate/").json()["is_active"] is True
    last = User.objects.get(is_admin=True)
    refused(admin.call("put", f"/people/{last.pk}/administrator/", {"is_admin": False}), 409, "conflict")
    refused(admin.call("post", f"/people/{last.pk}/deactivate/"), 409, "conflict")


def test_administrators_token_signs_somebody_out_and_no_other_does(admin: ApiClient) -> None:
    person, boss = make_user("Ann"), make_admin("Boss")
    signed_in(person), signed_in(person)
    there = f"/people/{person.pk}/sign-out/"
    refused(client_of(person).call("post", there), 403, "not_allowed")
    refused(client_of(boss).call("post", there), 403, "not_allowed")
    assert admin.call("post", there).json() == {"sessions": 2}
    assert not Session.objects.filter(user=person).exists()


def test_administrator_in_the_browser_stays_in_it(admin: ApiClient) -> None:
    boss = make_admin("Boss")
    here, _other = signed_in(boss), signed_in(boss)
    assert here.post(f"/api/v1/people/{boss.pk}/sign-out/").json() == {"sessions": 1}
    assert here.get("/api/v1/me/").status_code == 200


def test_oversights_of_rights_fields_and_moves_are_told_to_who_manages_access(
    admin: ApiClient, process: Process, client_anna: ApiClient
) -> None:
    there = f"/processes/{process.key}/access/warnings/"
    refused(client_anna.call("get", there), 403, "not_allowed")
    blind, amount = make_role("Blind"), field_of(process, "amount")
    set_grants(process, {blind.pk: {Operation.UPDATE: Scope.ALL, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    update_field(amount, changes={"required": Field.Required.ALWAYS}, actor=SYSTEM)
    set_field_grants(process, {blind.pk: {amount.pk: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    set_moves(process.pipelines.get(), [("received", "in_work")], actor=SYSTEM)
    told = {(item["about"], item["text"]) for item in admin.call("get", there).json()["items"]}
    assert told >= {
        ("rights", "“Blind” sees nothing, so these rights have no effect: edit."),
        ("fields", "“Blind” creates records but may not fill in “Amount”, a required field."),
        ("moves", "No move leads out of “In work”."),
    }


def test_holders_of_a_role(admin: ApiClient) -> None:
    ann, bea, sales = make_user("Ann"), make_user("Bea"), make_department("Sales")
    role = make_role("Seller", people=(bea, ann))
    assign_role_to_department(role, to=sales, with_descendants=False, actor=SYSTEM)
    there = f"/roles/{role.pk}/"
    assert admin.call("get", there).json() == {"id": role.pk, "key": role.key, "name": "Seller"}
    page = admin.call("get", f"{there}people/?limit=1").json()
    rest = admin.call("get", f"{there}people/?limit=1&cursor={page['next']}").json()
    assert [one["name"] for one in (*page["items"], *rest["items"])] == ["Ann", "Bea"]
    assert rest["next"] is None
    departments = admin.call("get", f"{there}departments/").json()["items"]
    assert departments == [{"id": sales.pk, "name": "Sales", "with_descendants": False}]
    for what in ("people", "departments", "tokens"):
        refused(client_of(ann).call("get", f"{there}{what}/"), 403, "not_allowed")


def test_role_of_the_robots_is_given_to_nobody(admin: ApiClient) -> None:
    robots, ann, sales = Role.objects.get(key=ROBOTS_ROLE_KEY), make_user("Ann"), make_department("Sales")
    token, _secret = create_service_token(name="Site", scopes=("read",), roles=(), actor=SYSTEM)
    given = {"people": {"person": ann.pk}, "departments": {"department": sales.pk}, "tokens": {"token": token.pk}}
    for what, body in given.items():
        refused(admin.call("post", f"/roles/{robots.pk}/{what}/", body), 409, "conflict")
    made = admin.call("post", "/tokens/", {"name": "Two", "scopes": ["read"], "roles": [robots.pk]})
    refused(made, 409, "conflict")
    assert not robots.assignments.exists()
    browser = signed_in(make_admin())
    for page in ("/people/", f"/departments/{sales.pk}/", "/roles/", "/service-tokens/new/"):
        told = browser.get(page).content.decode()
        assert f'value="{robots.pk}"' not in told
        assert f"give-{robots.pk}" not in told
