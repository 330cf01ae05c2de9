"""A pipeline that is closed to somebody, and its stages: over REST they are as if absent."""

from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Operation, Pipeline, Process, Scope
from processes.operations import add_pipeline, add_stage, set_grants, update_pipeline
from processes.permissions import access_for
from records.models import BulkJob
from records.operations import create_record
from records.queries.bulk_jobs import bulk_words
from tests.api.conftest import ApiClient
from tests.factories import EMPLOYEE, actor_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(process: Process) -> Pipeline:
    """It comes before the one that is open; both have a stage “quietone”."""
    hush = add_pipeline(process, name="Hush", actor=SYSTEM)
    add_stage(hush, StageDraft("Quietone", key="quietone"), actor=SYSTEM)
    second = add_pipeline(process, name="Second", is_open=True, actor=SYSTEM)
    add_stage(second, StageDraft("Start2", key="quietone"), actor=SYSTEM)
    return hush


@pytest.fixture
def base(process: Process) -> str:
    return f"/processes/{process.key}/"


def asked(client: ApiClient, base: str, field: str, value: object) -> list[Any]:
    """What every door answers to a filter with a value."""
    query = urlencode({f"filter[{field}]": value})
    tree = {"field": field, "op": "is", "value": value}
    answers = [
        *(client.call("get", f"{base}{door}?{query}") for door in ("records/", "board/")),
        client.call("post", f"{base}bulk-jobs/", {"op": "delete", "filter": tree}),
        client.call("post", f"{base}exports/", {"format": "csv", "filter": tree}),
        client.call("post", f"{base}views/", {"page": "list", "name": f"V {value}", "query": query}),
    ]
    return [(answer.status_code, str(answer.json()).replace(f"{value}", "…")) for answer in answers]


@pytest.mark.parametrize(("field", "value"), [("stage", "hush.quietone"), ("pipeline", "hush")])
def test_filter_by_a_closed_one_answers_like_by_an_absent_one(
    client_anna: ApiClient, anna: User, process: Process, closed: Pipeline, base: str, field: str, value: str
) -> None:
    every = {**EMPLOYEE, **dict.fromkeys((Operation.EXPORT, Operation.DELETE), Scope.ALL)}
    set_grants(process, dict.fromkeys(actor_of(anna).role_ids, every), actor=SYSTEM)
    create_record(process, values={"title": "T"}, stage="hush.quietone", actor=SYSTEM)
    found = asked(client_anna, base, field, value)
    strip = "request_id"
    absent = asked(client_anna, base, field, value[:-1] + "x")
    assert [status for status, _said in found] == [400] * len(found)
    assert [said.partition(strip)[0] for _status, said in found] == [said.partition(strip)[0] for _s, said in absent]


def test_numbers_of_closed_ones_open_no_filter(
    client_anna: ApiClient, admin: ApiClient, closed: Pipeline, base: str
) -> None:
    for field, number in (("stage", closed.stages.get(key="quietone").pk), ("pipeline", closed.pk)):
        path = f"{base}records/?filter[{field}]={number}"
        assert (client_anna.call("get", path).status_code, admin.call("get", path).status_code) == (400, 200)


def test_key_alone_means_the_first_pipeline_that_one_sees(
    client_anna: ApiClient, admin: ApiClient, process: Process, closed: Pipeline, base: str
) -> None:
    pipelines = ("hush", "second")
    made = [create_record(process, values={}, stage=f"{one}.quietone", actor=SYSTEM).pk for one in pipelines]
    path = f"{base}records/?filter[stage]=quietone"
    for client, seen in ((admin, made[0]), (client_anna, made[1])):
        assert [row["id"] for row in client.call("get", path).json()["items"]] == [seen]
    begun = client_anna.call("post", f"{base}records/", {"stage": "quietone"}).json()
    assert begun["pipeline"] == "second"


def test_shared_view_of_a_closed_stage_is_not_found(
    client_anna: ApiClient, admin: ApiClient, closed: Pipeline, base: str
) -> None:
    query = f"filter[stage]={closed.stages.get(key='quietone').pk}"
    view = admin.call("post", f"{base}views/", {"page": "list", "name": "W", "audience": "all", "query": query}).json()
    assert client_anna.call("get", f"{base}views/").json()["items"] == []
    assert client_anna.call("get", f"{base}views/{view['id']}/").status_code == 404
    assert admin.call("get", f"{base}views/{view['id']}/").status_code == 200


@pytest.mark.parametrize(
    ("stage", "said"), [("second.quietone", "Start2"), ("quietone", "Start2"), ("main.in_work", "In work")]
)
def test_bulk_change_is_called_by_the_stage_that_one_sees(
    client_anna: ApiClient, anna: User, process: Process, closed: Pipeline, base: str, stage: str, said: str
) -> None:
    create_record(process, values={"assignee": anna.pk}, stage="main.received", actor=SYSTEM)
    made = client_anna.call("post", f"{base}bulk-jobs/", {"op": "move", "stage": stage, "all": True})
    assert made.status_code == 202, made.json()
    access = access_for(actor_of(anna), definition_of(process))
    assert bulk_words(access, BulkJob.objects.get(pk=made.json()["id"])) == f"Move to “{said}”"
    whole = access_for(SYSTEM, definition_of(process))
    both = "Quietone, Start2" if stage == "quietone" else said
    assert bulk_words(whole, BulkJob.objects.get(pk=made.json()["id"])) == f"Move to “{both}”"


def test_whoever_sees_no_pipeline_is_refused_in_words(
    client_anna: ApiClient, anna: User, process: Process, base: str
) -> None:
    set_grants(process, dict.fromkeys(actor_of(anna).role_ids, EMPLOYEE), actor=SYSTEM)
    update_pipeline(process.pipelines.get(), name="Main", is_open=False, actor=SYSTEM)
    for body in ({"op": "move"}, {"op": "move", "stage": "received"}):
        answer = client_anna.call("post", f"{base}bulk-jobs/", {**body, "all": True})
        assert (answer.status_code, answer.json()["details"]["fields"].keys()) == (400, {"stage"})
