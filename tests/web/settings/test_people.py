"""Invitations, roles, administrators, tokens, one's own profile."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, RoleAssignment, Token, User
from accounts.operations import renew_invitation
from accounts.queries import actor_for, token_and_actor
from core.actor import SYSTEM
from core.errors import Conflict
from processes.definition import definition_of
from processes.models import Scope
from processes.operations import set_grants
from tests.factories import PASSWORD, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}
NEW_PASSWORD = "a long walk by the river"


def link_in(text: str) -> str:
    """The path of the one-time link that an answer shows."""
    found = re.search(r"https?://[^/]+(/join/[\w-]+/)", text)
    assert found
    return found[1]


def test_invitation_shows_a_link_that_sets_a_password_once(admin: Client) -> None:
    answer = admin.post(
        reverse("person-invite"), {"name": "Нина Ким", "email": "nina@example.test", "language": "en"}, headers=FRAGMENT
    )
    path = link_in(answer.text)
    assert "peopleChanged" in answer.headers["HX-Trigger"]
    guest = Client()
    assert guest.get(path).status_code == 200
    assert guest.post(path, {"password": "12345678"}).status_code == 422
    joined = guest.post(path, {"password": NEW_PASSWORD})
    assert (joined.status_code, joined.headers["Location"]) == (302, "/")
    assert guest.get(reverse("profile")).status_code == 200
    assert Client().get(path).status_code == 404


def test_taken_address_is_said_beside_the_field(admin: Client, worker: User) -> None:
    answer = admin.post(
        reverse("person-invite"), {"name": "Twin", "email": worker.email, "language": "en"}, headers=FRAGMENT
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"email"}


def test_new_link_replaces_the_old_one_and_keeps_the_password_until_used(admin: Client, worker: User) -> None:
    first = link_in(admin.post(reverse("person-link", args=[worker.pk]), headers=FRAGMENT).text)
    second = link_in(admin.post(reverse("person-link", args=[worker.pk]), headers=FRAGMENT).text)
    assert Client().get(first).status_code == 404
    assert worker.check_password(PASSWORD)
    assert Client().post(second, {"password": NEW_PASSWORD}).status_code == 302
    worker.refresh_from_db()
    assert worker.check_password(NEW_PASSWORD)


def test_deactivated_person_gets_no_link(boss: User, worker: User) -> None:
    worker.is_active = False
    with pytest.raises(Conflict):
        renew_invitation(worker, actor=actor_for(boss))


def test_role_is_given_and_taken_in_the_row(admin: Client, worker: User) -> None:
    role = make_role("Lawyer")
    given = admin.post(reverse("person-role-give", args=[worker.pk]), {"role": role.pk}, headers=FRAGMENT)
    assert "Lawyer" in given.text
    assert RoleAssignment.objects.filter(role=role, user=worker).exists()
    admin.post(reverse("person-role-take", args=[worker.pk, role.pk]), headers=FRAGMENT)
    assert not RoleAssignment.objects.filter(role=role, user=worker).exists()


def test_last_administrator_keeps_the_rights(admin: Client, boss: User) -> None:
    answer = admin.post(reverse("person-administrator", args=[boss.pk]), {"is_admin": "0"}, headers=FRAGMENT)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    boss.refresh_from_db()
    assert boss.is_admin


def test_deactivation_signs_nobody_in_any_more(admin: Client, employee: Client, worker: User) -> None:
    admin.post(reverse("person-deactivate", args=[worker.pk]), headers=FRAGMENT)
    assert employee.get(reverse("profile")).status_code == 302
    admin.post(reverse("person-reactivate", args=[worker.pk]), headers=FRAGMENT)
    worker.refresh_from_db()
    assert worker.is_active


def test_people_are_found_by_a_part_of_the_name_whatever_its_case(admin: Client) -> None:
    make_user("Артём Сёмин")
    make_user("Olga")
    page = admin.get(reverse("people"), {"q": "семин"}).context["page"]
    assert [person.name for person in page] == ["Артём Сёмин"]


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_people_takes_a_fixed_number_of_queries(
    count: int, admin: Client, django_assert_num_queries: object
) -> None:
    role = make_role("Some", people=tuple(make_user() for _ in range(count)))
    assert role.pk
    admin.get(reverse("people"))
    with django_assert_num_queries(8):  # type: ignore[operator]
        admin.get(reverse("people"))


def test_role_is_made_renamed_and_deleted(admin: Client) -> None:
    admin.post(reverse("role-new"), {"name": "Кладовщик"})
    role = Role.objects.get(name="Кладовщик")
    admin.post(reverse("role-edit", args=[role.pk]), {"name": "Storekeeper"})
    assert Role.objects.get(pk=role.pk).name == "Storekeeper"
    admin.post(reverse("role-delete", args=[role.pk]))
    assert not Role.objects.filter(pk=role.pk).exists()


def test_new_role_begins_with_the_rights_of_another(admin: Client) -> None:
    role, process = make_role(), make_process()
    set_grants(process, {role.pk: {"view": Scope.OWN}}, actor=SYSTEM)
    admin.post(reverse("role-new"), {"name": "Senior", "like": role.pk})
    assert definition_of(process).grants[Role.objects.get(name="Senior").pk] == {"view": Scope.OWN}


def test_role_of_robots_cannot_be_deleted(admin: Client) -> None:
    role = Role.objects.get(key="robots")
    assert admin.post(reverse("role-delete", args=[role.pk]), headers=FRAGMENT).status_code == 409
    assert Role.objects.filter(pk=role.pk).exists()


def test_token_works_as_shown_and_stops_when_revoked(employee: Client, worker: User) -> None:
    data = {"name": "Site", "scopes": ["read"], "expires": "30"}
    secret = re.search(r"scrm_[\w-]+", employee.post(reverse("token-new"), data, headers=FRAGMENT).text)
    assert secret
    found = token_and_actor(secret[0])
    assert found
    assert (found[0].user_id, found[1].scopes) == (worker.pk, frozenset({"read"}))
    assert secret[0] not in employee.get(reverse("tokens")).text
    employee.post(reverse("token-revoke", args=[found[0].pk]))
    assert token_and_actor(secret[0]) is None


def test_scope_gives_nothing_that_its_person_may_not_do(employee: Client, worker: User) -> None:
    data = {"name": "Mine", "scopes": ["admin"], "expires": "0"}
    secret = re.search(r"scrm_[\w-]+", employee.post(reverse("token-new"), data, headers=FRAGMENT).text)
    assert secret
    found = token_and_actor(secret[0])
    assert found
    assert not found[1].is_admin
    answer = Client().post(
        "/api/v1/roles/", {"name": "R"}, "application/json", headers={"authorization": f"Bearer {secret[0]}"}
    )
    assert answer.status_code == 403


def test_foreign_token_cannot_be_revoked(employee: Client, admin: Client, boss: User) -> None:
    admin.post(reverse("token-new"), {"name": "Boss", "scopes": ["read"], "expires": "0"})
    token = Token.objects.get(user=boss)
    assert employee.post(reverse("token-revoke", args=[token.pk])).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_profile_changes_language_zone_and_theme(employee: Client, worker: User) -> None:
    data = {"name": "Иван", "language": "ru", "time_zone": "Asia/Tokyo", "theme": "dark"}
    saved = employee.post(reverse("profile"), data)
    worker.refresh_from_db()
    assert (worker.name, worker.language, worker.time_zone, worker.theme) == ("Иван", "ru", "Asia/Tokyo", "dark")
    assert saved.cookies["theme"].value == "dark"


def test_menu_changes_language_and_goes_back_only_to_our_own_pages(employee: Client, worker: User) -> None:
    there = employee.post(reverse("choose-language"), {"language": "ru", "next": "/people/?q=a"})
    assert there.headers["Location"] == "/people/?q=a"
    away = employee.post(reverse("choose-language"), {"language": "en", "next": "https://evil.test/"})
    assert away.headers["Location"] == "/"
    assert employee.post(reverse("choose-theme"), {"theme": "dark"}).status_code == 204
    assert employee.post(reverse("choose-theme"), {"theme": "pink"}).status_code == 422


def test_password_change_is_recorded(employee: Client, worker: User) -> None:
    data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert employee.post(reverse("account_change_password"), data).status_code == 302
    worker.refresh_from_db()
    assert worker.check_password(NEW_PASSWORD)


def test_settings_lead_everybody_somewhere(admin: Client, employee: Client) -> None:
    assert admin.get(reverse("settings")).headers["Location"] == reverse("people")
    assert employee.get(reverse("settings")).headers["Location"] == reverse("profile")
    assert signed_in(make_user()).get(reverse("processes")).status_code == 200
