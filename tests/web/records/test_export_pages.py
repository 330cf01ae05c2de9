"""Exports on pages, with scripts and without: what is wanted, the work, the file; and who may have it."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.utils import timezone

from accounts.models import Role, User
from core.actor import SYSTEM
from events.relay import relay_batch
from notifications.models import Notification
from processes.drafts import FieldDraft
from processes.models import Operation, Process, Scope
from processes.operations import add_field, set_grants
from records.exchange.exporting import turns
from records.models import ExportJob
from records.operations.exports import cancel_export
from tests.factories import EMPLOYEE, actor_of, make_role, make_user
from tests.web.records.conftest import Create, Visitor, text_of

pytestmark = pytest.mark.django_db

EXPORTS, LIST = "/p/requests/exports/", "/p/requests/list/"
EXPORTER = {**EMPLOYEE, Operation.EXPORT: Scope.ALL}
CSV = {"format": "csv", "columns": "listed"}


def person_with(process: Process, name: str, grants: dict[Any, int]) -> User:
    person = make_user(name)
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def exporter(process: Process) -> User:
    return person_with(process, "Elena Exporter", EXPORTER)


@pytest.fixture
def visitor(exporter: User) -> Visitor:
    return Visitor(exporter)


@pytest.fixture
def late(settings: Any) -> None:
    """Exports wait for a worker."""
    settings.EXPORT_ROWS_AT_ONCE = 0


def words(response: Any) -> str:
    return " ".join(text_of(response).split())


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def lines_of(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content_of(response).decode("utf-8-sig"), newline="")))


def begun(visitor: Visitor, query: str = "", **changed: str) -> str:
    """The address of a fresh export."""
    address: str = visitor.post(f"{EXPORTS}?{query}", {**CSV, **changed})["Location"]
    return address


def test_file_holds_what_the_list_shows(visitor: Visitor, create: Create) -> None:
    for title, amount in (("Paper A", 5), ("Paper B", 50), ("Pens", 70), ("Paper C", 90)):
        create(title, amount=amount)
    query = "q=paper&filter[amount][ge]=50&sort=-amount&cursor=x"
    form = words(visitor.get(f"{EXPORTS}new/?{query}"))
    assert '<strong class="export-total num">2</strong> requests' in form
    for said in ("Search: paper", "Amount is at least 50", "By Amount, descending"):
        assert said in form
    address = begun(visitor, query)
    page = words(visitor.get(address))
    assert "The file is ready" in page
    assert "2 records" in page
    answer = visitor.get(f"{address}file/")
    header, *rows = lines_of(answer)
    assert header[:4] == ["Number", "Title", "Stage", "Assignee"]
    assert [row[1] for row in rows] == ["Paper C", "Paper B"]
    assert answer["Content-Disposition"].startswith('attachment; filename="requests-')
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/csv; charset=utf-8", "nosniff")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_columns_are_those_of_the_list_or_all(visitor: Visitor, process: Process, create: Create) -> None:
    add_field(process, FieldDraft("Secret note", "text", key="note", in_list=False), actor=SYSTEM)
    create("Paper", note="n")
    listed = lines_of(visitor.get(f"{begun(visitor)}file/"))[0]
    readable = lines_of(visitor.get(f"{begun(visitor, columns='readable')}file/"))[0]
    assert "Secret note" not in listed
    assert "Secret note" in readable
    assert set(listed) < set(readable)


def test_workbook_and_form_of_csv_are_chosen(visitor: Visitor, create: Create) -> None:
    create("Paper", amount=5)
    book = openpyxl.load_workbook(io.BytesIO(content_of(visitor.get(f"{begun(visitor, format='xlsx')}file/"))))
    assert [row[1].value for row in book.active.iter_rows()] == ["Title", "Paper"]  # type: ignore[union-attr]
    address = begun(visitor, delimiter="\t", encoding="utf-8")
    assert content_of(visitor.get(f"{address}file/")).startswith(b"Number\tTitle\t")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"format": "pdf"}, "Choose one of the list."),
        ({"columns": "secret"}, "Choose one of the list."),
        ({"encoding": "rot13"}, "Choose one of the list."),
    ],
)
def test_wrong_wishes_come_back_with_words(visitor: Visitor, create: Create, wrong: Any, said: str) -> None:
    create("Paper")
    for part in (False, True):
        answer = visitor.post(f"{EXPORTS}?q=paper", {**CSV, **wrong}, part=part)
        assert (answer.status_code, said in text_of(answer)) == (422, True)
        assert "Search: paper" in text_of(answer)
    assert ExportJob.objects.count() == 0


def test_comparison_that_makes_no_sense_lets_nothing_out(visitor: Visitor, create: Create) -> None:
    create("Paper")
    query = "q=paper&filter[salary][gt]=5"
    for part in (False, True):
        form = words(visitor.get(f"{EXPORTS}new/?{query}", part=part))
        answer = visitor.post(f"{EXPORTS}?{query}", CSV, part=part)
        assert answer.status_code == 422
        for shown in (form, words(answer)):
            assert "A part of the filter makes no sense." in shown
            assert "There is no field “salary”." in shown
            assert 'name="format"' not in shown
    assert ExportJob.objects.count() == 0
    assert visitor.get(f"{EXPORTS}new/?sort=salary").status_code == 422


def test_dialog_becomes_the_file_when_records_are_few(visitor: Visitor, create: Create) -> None:
    create("Paper")
    dialog = text_of(visitor.get(f"{EXPORTS}new/", part=True, q="pap"))
    assert "<html" not in dialog
    assert f'hx-post="{EXPORTS}?q=pap"' in dialog
    done = text_of(visitor.post(f"{EXPORTS}?q=pap", CSV, part=True))
    assert 'data-state="done"' in done
    assert "data-fetch" in done
    assert "hx-trigger" not in done


@pytest.mark.usefixtures("late")
def test_progress_is_asked_for_until_the_file_is_there(visitor: Visitor, create: Create) -> None:
    create("Paper")
    working = text_of(visitor.post(EXPORTS, CSV, part=True))
    job = ExportJob.objects.get()
    progress = f"{EXPORTS}{job.pk}/progress/"
    assert f'hx-get="{progress}"' in working
    assert 'value="0" max="1"' in " ".join(working.split())
    assert 'hx-trigger="every 2s"' in text_of(visitor.get(EXPORTS))
    assert "<html" not in text_of(visitor.get(EXPORTS, part=True))
    assert visitor.get(f"{EXPORTS}{job.pk}/file/").status_code == 404
    turns.work()
    done = text_of(visitor.get(progress, part=True))
    assert "data-fetch" in done
    assert 'id="export-said"' in done
    page = text_of(visitor.get(f"{EXPORTS}{job.pk}/"))
    assert "hx-trigger" not in page
    assert "data-fetch" not in page
    assert 'hx-trigger="every 2s"' not in text_of(visitor.get(EXPORTS))


@pytest.mark.usefixtures("late")
def test_export_is_stopped_in_its_dialog_and_in_the_list(visitor: Visitor, create: Create) -> None:
    create("Paper")
    first, second = begun(visitor), begun(visitor)
    stopped = visitor.post(f"{first}cancel/", part=True)
    assert "The export was stopped" in text_of(stopped)
    assert visitor.post(f"{second}cancel/")["Location"] == EXPORTS
    assert "Cancelled" in text_of(visitor.get(EXPORTS))
    assert list(ExportJob.objects.values_list("state", flat=True)) == ["cancelled"] * 2
    assert visitor.post(f"{second}cancel/", script=True).status_code == 409


@pytest.mark.usefixtures("late")
def test_list_of_exports_says_what_became_of_each(visitor: Visitor, exporter: User, create: Create) -> None:
    assert "No exports" in text_of(visitor.get(EXPORTS))
    create("Paper")
    done, failed, stopped = begun(visitor), begun(visitor), begun(visitor)
    job = ExportJob.objects.get(pk=stopped.split("/")[-2])
    cancel_export(job, actor=actor_of(exporter))
    ExportJob.objects.filter(pk=failed.split("/")[-2]).update(columns=["gone"])
    turns.work()
    page = words(visitor.get(EXPORTS))
    for state in ("Done", "Failed", "Cancelled"):
        assert state in page
    assert page.count("Download") == 2 * 1
    assert f'href="{done}file/"' in page
    assert "There is no field “gone”." in text_of(visitor.get(failed))


def test_file_that_is_not_kept_any_more_says_so(visitor: Visitor, create: Create) -> None:
    create("Paper")
    address = begun(visitor)
    ExportJob.objects.update(created_at=timezone.now() - timedelta(hours=25))
    for path in ("", "file/"):
        answer = visitor.get(address + path)
        assert (answer.status_code, "This file is not here" in text_of(answer)) == (404, True)
    assert "No exports" in text_of(visitor.get(EXPORTS))


def test_nothing_to_export_is_said_before(visitor: Visitor, create: Create) -> None:
    assert "Nothing to export" in text_of(visitor.get(f"{EXPORTS}new/"))
    create("Paper")
    form = words(visitor.get(f"{EXPORTS}new/", q="ink"))
    assert "No requests match" in form
    assert 'name="format"' not in form


def test_right_to_export_opens_the_pages_and_their_link(
    visitor: Visitor, employee: User, stranger: User, visit: Callable[[User | None], Visitor], create: Create
) -> None:
    create("Paper")
    link = f'href="{EXPORTS}new/?q=pap"'
    assert link in text_of(visitor.get(LIST, q="pap"))
    part = text_of(visitor.get(LIST, part=True, q="pap"))
    assert link in part
    assert 'id="export-open"' in part
    address = begun(visitor)
    for person, status in ((employee, 403), (stranger, 404), (None, 302)):
        other = visit(person)
        for path in (EXPORTS, f"{EXPORTS}new/", address, f"{address}progress/", f"{address}file/"):
            assert other.get(path).status_code == status
        for path in (EXPORTS, f"{address}cancel/"):
            assert other.post(path, CSV).status_code == status
    assert "export-open" not in text_of(visit(employee).get(LIST))
    assert ExportJob.objects.count() == 1


def test_export_of_somebody_else_is_absent(visitor: Visitor, process: Process, create: Create) -> None:
    create("Paper")
    address = begun(visitor)
    other = Visitor(person_with(process, "Other", EXPORTER))
    for path in ("", "progress/", "file/"):
        assert other.get(address + path).status_code == 404
    assert other.post(f"{address}cancel/").status_code == 404
    assert "No exports" in text_of(other.get(EXPORTS))


def test_file_closes_when_rights_change(visitor: Visitor, exporter: User, process: Process, create: Create) -> None:
    create("Paper")
    address = begun(visitor)
    role = Role.objects.latest("pk").pk
    set_grants(process, {role: {**EXPORTER, Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    answer = visitor.get(f"{address}file/")
    assert (answer.status_code, "Your rights have changed" in text_of(answer)) == (403, True)


@pytest.mark.usefixtures("late")
def test_person_is_told_and_led_to_the_file(visitor: Visitor, exporter: User, create: Create) -> None:
    create("Paper")
    begun(visitor)
    turns.work()
    while relay_batch().events:
        pass
    told = Notification.objects.get(user=exporter)
    assert (told.kind, told.title) == ("export", ExportJob.objects.get().name)
    assert f'value="{EXPORTS}"' in text_of(visitor.get("/notifications/"))


@pytest.mark.parametrize("count", [1, 3])
def test_pages_of_exports_cost_a_known_number_of_queries(
    visitor: Visitor, create: Create, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        create(f"Paper {number}")
        begun(visitor)
    visitor.get(EXPORTS)
    with django_assert_num_queries(7):
        visitor.get(EXPORTS)
    with django_assert_num_queries(5):
        visitor.get(f"{EXPORTS}new/", part=True)
