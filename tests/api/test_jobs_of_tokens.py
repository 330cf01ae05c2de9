"""Works in the background that a service token begins: under its name, its roles, and as long as it lives."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Role, Token
from accounts.operations import (
    assign_role,
    assign_role_to_token,
    create_service_token,
    revoke_token,
    unassign_role_from_token,
)
from core.actor import SYSTEM
from events.models import Event
from notifications.models import Notification
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.bulk import worker
from records.exchange import exporting
from records.models import BulkJob, ExportJob, Record
from records.operations import create_record
from tests.api.conftest import ApiClient, client_of
from tests.api.test_errors import refused
from tests.factories import make_admin, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

RIGHTS = (Operation.VIEW, Operation.UPDATE, Operation.MOVE, Operation.BULK, Operation.EXPORT)
WORK = dict.fromkeys(RIGHTS, Scope.ALL)
CHANGE = {
    "op": "update",
    "record": {"fields": {"source": "site"}},
    "filter": {"field": "amount", "op": "ge", "value": 0},
}


@pytest.fixture
def role(process: Process) -> Role:
    found = make_role("Exchange")
    set_grants(process, {found.pk: WORK}, actor=SYSTEM)
    return found


@pytest.fixture
def records(process: Process) -> list[int]:
    return [create_record(process, values={"title": f"R{n}", "amount": n}, actor=SYSTEM).pk for n in range(6)]


@pytest.fixture(autouse=True)
def small_batches(settings: Any) -> None:
    settings.BULK_CHUNK_RECORDS = 2
    settings.EXPORT_ROWS_AT_ONCE = 1


@pytest.fixture
def admin_page(db: None) -> Any:
    return signed_in(make_admin("Boss"))


def service(*roles: Role, name: str = "Website") -> tuple[Token, ApiClient]:
    token, secret = create_service_token(name=name, scopes=("read", "write"), roles=roles, actor=SYSTEM)
    return token, ApiClient(secret)


def changed() -> set[int | None]:
    return set(Event.objects.filter(kind="record.updated").values_list("record_id", flat=True))


def test_bulk_change_is_done_and_taken_back_under_its_name(
    admin: ApiClient, process: Process, role: Role, records: list[int]
) -> None:
    _token, program = service(role)
    jobs = f"/processes/{process.key}/bulk-jobs/"
    made = program.call("post", jobs, CHANGE).json()
    assert (made["state"], made["total"]) == ("running", 6)
    worker.turns.work_through(made["id"])
    done = program.call("get", f"{jobs}{made['id']}/").json()
    assert (done["state"], done["changed"]) == ("done", 6)
    facts = Event.objects.filter(kind__in=("record.updated", "bulk.requested", "bulk.finished"))
    assert set(facts.values_list("actor_kind", "actor_label", "actor_user_id")) == {("token", "Website", None)}
    undo = program.call("post", f"{jobs}{made['id']}/undo/").json()
    worker.turns.work_through(undo["id"])
    assert program.call("get", f"{jobs}{undo['id']}/").json()["changed"] == 6
    assert [one["id"] for one in admin.call("get", jobs).json()["items"]] == [undo["id"], made["id"]]
    assert not Notification.objects.exists()


def test_export_is_made_and_fetched_by_itself_alone(process: Process, role: Role, records: list[int]) -> None:
    _token, program = service(role)
    anna = make_user("Anna")
    assign_role(role, to=anna, actor=SYSTEM)
    strangers = [service(role, name="Other")[1], client_of(anna)]
    exports = f"/processes/{process.key}/exports/"
    made = program.call("post", exports, {"format": "csv", "columns": ["title"]})
    assert made.status_code == 201
    one = f"{exports}{made.json()['id']}/"
    exporting.turns.work_through(made.json()["id"])
    assert program.call("get", one).json()["state"] == "done"
    assert b"R5" in b"".join(program.call("get", f"{one}file/").streaming_content)
    for stranger in strangers:
        assert stranger.call("get", exports).json()["items"] == []
        for part in ("", "file/"):
            refused(stranger.call("get", one + part), 404, "not_found")


def test_revoked_token_stops_what_it_has_begun(process: Process, role: Role, records: list[int]) -> None:
    token, program = service(role)
    there = f"/processes/{process.key}"
    bulk = program.call("post", f"{there}/bulk-jobs/", CHANGE).json()["id"]
    export = program.call("post", f"{there}/exports/", {"format": "csv"}).json()["id"]
    revoke_token(token, actor=SYSTEM)
    worker.turns.work_through(bulk)
    exporting.turns.work_through(export)
    for job in (BulkJob.objects.get(), ExportJob.objects.get()):
        assert (job.state, job.error) == ("failed", "The token has expired or was revoked.")
    assert changed() == set()


def test_roles_of_now_decide_about_each_batch(process: Process, role: Role, records: list[int]) -> None:
    token, program = service(role)
    made = program.call("post", f"/processes/{process.key}/bulk-jobs/", CHANGE).json()["id"]
    unassign_role_from_token(role, token=token, actor=SYSTEM)
    worker.turns.work_through(made)
    assert BulkJob.objects.get().state == "failed"
    assert changed() == set()
    assign_role_to_token(role, to=token, actor=SYSTEM)
    refused(program.call("post", f"/processes/{process.key}/imports/?name=a.csv"), 403, "not_allowed")


def test_page_of_bulk_changes_says_its_name(admin_page: Any, process: Process, role: Role, records: list[int]) -> None:
    _token, program = service(role)
    program.call("post", f"/processes/{process.key}/bulk-jobs/", CHANGE)
    assert "Website" in admin_page.get(f"/p/{process.key}/bulk/").text


def test_job_without_anybody_is_refused_by_the_database(process: Process) -> None:
    with pytest.raises(IntegrityError, match="bulk_has_a_starter"), transaction.atomic():
        BulkJob.objects.create(process=process, kind="delete")
    assert not Record.objects.exists()
