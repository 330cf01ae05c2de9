"""Pages of departments and of one person; roles of departments; invitations by mail."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.letters import deliver_letters
from accounts.models import Department, Letter, RoleAssignment, User
from accounts.operations import assign_role_to_department, create_department, invite_person, set_department
from accounts.tree import departments_in_order
from core.actor import SYSTEM
from tests.factories import make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def sales(db: None) -> Department:
    return create_department(name="Sales", actor=SYSTEM)


@pytest.fixture
def north(sales: Department) -> Department:
    return create_department(name="North", parent=sales, actor=SYSTEM)


def order() -> list[str]:
    return [node.name for node in departments_in_order()]


def test_department_is_added_in_the_line_and_a_taken_name_is_said_there(admin: Client) -> None:
    added = admin.post(reverse("department-add"), {"name": "Продажи"}, headers=FRAGMENT)
    assert "Продажи" in added.text
    assert "toast" in added.headers["HX-Trigger"]
    twice = admin.post(reverse("department-add"), {"name": "продажи"}, headers=FRAGMENT)
    assert (twice.status_code, twice.context["form"].errors.keys()) == (422, {"name"})
    assert order() == ["Продажи"]


def test_dialog_creates_below_and_moves_elsewhere(admin: Client, sales: Department, boss: User) -> None:
    admin.post(reverse("department-new"), {"name": "North", "parent": sales.pk, "head": boss.pk})
    north = Department.objects.get(name="North")
    assert (north.parent, north.head) == (sales, boss)
    admin.post(reverse("department-edit", args=[north.pk]), {"name": "Nord", "parent": "", "head": ""})
    north.refresh_from_db()
    assert (north.name, north.parent, north.head) == ("Nord", None, None)


def test_dialog_offers_no_place_inside_itself(admin: Client, sales: Department, north: Department) -> None:
    page = admin.get(reverse("department-edit", args=[sales.pk]), headers=FRAGMENT)
    assert [value for value, _label in page.context["form"].fields["parent"].choices] == [""]
    forced = admin.post(reverse("department-edit", args=[sales.pk]), {"name": "Sales", "parent": north.pk})
    assert forced.status_code in (409, 422)
    sales.refresh_from_db()
    assert sales.parent is None


def test_menu_moves_up_and_down(admin: Client) -> None:
    one, two, three = (create_department(name=name, actor=SYSTEM) for name in ("One", "Two", "Three"))
    admin.post(reverse("department-shift", args=[one.pk]), {"direction": "down"}, headers=FRAGMENT)
    assert order() == ["Two", "One", "Three"]
    admin.post(reverse("department-shift", args=[one.pk]), {"direction": "down"}, headers=FRAGMENT)
    assert order() == ["Two", "Three", "One"]
    admin.post(reverse("department-shift", args=[three.pk]), {"direction": "up"}, headers=FRAGMENT)
    assert order() == ["Three", "Two", "One"]
    admin.post(reverse("department-shift", args=[three.pk]), {"direction": "up"}, headers=FRAGMENT)
    assert order() == ["Three", "Two", "One"]
    assert two.pk


def test_delete_asks_for_a_home_only_where_something_is_inside(
    admin: Client, sales: Department, north: Department, worker: User
) -> None:
    set_department(worker, department=north, actor=SYSTEM)
    address = reverse("department-delete", args=[north.pk])
    assert "rehome_to" in admin.get(address, headers=FRAGMENT).text
    assert admin.post(address, headers=FRAGMENT).status_code == 422
    admin.post(address, {"rehome_to": sales.pk}, headers=FRAGMENT)
    worker.refresh_from_db()
    assert (order(), worker.department) == (["Sales"], sales)


def test_empty_department_is_deleted_without_a_question(admin: Client, sales: Department) -> None:
    address = reverse("department-delete", args=[sales.pk])
    assert "rehome_to" not in admin.get(address, headers=FRAGMENT).text
    admin.post(address, headers=FRAGMENT)
    assert order() == []


def test_people_come_and_go_on_the_page_of_the_department(admin: Client, sales: Department, worker: User) -> None:
    admin.post(reverse("department-person-add", args=[sales.pk]), {"person": worker.pk})
    assert worker.name in admin.get(reverse("department", args=[sales.pk])).text
    admin.post(reverse("department-person-remove", args=[sales.pk, worker.pk]))
    worker.refresh_from_db()
    assert worker.department is None
    for nobody in ("", "x", "9" * 30):
        assert admin.post(reverse("department-person-add", args=[sales.pk]), {"person": nobody}).status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_pages_take_a_fixed_number_of_queries(admin: Client, count: int, django_assert_num_queries: Any) -> None:
    role, parent = make_role(), None
    for number in range(count):
        parent = create_department(name=f"D{number}", parent=parent, head=make_user(), actor=SYSTEM)
        assign_role_to_department(role, to=parent, actor=SYSTEM)
        make_user(department=parent)
    assert parent
    for address, queries in (
        (reverse("departments"), 6),
        (reverse("roles"), 6),
        (reverse("department", args=[parent.pk]), 11),
    ):
        admin.get(address)
        with django_assert_num_queries(queries):
            admin.get(address)


def test_person_page_sets_the_department_and_tells_of_inherited_roles(
    admin: Client, sales: Department, worker: User
) -> None:
    assign_role_to_department(make_role("Seller"), to=sales, actor=SYSTEM)
    admin.post(reverse("person-department", args=[worker.pk]), {"department": sales.pk})
    worker.refresh_from_db()
    assert worker.department == sales
    page = admin.get(reverse("person", args=[worker.pk])).text
    assert "Seller, by department" in page
    admin.post(reverse("person-department", args=[worker.pk]), {"department": ""})
    worker.refresh_from_db()
    assert worker.department is None


def test_role_is_given_to_a_department_and_taken_on_the_page_of_roles(admin: Client, sales: Department) -> None:
    role = make_role("Seller")
    admin.post(reverse("role-department-give", args=[role.pk]), {"to": sales.pk, "with_descendants": "on"})
    assert RoleAssignment.objects.get().with_descendants
    assert "Take the role Seller from Sales" in admin.get(reverse("roles")).text
    admin.post(reverse("role-department-take", args=[role.pk, sales.pk]))
    assert not RoleAssignment.objects.exists()


def test_invitation_by_mail_goes_in_the_chosen_language_into_the_department(admin: Client, sales: Department) -> None:
    data = {
        "name": "Нина", "email": "nina@example.test", "language": "ru", "by_mail": "on", "department": sales.pk,
    }  # fmt: skip
    answer = admin.post(reverse("person-invite"), data, headers=FRAGMENT)
    assert re.search(r"/join/[\w-]+/", answer.text)
    person = User.objects.get(email="nina@example.test")
    assert (person.language, person.department) == ("ru", sales)
    assert deliver_letters() == 1
    page = admin.get(reverse("person", args=[person.pk])).text
    assert "The letter went out" in page


def test_invitation_is_sent_again_and_revoked(admin: Client) -> None:
    person, _secret = invite_person(email="nina@example.test", name="Nina", by_mail=True, actor=SYSTEM)
    admin.post(reverse("person-link", args=[person.pk]), {"by_mail": "1"}, headers=FRAGMENT)
    assert deliver_letters() == 1
    admin.post(reverse("person-link-revoke", args=[person.pk]))
    assert "No link is open" in admin.get(reverse("person", args=[person.pk])).text
    assert Letter.objects.filter(state=Letter.State.SENT).count() == 1


def test_administrators_are_told_that_mails_stay_in_files(admin: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = "/data/mail"
    assert "/data/mail" in admin.get(reverse("person-invite"), headers=FRAGMENT).text
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "/data/mail" not in admin.get(reverse("person-invite"), headers=FRAGMENT).text


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("departments", "get"),
        ("department-add", "post"),
        ("department-new", "post"),
        ("department", "get"),
        ("department-edit", "post"),
        ("department-shift", "post"),
        ("department-delete", "post"),
        ("department-person-add", "post"),
        ("person", "get"),
        ("person-department", "post"),
        ("person-link-revoke", "post"),
        ("person-sign-out", "post"),
        ("role-department-give", "post"),
    ],
)
def test_whoever_is_no_administrator_is_refused(name: str, method: str, sales: Department) -> None:
    worker = make_user()
    ids = {"department": sales.pk, "person": worker.pk, "role": make_role().pk}
    needs = name not in ("departments", "department-add", "department-new")
    address = reverse(name, args=[ids[name.partition("-")[0]]] if needs else [])
    answer = getattr(signed_in(worker), method)(address, {"name": "Mine"}, headers=FRAGMENT)
    assert answer.status_code == 403
    assert order() == ["Sales"]
