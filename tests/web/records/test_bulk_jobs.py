"""Everything that the list's filter finds: the button, the dialog, the work, its result, the way back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.drafts import GateDraft
from processes.models import Operation, Process, Scope
from processes.operations import set_gate, set_grants
from records.bulk import worker
from records.models import BulkJob, BulkSelection
from records.operations import RecordChange, create_record
from records.operations.bulk_jobs import begin_bulk
from records.queries.narrowing import NOTHING
from tests.factories import actor_of, make_admin, make_role, make_user, signed_in
from tests.web.records.test_bulk_dialog import HEAD, _stage, head, process, rows, stage_id, url

__all__ = ["head", "process"]

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def records(process: Process) -> list[int]:
    """Sixty: more than a page."""
    return [create_record(process, values={"title": f"R{n:02}", "amount": n}, actor=SYSTEM).pk for n in range(60)]


def asked(person: User, process: Process, action: str, query: str = "", **data: Any) -> Any:
    """The answer to whoever confirms the dialog for all that match."""
    body = {"all": "1", "back": f"/p/{process.key}/list/{query}", **data}
    return signed_in(person).post(f"{url(process, action)}{query}", body, headers=FRAGMENT)


def page(person: User, path: str, **options: Any) -> str:
    answer = signed_in(person).get(path, **options)
    assert answer.status_code == 200, answer
    return re.sub(r"\s+", " ", answer.content.decode())


def worked() -> BulkJob:
    """The only bulk change, at its end."""
    job = BulkJob.objects.latest("pk")
    worker.turns.work_through(job.pk)
    job.refresh_from_db()
    return job


def test_more_than_a_page_is_offered_with_its_number(process: Process, head: User, records: list[int]) -> None:
    listed = f"/p/{process.key}/list/"
    assert "Choose all 60 </button>" in page(head, listed)
    assert "Choose all 55 that match </button>" in page(head, f"{listed}?filter[amount][ge]=5")
    assert "data-pick-everything" not in page(head, f"{listed}?filter[amount][ge]=55")
    second = re.search(r'href="\?([^"]*cursor[^"]*)"', page(head, listed))
    assert second is not None
    assert "Choose all 60 </button>" in page(head, f"{listed}?{second[1]}".replace("&amp;", "&"))


def test_dialog_says_how_many_and_which(process: Process, head: User, records: list[int]) -> None:
    query = "?all=1&q=r&filter[amount][ge]=5"
    text = page(head, f"{url(process, 'edit')}{query}", headers=FRAGMENT)
    assert "Edit 55 records" in text
    assert "Search: r" in text
    assert "Amount is at least 5" in text
    assert "undo it for 24 hours" in text
    assert text.count('name="all" value="1"') == 2
    assert not re.search(r'name="id"', text)
    assert text.count("bulk/edit/?q=r&amp;filter%5Bamount%5D%5Bge%5D=5") == 3
    assert "No filter: everything you see" in page(head, f"{url(process, 'move')}?all=1", headers=FRAGMENT)


def test_what_the_filter_finds_is_changed_by_a_worker(process: Process, head: User, records: list[int]) -> None:
    answer = asked(head, process, "move", "?filter[amount][ge]=5", stage=stage_id(process, "in_work"), quiet="on")
    assert next(template.name for template in answer.templates) == "bulk/_job_dialog.html"
    assert "0 of 55" in re.sub(r"\s+", " ", answer.content.decode())
    assert not Event.objects.filter(kind="record.moved").exists()
    job = worked()
    assert (job.state, job.total, job.changed, job.quiet) == ("done", 55, 55, True)
    assert BulkSelection.objects.get().ids == records[5:]
    stages = [row.stage.key for _pk, row in sorted(rows(process).items())]
    assert stages == ["received"] * 5 + ["in_work"] * 55
    assert all(event.data["quiet"] for event in Event.objects.filter(kind="record.moved"))


def test_field_is_chosen_and_a_wrong_value_begins_nothing(process: Process, head: User, records: list[int]) -> None:
    answer = asked(head, process, "edit", "?filter[amount][lt]=2", field="amount", value="much")
    assert answer.status_code == 422
    assert not BulkJob.objects.exists()
    asked(head, process, "edit", "?filter[amount][lt]=2", field="source", value="site")
    job = worked()
    assert (job.kind, job.change, job.changed) == ("update", {"values": {"source": "site"}}, 2)
    assert "Source: Site" in page(head, f"/p/{process.key}/bulk/{job.pk}/")


def test_wrong_part_of_a_filter_is_not_left_out(process: Process, head: User, records: list[int]) -> None:
    """The list shows everything then; a change of everything is not what was meant."""
    for query in ("?filter[amount][ge]=many", "?filter[nothing]=1"):
        assert asked(head, process, "delete", query).status_code == 422
        assert signed_in(head).get(f"{url(process, 'delete')}{query}&all=1", headers=FRAGMENT).status_code == 422
    assert not BulkJob.objects.exists()


def test_page_tells_progress_then_what_was_refused(process: Process, head: User, records: list[int]) -> None:
    set_gate(_stage(process, "completed"), GateDraft(fields=["comment"]), actor=SYSTEM)
    asked(head, process, "move", stage=stage_id(process, "completed"))
    job = BulkJob.objects.get()
    path = f"/p/{process.key}/bulk/{job.pk}/"
    running = page(head, path)
    assert "Move to “Completed”" in running
    assert f'hx-get="{path}progress/?page=1&amp;back=' in running
    assert f"{path}stop/" in running
    assert "At work" in page(head, f"/p/{process.key}/bulk/")
    worked()
    done = page(head, path)
    assert "hx-trigger" not in done
    assert '<dd class="num">60</dd>' in done
    assert [f">R{n:02}<" in done for n in (0, 49, 50)] == [True, True, False]
    after = re.search(r"\?after=(\d+)", done)
    assert after is not None
    assert after[1] == str(records[49])
    assert ">R50<" in page(head, f"{path}?after={after[1]}")
    assert "undo/" not in done
    part = page(head, f"{path}progress/?back=/p/x/", headers=FRAGMENT)
    assert 'href="/p/x/"' in part
    assert "See which" in part
    assert "//evil" not in page(head, f"{path}progress/?back=//evil", headers=FRAGMENT)


def test_it_is_taken_back_on_its_page_and_in_its_dialog(process: Process, head: User, records: list[int]) -> None:
    asked(head, process, "delete")
    job = worked()
    path = f"/p/{process.key}/bulk/{job.pk}/"
    assert "Can be undone until" not in page(head, path)
    assert signed_in(head).post(f"{path}undo/").status_code == 403
    grants = {**HEAD, Operation.RESTORE: Scope.ALL}
    set_grants(process, {make_role("Keepers", people=(head,)).pk: grants}, actor=SYSTEM)
    assert "Can be undone until" in page(head, path)
    answer = signed_in(head).post(f"{path}undo/")
    undo = BulkJob.objects.get(undoes=job)
    assert answer.headers["Location"] == f"/p/{process.key}/bulk/{undo.pk}/"
    worked()
    assert all(row.deleted_at is None for row in rows(process).values())
    assert "It was taken back" in page(head, path)
    assert "Undo: Delete" in page(head, f"/p/{process.key}/bulk/")
    assert signed_in(head).post(f"{path}undo/").status_code == 409
    asked(head, process, "delete")
    again = worked()
    BulkJob.objects.filter(pk=again.pk).update(finished_at=Now() - timedelta(days=2))
    assert "Can be undone until" not in page(head, f"/p/{process.key}/bulk/{again.pk}/")
    dialog = signed_in(head).post(f"/p/{process.key}/bulk/{again.pk}/undo/", headers=FRAGMENT)
    assert dialog.status_code == 409


def test_it_is_stopped(process: Process, head: User, records: list[int]) -> None:
    asked(head, process, "delete")
    path = f"/p/{process.key}/bulk/{BulkJob.objects.get().pk}/"
    part = signed_in(head).post(f"{path}stop/?page=1", headers=FRAGMENT)
    assert "Stopped after 0 of 60" in re.sub(r"\s+", " ", part.content.decode())
    assert BulkJob.objects.get().state == "stopped"
    assert signed_in(head).post(f"{path}stop/").status_code == 409
    assert all(row.deleted_at is None for row in rows(process).values())


def test_only_the_asker_and_administrators_see_it(process: Process, head: User, records: list[int]) -> None:
    other = make_user("Olga")
    roles = {make_role("Other", people=(other,)).pk: HEAD, make_role("Head again", people=(head,)).pk: HEAD}
    set_grants(process, roles, actor=SYSTEM)
    asked(head, process, "delete")
    job = BulkJob.objects.get()
    admin = make_admin()
    assert "Hanna" in page(admin, f"/p/{process.key}/bulk/")
    assert "No bulk changes" in page(other, f"/p/{process.key}/bulk/")
    for part, method in (("", "get"), ("progress/", "get"), ("stop/", "post"), ("undo/", "post")):
        path = f"/p/{process.key}/bulk/{job.pk}/{part}"
        assert getattr(signed_in(other), method)(path).status_code == 404
    signed_in(admin).post(f"/p/{process.key}/bulk/{job.pk}/stop/")
    assert BulkJob.objects.get().state == "stopped"


def test_list_of_bulk_changes_takes_as_many_queries_for_three_as_for_one(
    process: Process, head: User, records: list[int]
) -> None:
    client = signed_in(head)
    people = [make_user(f"Person {number}") for number in range(3)]

    def assign(person: User) -> None:
        change = RecordChange(values={"assignee": person.pk})
        begin_bulk(process, change, narrowing=NOTHING, actor=actor_of(head))

    assign(people[0])
    client.get(f"/p/{process.key}/bulk/")
    counted = []
    for _number in range(2):
        with CaptureQueriesContext(connection) as captured:
            listed = client.get(f"/p/{process.key}/bulk/").content.decode()
        counted.append(len(captured))
        for person in people[1:]:
            assign(person)
    assert counted[0] == counted[1]
    assert all(f"Assign to {person.name}" in listed for person in people)
