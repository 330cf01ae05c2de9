"""Departments, their people and roles, and invitations over REST."""

from typing import Any

import pytest
from django.conf import settings

from accounts.letters import deliver_letters
from accounts.models import Department, Letter, RoleAssignment, User
from accounts.operations import create_department, invitation_for
from accounts.queries import standing_of
from core.actor import SYSTEM
from core.errors import NotFound
from tests.api.conftest import ApiClient
from tests.factories import make_role, make_user

pytestmark = pytest.mark.django_db


def made(admin: ApiClient, name: str, parent: int | None = None, **more: Any) -> dict[str, Any]:
    answer = admin.call("post", "/departments/", {"name": name, "parent": parent, **more})
    assert answer.status_code == 201
    return dict(answer.json())


def names(admin: ApiClient) -> list[tuple[str, int]]:
    return [(one["name"], one["level"]) for one in admin.call("get", "/departments/").json()["items"]]


def test_tree_is_made_read_changed_moved_and_deleted(admin: ApiClient) -> None:
    head = make_user()
    sales = made(admin, "Sales", head=head.pk)
    north = made(admin, "North", sales["id"])
    law = made(admin, "Law")
    assert sales == {
        "id": sales["id"], "name": "Sales", "parent": None, "level": 1, "head": head.pk,
        "people": 0, "people_below": 0, "roles": [],
    }  # fmt: skip
    assert names(admin) == [("Sales", 1), ("North", 2), ("Law", 1)]
    changed = admin.call("patch", f"/departments/{north['id']}/", {"name": "Far North", "parent": law["id"]})
    assert (changed.json()["name"], changed.json()["parent"]) == ("Far North", law["id"])
    moved = admin.call("post", f"/departments/{law['id']}/move/", {"parent": None, "before": sales["id"]})
    assert moved.status_code == 200
    assert names(admin) == [("Law", 1), ("Far North", 2), ("Sales", 1)]
    assert admin.call("patch", f"/departments/{sales['id']}/", {"head": None}).json()["head"] is None
    assert admin.call("delete", f"/departments/{sales['id']}/").status_code == 204
    assert admin.call("get", f"/departments/{sales['id']}/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_a_fixed_number_of_queries(admin: ApiClient, count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        make_user(department=create_department(name=str(number), actor=SYSTEM))
    admin.call("get", "/departments/")
    with django_assert_num_queries(3):
        assert len(admin.call("get", "/departments/").json()["items"]) == count


def test_refusals_name_the_place(admin: ApiClient) -> None:
    sales = made(admin, "Sales")
    north = made(admin, "North", sales["id"])
    unknown = admin.call("post", "/departments/", {"name": "X", "parent": 999_999, "head": None})
    assert (unknown.status_code, list(unknown.json()["details"]["fields"])) == (400, ["parent"])
    circle = admin.call("post", f"/departments/{sales['id']}/move/", {"parent": north["id"]})
    assert (circle.status_code, circle.json()["code"]) == (409, "conflict")
    full = admin.call("delete", f"/departments/{sales['id']}/")
    assert (full.status_code, full.json()["code"]) == (409, "department_not_empty")
    assert full.json()["details"] == {"people": 0, "departments": 1}
    assert admin.call("delete", f"/departments/{sales['id']}/?rehome_to=abc").status_code == 400
    assert names(admin) == [("Sales", 1), ("North", 2)]


def test_people_are_added_listed_and_removed(admin: ApiClient) -> None:
    sales, anna = made(admin, "Sales"), make_user("Anna")
    place = f"/departments/{sales['id']}/people/"
    assert admin.call("post", place, {"person": anna.pk}).status_code == 204
    listed = admin.call("get", place).json()["items"]
    assert [(one["id"], one["department"]) for one in listed] == [(anna.pk, sales["id"])]
    assert admin.call("get", f"/departments/{sales['id']}/").json()["people"] == 1
    assert admin.call("delete", f"{place}{anna.pk}/").status_code == 204
    assert admin.call("delete", f"{place}{anna.pk}/").status_code == 404
    anna.refresh_from_db()
    assert anna.department is None


def test_deleting_with_a_new_home_keeps_people(admin: ApiClient) -> None:
    sales, law = made(admin, "Sales"), made(admin, "Law")
    anna = make_user(department_id=sales["id"])
    assert admin.call("delete", f"/departments/{sales['id']}/?rehome_to={law['id']}").status_code == 204
    anna.refresh_from_db()
    assert anna.department_id == law["id"]


def test_role_is_given_to_a_department_and_taken(admin: ApiClient) -> None:
    sales, role = made(admin, "Sales"), make_role()
    anna = make_user(department_id=sales["id"])
    given = admin.call("post", f"/roles/{role.pk}/departments/", {"department": sales["id"], "with_descendants": False})
    assert given.status_code == 204
    assert standing_of(anna).roles == {role.pk}
    read = admin.call("get", f"/departments/{sales['id']}/").json()
    assert read["roles"] == [{"id": role.pk, "with_descendants": False}]
    assert admin.call("delete", f"/roles/{role.pk}/departments/{sales['id']}/").status_code == 204
    assert not RoleAssignment.objects.exists()


def test_invitation_answers_with_the_link_that_the_letter_holds(admin: ApiClient) -> None:
    sales = made(admin, "Sales")
    body = {"name": "Нина", "email": "nina@example.test", "language": "ru", "department": sales["id"]}
    answer = admin.call("post", "/people/", body, idempotency_key="one")
    person = User.objects.get(email="nina@example.test")
    assert (person.language, person.department_id) == ("ru", sales["id"])
    link = answer.json()["link"]
    assert link.startswith(f"{settings.BASE_URL}/join/")
    assert invitation_for(link.split("/")[-2]).user == person
    again = admin.call("post", "/people/", body, idempotency_key="one")
    assert "link" not in again.json()
    assert User.objects.filter(email="nina@example.test").count() == 1
    assert deliver_letters() == 1


def test_invitation_without_mail_writes_no_letter(admin: ApiClient) -> None:
    body = {"name": "Nina", "email": "nina@example.test", "by_mail": False}
    assert admin.call("post", "/people/", body).status_code == 201
    assert not Letter.objects.exists()


def test_link_is_renewed_and_revoked(admin: ApiClient) -> None:
    anna = make_user()
    place = f"/people/{anna.pk}/invitation/"
    secret = admin.call("post", place, {"by_mail": True}).json()["link"].split("/")[-2]
    assert admin.call("delete", place).status_code == 204
    with pytest.raises(NotFound):
        invitation_for(secret)
    assert admin.call("delete", place).status_code == 409
    assert deliver_letters() == 0


def test_unknown_keys_are_refused_by_name(admin: ApiClient) -> None:
    answer = admin.call("post", "/departments/", {"name": "Sales", "boss": 1})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, ["boss"])
    assert not Department.objects.exists()
