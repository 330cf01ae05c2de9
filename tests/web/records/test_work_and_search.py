"""What waits for one person, and what they can find."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from records.models import Task
from records.operations import create_task, delete_record, move_record
from tests.factories import actor_of, make_process
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


def task(process: Process, record: int, title: str, person: User, hours: float | None = None) -> Task:
    due = None if hours is None else timezone.now() + timedelta(hours=hours)
    return create_task(process, record, title=title, assignee_id=person.pk, due_at=due, actor=SYSTEM)


def test_work_sorts_tasks_by_urgency(process: Process, employee: User, visit: Any, create: Create) -> None:
    record = create("Paper")
    task(process, record, "Some day", employee)
    task(process, record, "Next week", employee, 24 * 7)
    task(process, record, "Yesterday", employee, -24)
    work = visit(employee).get("/work/").context["work"]
    assert [[task.title for task in group] for group in (work.overdue, work.later, work.undated)] == [
        ["Yesterday"],
        ["Next week"],
        ["Some day"],
    ]


def test_work_shows_open_records_one_is_responsible_for(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Foreign")
    create("Own", actor=actor_of(employee))
    closed = create("Closed", actor=actor_of(employee))
    move_record(process, closed, to="rejected", actor=SYSTEM)
    deleted = create("Deleted", actor=actor_of(employee))
    delete_record(process, deleted, actor=SYSTEM)
    assert [record.title for record in visit(employee).get("/work/").context["work"].records] == ["Own"]


def test_work_hides_tasks_on_records_one_may_not_see(
    process: Process, stranger: User, visit: Any, create: Create
) -> None:
    task(process, create("Secret paper"), "Secret call", stranger)
    page = text_of(visit(stranger).get("/work/"))
    assert "Secret" not in page


def test_task_done_from_work_leaves_the_list(process: Process, employee: User, visit: Any, create: Create) -> None:
    record = create("Paper")
    made = task(process, record, "Call", employee)
    part = visit(employee).post(f"/p/requests/records/{record}/tasks/{made.pk}/?from=work", {"done": "1"}, part=True)
    assert "Call" not in text_of(part)
    assert Task.objects.get().is_done


def test_work_of_somebody_without_processes_is_an_empty_page(stranger: User, visit: Any) -> None:
    page = text_of(visit(stranger).get("/work/"))
    assert "You do not see any process yet." in page


def test_home_leads_to_work_that_waits_else_to_the_board(
    process: Process, employee: User, stranger: User, visit: Any, create: Create
) -> None:
    assert visit(employee).get("/").url == "/p/requests/"
    task(process, create("Paper"), "Call", employee)
    assert visit(employee).get("/").url == "/work/"
    assert visit(stranger).get("/").url == "/work/"


@pytest.mark.parametrize("asked", ["черная бум", "БУМАГА", "заря", "№5"])
def test_search_finds_by_beginnings_of_words(
    asked: str, process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Чёрная бумага №5 — ПАО «Заря»")
    create("Printer")
    hits = visit(employee).get("/search/", q=asked).context["hits"]
    assert [hit.title for hit in hits] == ["Чёрная бумага №5 — ПАО «Заря»"]


def test_address_and_phone_find_the_record_in_search_palette_list_and_board(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    for key, kind in (("mail", "email"), ("phone", "phone")):
        add_field(process, FieldDraft(key, kind, key=key, is_searchable=True), actor=SYSTEM)
    record = create("Paper", mail="anna.petrova@example.com", phone="+7 495 123-45-67")
    create("Ink", mail="info@elsewhere.net")
    visitor = visit(employee)
    for asked in ("anna.petrova@example.com", "example.com", "8 (495) 123-45-67"):
        assert [hit.id for hit in visitor.get("/search/", q=asked).context["hits"]] == [record]
        palette = visitor.get("/search/", q=asked, script=True).json()["records"]
        assert [found["text"] for found in palette] == ["Paper"]
        assert [line.row.pk for line in visitor.get("/p/requests/list/", q=asked).context["lines"]] == [record]
        assert visitor.get(f"/p/requests/records/{record}/row/", q=asked).status_code == 200
        board = text_of(visitor.get("/p/requests/", q=asked))
        assert ("Paper" in board, "Ink" in board) == (True, False)


def test_search_finds_by_number(process: Process, employee: User, visit: Any, create: Create) -> None:
    record = create("Paper")
    assert [hit.id for hit in visit(employee).get("/search/", q=f"#{record}").context["hits"]] == [record]


@pytest.mark.parametrize("asked", ["", "   ", "'", "a' | 'b", "!!! & | :*", "\\", "«»", "x" * 5000])
def test_search_takes_any_text(asked: str, process: Process, employee: User, visit: Any) -> None:
    assert visit(employee).get("/search/", q=asked).status_code == 200


def test_search_never_shows_foreign_records(process: Process, stranger: User, visit: Any, create: Create) -> None:
    create("Secret paper")
    assert "Secret paper" not in text_of(visit(stranger).get("/search/", q="secret"))
    assert visit(stranger).get("/search/", q="secret", script=True).json()["records"] == []


def test_palette_offers_records_and_the_processes_one_sees(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    make_process(name="Hidden")
    record = create("Paper")
    answer = visit(employee).get("/search/", q="pap", script=True).json()
    assert [entry["url"] for entry in answer["records"]] == [f"/p/requests/records/{record}/"]
    names = [entry["text"] for entry in answer["places"]]
    assert "Requests" in names
    assert "Hidden" not in names
