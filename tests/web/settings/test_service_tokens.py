"""The page of service tokens, and where else they are named."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Token, User
from accounts.operations import assign_role_to_department, create_service_token
from accounts.queries import token_and_actor
from core.actor import SYSTEM
from processes.models import Operation, Scope
from processes.operations import set_grants
from tests.factories import make_department, make_process, make_role

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


def test_secret_is_shown_once_and_works_with_the_chosen_roles(admin: Client) -> None:
    role = make_role("Intake")
    data = {"name": "Website", "scopes": ["read", "write"], "roles": [role.pk], "expires": "0"}
    made = admin.post(reverse("service-token-new"), data, headers=FRAGMENT)
    secret = re.search(r"scrm_[\w-]+", made.text)
    assert secret
    found = token_and_actor(secret[0])
    assert found
    token, actor = found
    assert (actor.label, actor.user_id, actor.role_ids) == ("Website", None, frozenset({role.pk}))
    page = admin.get(reverse("service-tokens")).text
    assert secret[0] not in page
    assert "Website" in page
    assert "Website" in admin.get(reverse("roles")).text
    admin.post(reverse("service-token-revoke", args=[token.pk]))
    assert token_and_actor(secret[0]) is None
    assert "Website" in admin.get(reverse("service-tokens")).text
    assert "Website" not in admin.get(reverse("roles")).text


def test_name_and_roles_change_and_admin_is_no_choice(admin: Client) -> None:
    before, after = make_role("Before"), make_role("After")
    token, _secret = create_service_token(name="Old", scopes=["read"], roles=[before], actor=SYSTEM)
    address = reverse("service-token", args=[token.pk])
    assert admin.post(address, {"name": "", "roles": [after.pk]}).status_code == 422
    assert admin.post(address, {"name": "New", "roles": [after.pk]}).status_code == 302
    token = Token.objects.get(pk=token.pk)
    assert (token.name, token.roles) == ("New", [after])
    refused = admin.post(reverse("service-token-new"), {"name": "X", "scopes": ["admin"], "expires": "0"})
    assert refused.context["form"].errors.keys() == {"scopes"}


def test_tokens_of_people_are_not_among_them(admin: Client, boss: User) -> None:
    admin.post(reverse("token-new"), {"name": "Boss", "scopes": ["read"], "expires": "0"})
    token = Token.objects.get(user=boss)
    assert admin.get(reverse("service-token", args=[token.pk])).status_code == 404
    assert admin.post(reverse("service-token-revoke", args=[token.pk])).status_code == 404


def test_page_why_explains_a_token(admin: Client) -> None:
    process, role = make_process(), make_role("Intake")
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    token, _secret = create_service_token(name="Website", scopes=["read"], roles=[role], actor=SYSTEM)
    page = admin.get(reverse("access-why", args=[process.key]), {"person": f"token-{token.pk}"})
    assert page.context["why"].is_allowed
    assert "Intake" in page.text
    assert admin.get(reverse("access-why", args=[process.key]), {"person": "token-0"}).status_code == 422


def test_role_tells_who_has_it(admin: Client, worker: User) -> None:
    role = make_role("Intake", people=(worker,))
    assign_role_to_department(role, to=make_department("Sales"), actor=SYSTEM)
    create_service_token(name="Website", scopes=["read"], roles=[role], actor=SYSTEM)
    page = admin.get(reverse("role-members", args=[role.pk])).text
    assert all(name in page for name in (worker.name, "Sales", "Website"))
