"""Rights over REST: what is left out stays, what is wrong is refused whole, a role leaves no gate open behind it."""

from typing import Any

import pytest

from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.drafts import GateDraft
from processes.models import FieldGrant, FieldLevel, Gate, Grant, Process, Scope, Stage
from processes.operations import remove_gate, set_field_grants, set_gate, set_grants
from records.models import Record
from records.operations import create_record
from tests.api.conftest import ApiClient, client_of
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process(key="requests")


@pytest.fixture
def admin() -> ApiClient:
    return client_of(make_admin(), "read", "write", "admin")


def test_stages_that_the_body_leaves_out_stay_as_they_were(process: Process, admin: ApiClient) -> None:
    role, stage = make_role(), definition_of(process).default_pipeline.stages[1].id
    url, grants = "/processes/requests/access/", {"grants": {str(role.pk): {"view": 5}}}
    stages = {str(role.pk): {"view": {str(stage): 0}}}
    admin.call("put", url, {**grants, "stages": stages})
    assert admin.call("put", url, {"grants": {str(role.pk): {"view": 5, "update": 5}}}).json()["stages"] == stages
    assert admin.call("put", url, {**grants, "stages": {}}).json()["stages"] == {}


@pytest.mark.parametrize(
    "grants",
    [
        {"role": {"zzz": 0}},
        {"role": {"view": 6}},
        {"role": {"view": 5}, "0role": {"view": 0}},
        {"0role": {"view": 5}},
        {"+role": {"view": 5}},
    ],
)
def test_rights_that_are_none_are_refused_and_take_nothing_away(
    grants: dict[str, Any], process: Process, admin: ApiClient
) -> None:
    role = make_role()
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    body = {name.replace("role", str(role.pk)): scopes for name, scopes in grants.items()}
    refused = admin.call("put", "/processes/requests/access/", {"grants": body})
    assert (refused.status_code, [*refused.json()["details"]["fields"]]) == (400, ["grants"])
    assert definition_of(process).grants[role.pk] == EMPLOYEE


def test_field_is_named_once_for_each_role_and_stage(process: Process, admin: ApiClient) -> None:
    role = make_role()
    item = {"role": role.pk, "field": "amount", "level": "hidden"}
    url = "/processes/requests/access/fields/"
    admin.call("put", url, {"roles": [role.pk], "items": [item]})
    twice = admin.call("put", url, {"roles": [role.pk], "items": [item, {**item, "level": "edit"}]})
    assert twice.status_code == 400
    assert FieldGrant.objects.get().level == FieldLevel.HIDDEN


@pytest.mark.parametrize("part", ["access/", "access/fields/"])
def test_version_that_is_not_the_present_one_changes_no_right(part: str, process: Process, admin: ApiClient) -> None:
    role, url = make_role(), f"/processes/requests/{part}"
    item = {"role": role.pk, "field": "amount", "level": "hidden"}
    body = {"grants": {str(role.pk): {"view": 5}}} if part == "access/" else {"roles": [role.pk], "items": [item]}
    seen = admin.call("get", url).headers["ETag"]
    set_grants(process, {make_role().pk: EMPLOYEE}, actor=SYSTEM)
    stale = admin.call("put", url, body, If_Match=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert str(role.pk) not in str(admin.call("get", url).json())
    present = f'"{stale.json()["details"]["version"]}"'
    saved = admin.call("put", url, body, If_Match=present)
    assert saved.status_code == 200
    assert saved.headers["ETag"] == admin.call("get", url).headers["ETag"] != present


def test_role_that_a_gate_names_stays_until_the_gate_does_not(process: Process, admin: ApiClient) -> None:
    anna, keepers = make_user("Anna"), make_role("Keepers")
    set_grants(process, {make_role(people=(anna,)).pk: {**EMPLOYEE, "move": Scope.ALL}}, actor=SYSTEM)
    set_grants(process, {keepers.pk: EMPLOYEE}, actor=SYSTEM)
    target = Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key="in_work")
    gate = set_gate(target, GateDraft(roles=[keepers.pk]), actor=SYSTEM)
    record = create_record(process, values={"title": "Shut"}, actor=SYSTEM)
    refused = admin.call("delete", f"/roles/{keepers.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["details"]["uses"] == [{"process": process.name, "gate": "any stage → In work"}]
    assert definition_of(process).grants[keepers.pk] == EMPLOYEE
    moved = client_of(anna).call("post", f"/processes/requests/records/{record.pk}/move/", {"stage": "in_work"})
    assert moved.status_code == 400
    assert Record.objects.get(pk=record.pk).stage_id != target.pk
    assert [role.pk for role in Gate.objects.get().roles.all()] == [keepers.pk]
    remove_gate(gate, actor=SYSTEM)
    assert admin.call("delete", f"/roles/{keepers.pk}/").status_code == 204


def test_role_goes_with_its_rights_and_every_process_concerned_has_a_new_version(
    process: Process, admin: ApiClient
) -> None:
    role, other = make_role(), make_process()
    amount = definition_of(process).field_by_key["amount"].id
    set_grants(process, {role.pk: {"view": 5}}, actor=SYSTEM)
    set_field_grants(process, {role.pk: {amount: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    versions = {pk: definition_of(pk).version for pk in (process.pk, other.pk)}
    assert admin.call("delete", f"/roles/{role.pk}/").status_code == 204
    definition = definition_of(process)
    assert definition.version > versions[process.pk]
    assert definition_of(other).version == versions[other.pk]
    assert (definition.grants.get(role.pk), definition.field_grants) == (None, {})
    assert not Grant.objects.filter(role_id=role.pk).exists()
    told = Event.objects.filter(kind="access.changed", process_id=process.pk).latest("id").changes
    assert told == {f"{role.pk}.view": [5, None], f"{role.pk}.field.{amount}": [0, None]}
