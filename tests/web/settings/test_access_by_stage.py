"""Rights that differ by stage: on the page and over REST, and that saving one page loses nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process, Scope
from processes.operations import remove_stage, set_grants
from processes.queries import stage_of
from tests.api.conftest import client_of
from tests.factories import make_admin, make_process, make_role, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def role() -> Role:
    return make_role("Clerks")


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def stage_id(process: Process, key: str) -> int:
    return definition_of(process).stage(key).id


def test_page_sets_what_differs_in_a_stage_and_shows_it_again(process: Process, role: Role, admin: Client) -> None:
    address, closed = reverse("process-access", args=[process.key]), stage_id(process, "completed")
    sent = {f"grant-{role.pk}-view": "5", f"grant-{role.pk}-update": "4", f"grant-{role.pk}-update-{closed}": "0"}
    admin.post(address, sent)
    definition = definition_of(process)
    assert definition.grants[role.pk] == {"view": Scope.ALL, "update": Scope.BELOW}
    assert definition.stage_grants[role.pk] == {"update": {closed: Scope.NONE}}
    lines = {line.operation: line for _label, group in admin.get(address).context["matrix"].groups for line in group}
    assert lines["update"].differs
    assert not lines["view"].differs
    shown = {part.stage.id: [c.scope for c in part.cells if c.role == role] for part in lines["update"].places}
    assert shown[closed] == [Scope.NONE]


def test_rest_reads_and_writes_the_same(process: Process, role: Role) -> None:
    api, closed = client_of(make_admin(), "read", "write", "admin"), stage_id(process, "completed")
    body = {"grants": {str(role.pk): {"view": 5}}, "stages": {str(role.pk): {"view": {str(closed): 1}}}}
    saved = api.call("put", f"/processes/{process.key}/access/", body).json()
    assert saved["stages"] == body["stages"]
    assert api.call("get", f"/processes/{process.key}/access/").json() == saved


@pytest.mark.parametrize("stages", [{"x": {"view": {"1": 1}}}, {"1": {"view": {"x": 1}}}, {"1": {"create": {"1": 1}}}])
def test_places_that_are_none_are_refused(process: Process, role: Role, stages: dict[str, object]) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    body = {"grants": {str(role.pk): {"view": 5}}, "stages": stages}
    assert api.call("put", f"/processes/{process.key}/access/", body).status_code == 400


def test_stage_that_goes_takes_its_rules_along(role: Role) -> None:
    process = make_process(moves=None)
    gone = stage_id(process, "rejected")
    set_grants(process, {role.pk: {"view": 5}}, differing={role.pk: {"view": {gone: 0}}}, actor=SYSTEM)

    remove_stage(stage_of(process, gone), actor=SYSTEM)
    assert definition_of(process).stage_grants.get(role.pk, {}) == {}
