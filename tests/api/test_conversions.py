"""Changing the type of a field over REST: a look before, the job, what did not convert, the way back."""

from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, Operation, Process, Scope
from processes.operations import set_grants
from records.jobs.worker import work_through
from records.operations import create_record, delete_record
from tests.api.conftest import ApiClient, client_of
from tests.factories import actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.usefixtures("committed")

TEXTS = ("1", "2,5", "one", "two", "")


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(fields=(FieldDraft("Sum", "text", key="sum"),))


@pytest.fixture
def admin(committed: None) -> ApiClient:
    return client_of(make_admin(), "read", "write", "admin")


@pytest.fixture
def made(process: Process) -> list[int]:
    return [create_record(process, values={"title": f"T{n}", "sum": t}, actor=SYSTEM).pk for n, t in enumerate(TEXTS)]


def base(process: Process) -> str:
    return f"/processes/{process.key}"


def start(admin: ApiClient, process: Process, type: str = "number", **more: Any) -> Any:
    return admin.call("post", f"{base(process)}/conversions/", {"field": "sum", "type": type, **more})


def test_a_field_can_become_only_what_its_values_can(admin: ApiClient, process: Process) -> None:
    items = admin.call("get", f"{base(process)}/fields/sum/targets/").json()["items"]
    kinds = {item["key"] for item in items}
    assert {"number", "date", "choice"} <= kinds
    assert not kinds & {"text", "file", "formula", "rollup", "auto_number"}
    for kind in ("file", "text", "nothing"):
        answer = start(admin, process, kind)
        assert (answer.status_code, set(answer.json()["details"]["fields"])) == (400, {"type"})


def test_preview_counts_and_shows_and_changes_nothing(admin: ApiClient, process: Process, made: list[int]) -> None:
    url = f"{base(process)}/conversion-check/"
    found = admin.call("post", url, {"field": "sum", "type": "number", "settings": {"decimals": 1}}).json()
    assert [found[key] for key in ("records", "looked_at", "filled", "converts", "fails")] == [5, 5, 4, 2, 2]
    assert found["settings"]["decimals"] == 1
    assert [(one["record"], one["title"], one["before"], one["after"]) for one in found["good"]] == [
        (made[0], "T0", "1", "1"),
        (made[1], "T1", "2,5", "2.5"),
    ]
    assert [(one["record"], one["why"]) for one in found["bad"]] == [
        (made[2], "A number is expected."),
        (made[3], "A number is expected."),
    ]
    assert found["failing"] == [{"value": "one", "records": 1}, {"value": "two", "records": 1}]
    assert (found["breaks"], found["lost"], found["has_way_back"]) == ([], [], False)
    assert admin.call("get", f"{base(process)}/conversions/").json()["items"] == []
    wrong = admin.call("post", url, {"field": "sum", "type": "number", "settings": {"decimals": 99}})
    assert (wrong.status_code, set(wrong.json()["details"]["fields"])) == (400, {"decimals"})


def test_a_type_changes_by_a_job_and_back_at_once(admin: ApiClient, process: Process, made: list[int]) -> None:
    delete_record(process.pk, made[3], actor=SYSTEM)
    started = start(admin, process)
    assert (started.status_code, started.json()["kind"], started.json()["state"]) == (202, "convert", "waiting")
    url = f"{base(process)}/conversions/sum/"
    read = admin.call("get", url).json()
    assert (read["state"], read["from_type"], read["to_type"]) == ("converting", "text", "number")
    assert (read["kept_until"], read["job"]["id"]) == (None, started.json()["id"])
    assert start(admin, process, "integer").status_code == 409
    work_through()
    (listed,) = admin.call("get", f"{base(process)}/conversions/").json()["items"]
    assert (listed["state"], listed["from_type"], listed["to_type"]) == ("converted", "text", "number")
    assert (listed["unconverted"], listed["job"]["state"], listed["job"]["problems"]) == (2, "done", 2)
    assert listed["kept_until"] > listed["changed_at"]
    left = admin.call("get", f"{url}unconverted/").json()
    assert [(one["record"], one["title"], one["before"]) for one in left["items"]] == [(made[2], "T2", "one")]
    assert left["next"] is None
    values = [admin.call("get", f"{base(process)}/records/{pk}/").json()["fields"]["sum"] for pk in made[:3]]
    assert values == [1, 2.5, None]
    back = admin.call("post", f"{url}revert/")
    assert (back.status_code, back.json()["type"], back.json()["key"]) == (200, "text", "sum")
    assert admin.call("get", f"{base(process)}/records/{made[2]}/").json()["fields"]["sum"] == "one"
    listed = admin.call("get", url).json()
    assert (listed["state"], listed["from_type"], listed["to_type"]) == ("converted", "number", "text")


def test_what_did_not_convert_comes_by_pages(
    admin: ApiClient, process: Process, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_record(process, values={"title": "T5", "sum": "three"}, actor=SYSTEM)
    start(admin, process)
    work_through()
    monkeypatch.setattr("records.queries.conversion.PAGE", 2)
    url = f"{base(process)}/conversions/sum/unconverted/"
    first = admin.call("get", url).json()
    assert [one["before"] for one in first["items"]] == ["one", "two"]
    second = admin.call("get", f"{url}?after={first['next']}").json()
    assert ([one["before"] for one in second["items"]], second["next"]) == (["three"], None)
    assert admin.call("get", f"{url}?after=x").status_code == 400


def test_the_way_back_is_lost_only_knowingly(admin: ApiClient, process: Process, made: list[int]) -> None:
    start(admin, process)
    work_through()
    refused = start(admin, process, "integer")
    assert (refused.status_code, refused.json()["code"]) == (409, "way_back")
    assert start(admin, process, "integer", confirm=True).status_code == 202
    work_through()
    url = f"{base(process)}/conversions/sum/"
    gone = admin.call("delete", url)
    assert (gone.status_code, gone.json()["kind"]) == (202, "purge")
    assert admin.call("get", url).json()["state"] == "forgetting"
    work_through()
    assert admin.call("get", url).status_code == 404
    assert admin.call("post", f"{url}revert/").status_code == 409
    assert admin.call("get", f"{url}unconverted/").status_code == 404
    assert Field.objects.filter(process=process).count() == 1


def test_a_stopped_change_leaves_no_trace(admin: ApiClient, process: Process, made: list[int]) -> None:
    job = start(admin, process).json()["id"]
    assert admin.call("post", f"{base(process)}/field-jobs/{job}/cancel/").json()["state"] == "cancelled"
    assert admin.call("get", f"{base(process)}/conversions/").json()["items"] == []
    work_through()
    assert admin.call("get", f"{base(process)}/conversions/sum/").status_code == 404


def designer(process: Process) -> User:
    """Somebody who may change the process and sees only their own records."""
    person = make_user("Designer")
    grants = {Operation.VIEW: Scope.OWN, Operation.DESIGN: Scope.ALL, Operation.CREATE: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


def test_values_are_shown_only_of_records_that_the_reader_sees(process: Process, made: list[int]) -> None:
    person = designer(process)
    own = create_record(process, values={"title": "Mine", "sum": "many"}, actor=actor_of(person)).pk
    client = ApiClient()
    client.force_login(person, settings.AUTHENTICATION_BACKENDS[-1])
    preview = client.call("post", f"{base(process)}/conversion-check/", {"field": "sum", "type": "number"}).json()
    assert (preview["fails"], preview["converts"]) == (1, 0)
    assert ([one["record"] for one in preview["bad"]], preview["good"]) == ([own], [])
    assert [one["value"] for one in preview["failing"]] == ["many"]
    start(client, process)
    work_through()
    left = client.call("get", f"{base(process)}/conversions/sum/unconverted/").json()["items"]
    assert [one["record"] for one in left] == [own]
    assert client.call("get", f"{base(process)}/conversions/sum/").json()["unconverted"] == 3


@pytest.mark.parametrize("count", [1, 3])
def test_listing_changes_costs_the_same_for_one_and_for_three(
    count: int, admin: ApiClient, process: Process, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        body = {"label": f"F{number}", "type": "text", "key": f"f{number}"}
        admin.call("post", f"{base(process)}/fields/", body)
        admin.call("post", f"{base(process)}/conversions/", {"field": f"f{number}", "type": "number"})
    work_through()
    url = f"{base(process)}/conversions/"
    admin.call("get", url)
    with django_assert_num_queries(7):
        assert len(admin.call("get", url).json()["items"]) == count
