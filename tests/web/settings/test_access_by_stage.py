"""Rights that differ by stage: on the page and over REST, and that saving one page loses nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from accounts.operations import assign_role
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process, Scope
from processes.operations import remove_stage, set_grants
from processes.queries import stage_of
from records.models import Record
from records.operations import create_record, update_record
from tests.api.conftest import client_of
from tests.factories import make_admin, make_process, make_role, make_user, signed_in

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
    sent = {
        "version": process.version,
        f"grant-{role.pk}-view": "5",
        f"grant-{role.pk}-update": "4",
        f"grant-{role.pk}-update-{closed}": "0",
    }
    admin.post(address, sent)
    definition = definition_of(process)
    assert definition.grants[role.pk] == {"view": Scope.ALL, "update": Scope.BELOW}
    assert definition.stage_grants[role.pk] == {"update": {closed: Scope.NONE}}
    lines = {line.key: line for _label, group in admin.get(address).context["matrix"].groups for line in group}
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


def test_page_gives_unassigned_records_along_and_shows_it_again(process: Process, role: Role, admin: Client) -> None:
    address = reverse("process-access", args=[process.key])
    admin.post(address, {"version": process.version, f"grant-{role.pk}-view": "9", f"grant-{role.pk}-update": "8"})
    definition = definition_of(process)
    assert definition.grants[role.pk] == {"view": Scope.OWN_UNASSIGNED, "update": Scope.UNASSIGNED}
    lines = {line.key: line for _label, group in admin.get(address).context["matrix"].groups for line in group}
    assert [cell.scope for cell in lines["view"].cells if cell.role == role] == [9]
    assert [cell.scope for cell in lines["update"].cells if cell.role == role] == [8]


def test_page_of_fields_sets_levels_and_shows_them_again(process: Process, role: Role, admin: Client) -> None:
    address, closed = reverse("access-fields", args=[process.key]), stage_id(process, "completed")
    amount = definition_of(process).field_by_key["amount"].id
    version = {"version": process.version}
    admin.post(address, {**version, f"field-{role.pk}-{amount}": "1", f"field-{role.pk}-{amount}-{closed}": "0"})
    assert definition_of(process).field_grants == {role.pk: {amount: {None: 1, closed: 0}}}
    line = next(
        line for _l, group in admin.get(address).context["matrix"].groups for line in group if line.key == str(amount)
    )
    assert [cell.scope for cell in line.cells if cell.role == role] == [1]
    assert [c.scope for part in line.places if part.stage.id == closed for c in part.cells if c.role == role] == [0]
    version = {"version": definition_of(process).version}
    admin.post(address, {**version, f"field-{role.pk}-{amount}": "2"})
    assert definition_of(process).field_grants == {role.pk: {amount: {closed: 0}}}
    version = {"version": definition_of(process).version}
    admin.post(address, {**version, f"field-{role.pk}-{amount}-{closed}": "-1"})
    assert definition_of(process).field_grants == {}


def test_rest_reads_and_writes_rights_to_fields(process: Process, role: Role) -> None:
    api, closed = client_of(make_admin(), "read", "write", "admin"), stage_id(process, "completed")
    items = [{"role": role.pk, "field": "amount", "stage": closed, "level": "hidden"}]
    url = f"/processes/{process.key}/access/fields/"
    assert api.call("put", url, {"roles": [role.pk], "items": items}).json() == {"items": items}
    assert api.call("get", url).json() == {"items": items}
    for wrong in ({"field": "nothing"}, {"role": 10**6}, {"stage": 10**6}, {"level": "none"}):
        assert api.call("put", url, {"roles": [role.pk], "items": [items[0] | wrong]}).status_code == 400
    assert api.call("get", url).json() == {"items": items}


def test_why_says_what_each_role_says_and_what_would_help(process: Process, role: Role, admin: Client) -> None:
    clerk = make_user("Clerk")
    assign_role(role, to=clerk, actor=SYSTEM)
    set_grants(process, {role.pk: {"view": Scope.ALL, "update": Scope.OWN}}, actor=SYSTEM)
    foreign = create_record(process, values={"title": "Foreign"}, actor=SYSTEM)
    own = create_record(process, values={"title": "Own", "assignee": clerk.pk}, actor=SYSTEM)
    asked = {"person": clerk.pk, "operation": "update"}
    address = reverse("access-why", args=[process.key])
    no = admin.get(address, {**asked, "record": foreign.pk}).context["why"]
    assert (no.is_allowed, [one.is_enough for one in no.roles]) == (False, [False])
    assert "All" in no.remedy
    assert admin.get(address, {**asked, "record": own.pk}).context["why"].is_allowed
    api = client_of(make_admin(), "read", "write", "admin")
    url = f"/processes/{process.key}/access/why/?person={clerk.pk}&operation=update&record="
    assert [api.call("get", f"{url}{pk}").json()["allowed"] for pk in (foreign.pk, own.pk)] == [False, True]
    assert client_of(clerk, "read").call("get", f"{url}{own.pk}").status_code == 403


def test_whoever_sees_a_record_may_watch_it_on_its_page(process: Process, role: Role) -> None:
    clerk = make_user("Clerk")
    assign_role(role, to=clerk, actor=SYSTEM)
    set_grants(process, {role.pk: {"view": Scope.ALL, "history": Scope.ALL}}, actor=SYSTEM)
    row, browser = create_record(process, values={"title": "Open"}, actor=SYSTEM), signed_in(clerk)
    url = reverse("record-watch", args=[process.key, row.pk])
    assert "Stop watching" in browser.post(url, {"watches": "1"}).content.decode()
    for table in (Record, type(row)):
        assert table.objects.get(pk=row.pk).observer_ids == [clerk.pk]
    assert "Stop watching" not in browser.post(url, {"watches": "0"}).content.decode()
    row.refresh_from_db()
    assert (row.observer_ids, row.version) == (None, 3)
    set_grants(process, {role.pk: {"view": Scope.OBSERVED}}, actor=SYSTEM)
    assert browser.post(url, {"watches": "1"}).status_code == 404
    update_record(process, row.pk, values={"observers": [clerk.pk]}, actor=SYSTEM)
    assert browser.post(url, {"watches": "0"}).headers["HX-Redirect"] == reverse("process-board", args=[process.key])


def test_observers_see_what_they_watch_and_no_more(process: Process, role: Role) -> None:
    clerk = make_user("Clerk")
    assign_role(role, to=clerk, actor=SYSTEM)
    set_grants(process, {role.pk: {"view": Scope.OBSERVED}}, actor=SYSTEM)
    watched = create_record(process, values={"title": "Watched", "observers": [clerk.pk]}, actor=SYSTEM)
    create_record(process, values={"title": "Other"}, actor=SYSTEM)
    api = client_of(clerk, "read", "write")
    url = f"/processes/{process.key}/records/"
    assert [item["id"] for item in api.call("get", url).json()["items"]] == [watched.pk]
    assert api.call("patch", f"{url}{watched.pk}/", {"observers": [clerk.pk, make_user().pk]}).status_code == 403
    assert api.call("patch", f"{url}{watched.pk}/", {"observers": []}).status_code == 200
    assert api.call("get", f"{url}{watched.pk}/").status_code == 404
