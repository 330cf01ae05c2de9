"""Rights that differ by pipeline: on the page and over REST; what is closed is absent at every door."""

from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of, forget_definitions
from processes.drafts import StageDraft
from processes.models import Grant, Operation, Pipeline, Process, Scope
from processes.models.access import OF_PIPELINES
from processes.operations import add_pipeline, add_stage, set_grants
from processes.permissions import access_for
from records.models import Record
from records.operations import create_record
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


def sent(role: Role, process: Process, **more: object) -> dict[str, object]:
    general = {f"grant-{role.pk}-{operation}": int(scope) for operation, scope in EMPLOYEE.items()}
    return {"version": definition_of(process).version, **general, **more}


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
    robots = [cell.scope for cell in lines["view"].places[5].cells if cell.role.is_built_in]
    assert ([line.name for line in lines["view"].places][5], robots) == ("Service", [-1])
    assert ("export", "Service") not in shown
    assert all(place.stage is None for place in lines["create"].places)
    opened = {f"grant-{role.pk}-view-p{second.pk}": "1", f"grant-{role.pk}-create-p{second.pk}": "0"}
    assert admin.post(address, sent(role, process, **opened)).status_code == 302
    access, stage = access_for(actor_of(person), process.pk), second.stages.get(key="new").pk
    assert access.reach(Operation.VIEW, stage).scope == Scope.OWN
    assert access.reach(Operation.CREATE, stage).scope == Scope.NONE
    assert access.reach(Operation.UPDATE, stage).scope == Scope.NONE
    event = Event.objects.filter(kind="access.changed").latest("id")
    assert event.changes[f"{role.pk}.view.pipeline.{second.pk}"] == [None, 1]


def test_saving_what_differs_by_stage_makes_no_rows_of_what_differs_by_pipeline(
    process: Process, role: Role, second: Pipeline, admin: Client
) -> None:
    seen = {f"grant-{role.pk}-{operation}-p{second.pk}": "0" for operation in OF_PIPELINES & EMPLOYEE.keys()}
    seen[f"grant-{role.pk}-view-p{second.pk}"] = "5"
    admin.post(reverse("process-access", args=["requests"]), sent(role, process, **seen))
    assert not Grant.objects.exclude(stage=None).exists()
    assert Grant.objects.get(pipeline=second).operation == Operation.VIEW
    late = add_stage(second, StageDraft("Late"), actor=SYSTEM)
    grants = definition_of(process).stage_grants[role.pk]
    assert (grants["view"][late.pk], grants["update"][late.pk]) == (Scope.ALL, Scope.NONE)


def test_closed_pipeline_stays_closed_to_rights_and_roles_that_come_later(
    process: Process, role: Role, second: Pipeline, person: User
) -> None:
    late = make_role("Late", people=(person,))
    everything = dict.fromkeys(OF_PIPELINES, int(Scope.ALL))
    api = client_of(make_admin(), "read", "write", "admin")
    grants = {"grants": {str(late.pk): everything, str(role.pk): everything}}
    assert api.call("put", "/processes/requests/access/", grants).status_code == 200
    inside = create_record(process, values={"title": "Inside"}, stage=second.stages.all()[0].pk, actor=SYSTEM)
    employee, access = client_of(person), access_for(actor_of(person), process.pk)
    assert not any(access.reach(operation, inside.stage_id) for operation in OF_PIPELINES)
    assert [item["key"] for item in employee.call("get", "/processes/requests/").json()["pipelines"]] == ["main"]
    assert employee.call("get", f"/processes/requests/records/{inside.pk}/").status_code == 404
    why = f"/processes/requests/access/why/?person={person.pk}&record={inside.pk}"
    assert api.call("get", why).json()["allowed"] is False
    given = {**grants, "pipelines": {str(late.pk): {"view": {str(second.pk): 5}}}}
    assert api.call("put", "/processes/requests/access/", given).status_code == 200
    assert employee.call("get", f"/processes/requests/records/{inside.pk}/").status_code == 200
    assert api.call("get", why).json()["allowed"] is True


def test_pipeline_is_opened_and_closed_by_those_who_manage_access(
    process: Process, role: Role, second: Pipeline, person: User, admin: Client
) -> None:
    designer = make_user("Designer")
    may = {Operation.VIEW: Scope.ALL, Operation.DESIGN: Scope.ALL}
    set_grants(process, {make_role("Designers", people=(designer,)).pk: may}, actor=SYSTEM)
    address, url = "/processes/requests/pipelines/service/", reverse("pipeline-edit", args=["requests", "service"])
    assert client_of(designer).call("patch", address, {"is_open": True}).status_code == 403
    browser = signed_in(designer)
    assert 'name="is_open"' not in browser.get(url).text
    browser.post(url, {"name": "Repairs", "is_open": "on"})
    assert definition_of(process).pipeline("service").name == "Repairs"
    assert not definition_of(process).pipeline("service").is_open
    api, stage = client_of(make_admin(), "read", "write", "admin"), second.stages.all()[0].pk
    assert api.call("patch", address, {"is_open": True}).json()["is_open"] is True
    assert access_for(actor_of(person), process.pk).reach(Operation.VIEW, stage).scope == Scope.ALL
    assert 'name="is_open"' in admin.get(url).text
    admin.post(url, {"name": "Repairs"})
    assert access_for(actor_of(person), process.pk).reach(Operation.VIEW, stage).scope == Scope.NONE


@pytest.fixture
def designer(process: Process) -> User:
    """Designs, and does not manage access."""
    person = make_user("Designer")
    may = {Operation.VIEW: Scope.ALL, Operation.DESIGN: Scope.ALL}
    set_grants(process, {make_role("Designers", people=(person,)).pk: may}, actor=SYSTEM)
    return person


def test_designing_alone_adds_only_closed_pipelines(process: Process, designer: User, admin: Client) -> None:
    api, browser = client_of(designer, "read", "write", "admin"), signed_in(designer)
    address, url = "/processes/requests/pipelines/", reverse("pipeline-new", args=["requests"])
    assert api.call("post", address, {"name": "Sales", "is_open": True}).status_code == 403
    assert ('name="is_open"' in browser.get(url).text, 'name="is_open"' in admin.get(url).text) == (False, True)
    browser.post(url, {"name": "Sales", "is_open": "on"})
    assert api.call("post", address, {"name": "Repairs"}).status_code == 201
    assert [pipeline.is_open for pipeline in definition_of(process).pipelines] == [True, False, False]


def test_records_leave_a_closed_pipeline_by_those_who_manage_access(
    process: Process, second: Pipeline, designer: User, admin: Client
) -> None:
    inside = second.stages.get(key="new")
    row = create_record(process, values={"title": "Inside"}, stage=inside.pk, actor=SYSTEM)
    api, browser = client_of(designer, "read", "write", "admin"), signed_in(designer)
    received = definition_of(process).stage("main.received").id
    url, whole = reverse("pipeline-remove", args=["requests", "service"]), {f"to-{inside.pk}": str(received)}
    stages, service = {"stages": {"new": "main.received"}}, "/processes/requests/pipelines/service"
    assert api.call("post", f"{service}/remove/", stages).status_code == 403
    assert api.call("delete", f"{service}/stages/new/?to=main.received").status_code == 403
    assert browser.post(url, whole).status_code == 403
    assert Record.objects.get(pk=row.pk).stage_id == inside.pk
    assert admin.post(url, whole).status_code == 302
    assert Record.objects.get(pk=row.pk).stage_id == received


def test_managing_access_alone_opens_no_pipeline(process: Process, second: Pipeline) -> None:
    person = make_user("Manager")
    may = {Operation.VIEW: Scope.ALL, Operation.MANAGE_ACCESS: Scope.ALL}
    set_grants(process, {make_role("Managers", people=(person,)).pk: may}, actor=SYSTEM)
    api, address = client_of(person, "read", "write", "admin"), "/processes/requests/pipelines/service/"
    assert api.call("patch", address, {"is_open": True}).status_code == 403
    assert signed_in(person).get(reverse("pipeline-edit", args=["requests", "service"])).status_code == 403
    assert not definition_of(process).pipeline("service").is_open


def test_pipelines_that_were_opened_before_anybody_had_a_right_stay_open(process: Process) -> None:
    opened = add_pipeline(process, name="Opened", is_open=True, actor=SYSTEM)
    shut = add_pipeline(process, name="Shut", is_open=True, actor=SYSTEM)
    Grant.objects.create(process=process, role=make_role("Clerks"), operation="view", pipeline=shut, scope=Scope.NONE)
    import_module("processes.migrations.0010_closed_pipelines").close(apps, None)
    forget_definitions()
    assert [pipeline.is_open for pipeline in definition_of(process).pipelines] == [True, True, False]
    assert not Grant.objects.filter(pipeline__in=(opened, shut), scope=Scope.NONE).exists()


def test_pipelines_that_were_closed_by_rows_are_closed_and_nobody_gains_or_loses(process: Process, role: Role) -> None:
    shut = add_pipeline(process, name="Shut", is_open=True, actor=SYSTEM)
    half = add_pipeline(process, name="Half", is_open=True, actor=SYSTEM)
    operations = sorted(OF_PIPELINES & EMPLOYEE.keys())
    zeros = {operation: {shut.pk: 0, half.pk: 0} for operation in operations}
    del zeros["comment"][half.pk]
    zeros["view"][shut.pk] = int(Scope.OWN)
    set_grants(process, {role.pk: EMPLOYEE}, pipelines={role.pk: zeros}, actor=SYSTEM)
    before = definition_of(process).stage_grants[role.pk]
    import_module("processes.migrations.0010_closed_pipelines").close(apps, None)
    forget_definitions()
    assert definition_of(process).stage_grants[role.pk] == before
    assert [pipeline.is_open for pipeline in definition_of(process).pipelines] == [True, False, True]
    assert Grant.objects.get(pipeline=shut).operation == Operation.VIEW


def test_rest_reads_and_writes_pipelines_and_keeps_them_when_it_does_not_name_them(
    process: Process, role: Role, second: Pipeline
) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    url = "/processes/requests/access/"
    read = api.call("get", url).json()
    assert (read["pipelines"], read["stages"]) == ({}, {})
    grants = {"grants": {str(role.pk): {"view": 5, "create": 5}}}
    assert api.call("put", url, grants).json()["pipelines"] == read["pipelines"]
    opened = {**grants, "pipelines": {str(role.pk): {"view": {str(second.pk): 3}}}}
    assert api.call("put", url, opened).json()["pipelines"] == opened["pipelines"]
    assert api.call("put", url, grants).json()["pipelines"] == opened["pipelines"]
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
