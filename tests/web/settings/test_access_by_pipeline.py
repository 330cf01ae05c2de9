"""Rights that differ by pipeline: on the page and over REST; what is closed is absent at every door."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Grant, Operation, Pipeline, Process, Scope
from processes.models.access import OF_PIPELINES
from processes.operations import add_pipeline, add_stage, set_grants
from processes.permissions import access_for
from tests.api.conftest import client_of
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process(key="requests")


@pytest.fixture
def person() -> User:
    return make_user("Clerk")


@pytest.fixture
def role(process: Process, person: User) -> Role:
    role = make_role("Clerks", people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    return role


@pytest.fixture
def second(process: Process, role: Role) -> Pipeline:
    """Closed to the role."""
    return add_pipeline(process, name="Service", actor=SYSTEM)


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def sent(role: Role, **more: object) -> dict[str, object]:
    general = {f"grant-{role.pk}-{operation}": int(scope) for operation, scope in EMPLOYEE.items()}
    return {**general, **more}


def test_page_shows_a_closed_pipeline_and_opens_it(
    process: Process, role: Role, second: Pipeline, person: User, admin: Client
) -> None:
    address = reverse("process-access", args=["requests"])
    matrix = admin.get(address).context["matrix"]
    lines = {line.key: line for _label, group in matrix.groups for line in group}
    shown = {
        (operation, place.name): [cell.scope for cell in place.cells if cell.role == role]
        for operation, line in lines.items()
        for place in line.places
        if place.stage is None
    }
    assert shown["view", "Service"] == shown["create", "Service"] == [Scope.NONE]
    assert shown["view", "Main"] == [-1]
    assert not Grant.objects.filter(pipeline=second, role__key="robots").exists()
    assert ("export", "Service") not in shown
    assert all(place.stage is None for place in lines["create"].places)
    opened = {f"grant-{role.pk}-view-p{second.pk}": "1", f"grant-{role.pk}-create-p{second.pk}": "0"}
    assert admin.post(address, sent(role, **opened)).status_code == 302
    access, stage = access_for(actor_of(person), process.pk), second.stages.get(key="new").pk
    assert access.reach(Operation.VIEW, stage).scope == Scope.OWN
    assert access.reach(Operation.CREATE, stage).scope == Scope.NONE
    assert access.reach(Operation.UPDATE, stage).scope == Scope.OWN
    event = Event.objects.filter(kind="access.changed").latest("id")
    assert event.changes[f"{role.pk}.view.pipeline.{second.pk}"] == [0, 1]


def test_saving_what_differs_by_stage_makes_no_rows_of_what_differs_by_pipeline(
    process: Process, role: Role, second: Pipeline, admin: Client
) -> None:
    closed = {f"grant-{role.pk}-{operation}-p{second.pk}": "0" for operation in OF_PIPELINES & EMPLOYEE.keys()}
    admin.post(reverse("process-access", args=["requests"]), sent(role, **closed))
    assert not Grant.objects.exclude(stage=None).exists()
    assert Grant.objects.filter(pipeline=second).count() == len(OF_PIPELINES & EMPLOYEE.keys())
    late = add_stage(second, StageDraft("Late"), actor=SYSTEM)
    assert definition_of(process).stage_grants[role.pk]["view"][late.pk] == Scope.NONE


def test_rest_reads_and_writes_pipelines_and_keeps_them_when_it_does_not_name_them(
    process: Process, role: Role, second: Pipeline
) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    url = "/processes/requests/access/"
    read = api.call("get", url).json()
    assert read["pipelines"][str(role.pk)]["view"] == {str(second.pk): 0}
    assert read["stages"] == {}
    grants = {"grants": {str(role.pk): {"view": 5, "create": 5}}}
    assert api.call("put", url, grants).json()["pipelines"] == read["pipelines"]
    opened = {**grants, "pipelines": {str(role.pk): {"view": {str(second.pk): 3}}}}
    assert api.call("put", url, opened).json()["pipelines"] == opened["pipelines"]
    assert api.call("put", url, {**grants, "pipelines": {}}).json()["pipelines"] == {}


@pytest.mark.parametrize(
    "pipelines",
    [
        {"x": {"view": {"1": 1}}},
        {"role": {"view": {"x": 1}}},
        {"role": {"view": {"1": 1}}},
        {"role": {"view": {"own": 7}}},
        {"role": {"export": {"own": 0}}},
        {"role": {"create": {"own": 1}}},
        {"other": {"view": {"own": 1}}},
    ],
)
def test_pipelines_that_are_none_are_refused(
    pipelines: dict[str, dict[str, dict[str, int]]], process: Process, role: Role, second: Pipeline
) -> None:
    names = {"role": str(role.pk), "other": str(make_role().pk), "own": str(second.pk)}
    body = {
        names.get(who, who): {operation: {names.get(place, place): scope for place, scope in places.items()}}
        for who, operations in pipelines.items()
        for operation, places in operations.items()
    }
    before = list(Grant.objects.order_by("pk").values_list("pk", "scope"))
    api = client_of(make_admin(), "read", "write", "admin")
    refused = api.call("put", "/processes/requests/access/", {"grants": {str(role.pk): {"view": 5}}, "pipelines": body})
    assert (refused.status_code, [*refused.json()["details"]["fields"]]) == (400, ["pipelines"])
    assert list(Grant.objects.order_by("pk").values_list("pk", "scope")) == before


def test_closed_pipeline_is_absent_over_rest(process: Process, second: Pipeline, person: User) -> None:
    api = client_of(person)
    assert [item["key"] for item in api.call("get", "/processes/requests/").json()["pipelines"]] == ["main"]
    (listed,) = api.call("get", "/processes/").json()["items"]
    assert [item["key"] for item in listed["pipelines"]] == ["main"]
    schema = api.call("get", "/processes/requests/schema/").json()
    assert schema["properties"]["pipeline"]["enum"] == ["main"]
    assert "new" not in schema["properties"]["stage"]["enum"]
    for key in ("service", "nothing"):
        assert api.call("get", f"/processes/requests/board/?pipeline={key}").status_code == 400
        assert api.call("get", f"/processes/requests/pipelines/{key}/reasons/").status_code == 404
        made = api.call("post", "/processes/requests/records/", {"title": "x", "pipeline": key})
        assert made.status_code == 400


def test_filter_offers_no_stage_of_a_closed_pipeline(process: Process, second: Pipeline, person: User) -> None:
    page = signed_in(person).get("/p/requests/filter-control/", {"field": "stage"}, headers={"HX-Request": "true"})
    assert (">In work</option>" in page.text, ">New</option>" in page.text) == (True, False)
    assert 'value="pipeline"' not in signed_in(person).get("/p/requests/list/").text
    several = signed_in(make_admin())
    assert 'value="pipeline"' in several.get("/p/requests/list/").text
    assert ">Service</option>" in several.get("/p/requests/filter-control/", {"field": "pipeline"}).text
    whole = signed_in(make_admin()).get("/p/requests/filter-control/", {"field": "stage"})
    assert ">Service: New</option>" in whole.text
