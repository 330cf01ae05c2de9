"""A record as a page and as a panel: reading, editing in place, activity, bin."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from automation.models import Run, State
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Comment, Record, Task
from records.operations import create_task, delete_record, move_record, update_record
from tests.factories import actor_of, make_admin, make_process, make_role
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(employee: User, create: Create) -> int:
    return create("Printer", amount="1234.5", source="site", actor=actor_of(employee))


def url(record: int, rest: str = "") -> str:
    return f"/p/requests/records/{record}/{rest}"


def test_page_and_panel_show_the_same_record(record: int, employee: User, visit: Any) -> None:
    page, panel = visit(employee).get(url(record)), visit(employee).get(url(record), part=True)
    assert "<html" in text_of(page)
    assert "<html" not in text_of(panel)
    for response in (page, panel):
        assert "1,234.50" in text_of(response)
        assert f'id="record-{record}"' in text_of(response)


@pytest.mark.parametrize("rest", ["", "tile/", "row/", "activity/", "fields/amount/"])
def test_record_does_not_exist_for_a_stranger(rest: str, record: int, stranger: User, visit: Any) -> None:
    assert visit(stranger).get(url(record, rest)).status_code == 404


def test_record_is_not_shown_under_another_process(record: int, employee: User, visit: Any) -> None:
    other = make_process(name="Other", key="other")
    grants = {"view": 5, "update": 5}
    set_grants(other, {make_role(people=(employee,)).pk: grants}, actor=SYSTEM)
    assert visit(employee).get(f"/p/other/records/{record}/").status_code == 404


def test_stage_bar_says_where_one_may_go_and_why_not(record: int, employee: User, visit: Any) -> None:
    steps = visit(employee).get(url(record)).context["card"].steps
    assert [(step.stage.key, step.state, step.allowed) for step in steps] == [
        ("received", "current", False),
        ("in_work", "next", True),
        ("completed", "next", False),
        ("rejected", "next", True),
    ]
    assert steps[2].reason == "A record cannot go from “Received” to “Completed”."


def test_stage_bar_of_a_closed_record_shows_the_way_as_done(
    process: Process, record: int, employee: User, visit: Any
) -> None:
    move_record(process, record, to="rejected", actor=SYSTEM)
    steps = visit(employee).get(url(record)).context["card"].steps
    assert [step.state for step in steps] == ["done", "done", "next", "current"]


def test_reader_is_told_why_nothing_can_be_changed(record: int, reader: User, visit: Any) -> None:
    page = text_of(visit(reader).get(url(record)))
    assert "You have no right to change this record." in page
    assert "You have no right to move this record." in page
    assert "data-edits" not in page
    assert "data-composer" not in page


def test_editor_of_a_value_comes_filled(record: int, employee: User, visit: Any) -> None:
    part = text_of(visit(employee).get(url(record, "fields/amount/"), script=True))
    assert 'name="value"' in part
    assert 'name="was" value="1234.5"' in part


def test_a_deactivated_assignee_stays_unless_somebody_chooses_another(record: int, employee: User, visit: Any) -> None:
    User.objects.filter(pk=employee.pk).update(is_active=False)
    client = visit(make_admin())
    part = text_of(client.get(url(record, "fields/assignee/"), script=True))
    assert f'<option value="{employee.pk}" selected>' in part
    answer = client.post(url(record, "fields/assignee/"), {"value": employee.pk, "was": employee.pk}, script=True)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert Record.objects.get(pk=record).assignee == employee


def test_value_is_saved_and_comes_back_as_it_is_shown(record: int, employee: User, visit: Any) -> None:
    answer = visit(employee).post(url(record, "fields/amount/"), {"value": "2 000,25", "was": "1234.5"}, script=True)
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["text"], answer.json()["json"]) == (2, "2,000.25", 2000.25)


def test_wrong_value_is_refused_with_its_reason(record: int, employee: User, visit: Any) -> None:
    answer = visit(employee).post(url(record, "fields/amount/"), {"value": "much", "was": "1234.5"}, script=True)
    assert (answer.status_code, answer.json()["details"]["fields"]) == (422, {"amount": ["A number is expected."]})


def test_value_that_somebody_changed_meanwhile_is_not_overwritten(
    process: Process, record: int, employee: User, visit: Any
) -> None:
    update_record(process, record, values={"amount": 7}, actor=SYSTEM)
    answer = visit(employee).post(url(record, "fields/amount/"), {"value": "8", "was": "1234.5"}, script=True)
    assert answer.status_code == 409
    assert answer.json()["details"] == {"theirs": "7", "json": 7, "who": "SmartCRM"}


def test_change_of_another_value_meanwhile_does_not_matter(
    process: Process, record: int, employee: User, visit: Any
) -> None:
    update_record(process, record, values={"source": "phone"}, actor=SYSTEM)
    answer = visit(employee).post(url(record, "fields/amount/"), {"value": "8", "was": "1234.5"}, script=True)
    assert (answer.status_code, answer.json()["version"]) == (200, 3)


def test_title_and_assignee_are_edited_the_same_way(record: int, employee: User, reader: User, visit: Any) -> None:
    visitor = visit(employee)
    assert visitor.post(url(record, "fields/title/"), {"value": "Scanner", "was": '"Printer"'}).status_code == 200
    assert visitor.send(url(record, "fields/assignee/"), {"value": str(reader.pk)}).status_code == 200
    entry = Record.objects.get(pk=record)
    assert (entry.title, entry.assignee_id) == ("Scanner", reader.pk)


@pytest.mark.parametrize("field", ["amount", "title", "assignee"])
def test_reader_cannot_change_a_value(field: str, record: int, reader: User, visit: Any) -> None:
    assert visit(reader).get(url(record, f"fields/{field}/")).status_code == 403
    answer = visit(reader).send(url(record, f"fields/{field}/"), {"value": "5"})
    assert answer.status_code == 403
    assert Record.objects.get(pk=record).title == "Printer"


def test_absent_field_does_not_exist(record: int, employee: User, visit: Any) -> None:
    assert visit(employee).get(url(record, "fields/salary/")).status_code == 404


def test_comment_appears_in_the_timeline(record: int, employee: User, visit: Any) -> None:
    response = visit(employee).post(url(record, "comments/"), {"text": "See <b>this</b>"}, part=True)
    assert "See &lt;b&gt;this&lt;/b&gt;" in text_of(response)
    assert json.loads(response.headers["HX-Trigger"])["record:changed"]["record"] == record


def test_empty_comment_comes_back_with_the_reason(record: int, employee: User, visit: Any) -> None:
    response = visit(employee).post(url(record, "comments/"), {"text": " "}, part=True)
    assert response.status_code == 422
    assert "Write something." in text_of(response)
    assert not Comment.objects.exists()


def test_task_is_made_done_and_opened_again(record: int, employee: User, visit: Any) -> None:
    visitor = visit(employee)
    due = {"title": "Call", "assignee": employee.pk, "due_at": "2030-01-31T10:00"}
    assert visitor.post(url(record, "tasks/"), due, part=True).status_code == 200
    task = Task.objects.get()
    assert (task.assignee_id, task.due_at.isoformat()) == (employee.pk, "2030-01-31T10:00:00+00:00")
    visitor.post(url(record, f"tasks/{task.pk}/"), {"done": "1"}, part=True)
    task.refresh_from_db()
    assert task.is_done
    visitor.post(url(record, f"tasks/{task.pk}/"), {}, part=True)
    task.refresh_from_db()
    assert not task.is_done


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"title": "Call", "due_at": "soon"}, {"title": "Call", "assignee": "x"}]
)
def test_wrong_task_comes_back_as_it_was_typed(wrong: dict[str, str], record: int, employee: User, visit: Any) -> None:
    response = visit(employee).post(url(record, "tasks/"), wrong, part=True)
    assert response.status_code == 422
    assert not Task.objects.exists()


def test_timeline_tells_changes_in_words(process: Process, record: int, employee: User, visit: Any) -> None:
    update_record(process, record, values={"amount": 7, "source": "phone", "assignee": None}, actor=SYSTEM)
    move_record(process, record, to="in_work", actor=SYSTEM)
    entries = visit(employee).get(url(record)).context["timeline"].entries
    told = {(change.label, change.before, change.after) for entry in entries for change in entry.changes}
    assert told == {
        ("Amount", "1,234.50", "7"),
        ("Source", "Site", "Phone"),
        ("Assignee", "Anna Petrova", ""),
        ("Stage", "Received", "In work"),
    }
    assert [entry.title for entry in entries] == ["Moved", "Changed", "Created"]


def test_timeline_without_the_right_to_history_tells_talk_only(
    process: Process, record: int, reader: User, visit: Any
) -> None:
    create_task(process, record, title="Call", actor=SYSTEM)
    update_record(process, record, values={"amount": 7}, actor=SYSTEM)
    entries = visit(reader).get(url(record)).context["timeline"].entries
    assert [entry.title for entry in entries] == ["Task: Call"]


def test_timeline_tells_what_robots_did(
    process: Process, record: int, employee: User, reader: User, visit: Any
) -> None:
    now = timezone.now()
    Run.objects.create(
        rule_id=1, rule_version=1, name="Tell the client", event_id=1,
        root_id=1, process_id=process.pk, record_id=record,
        visit_id=1, state=State.FAILED, error="No address", finished_at=now + timedelta(seconds=1),
    )  # fmt: skip
    newest = visit(employee).get(url(record)).context["timeline"].entries[0]
    assert (newest.title, newest.by, newest.text) == ("Tell the client", "run", "No address")
    assert all(entry.by != "run" for entry in visit(reader).get(url(record)).context["timeline"].entries)


def test_older_entries_come_page_by_page(process: Process, record: int, employee: User, visit: Any) -> None:
    for number in range(35):
        update_record(process, record, values={"amount": number}, actor=SYSTEM)
    first = visit(employee).get(url(record)).context["timeline"]
    rest = visit(employee).get(url(record, "activity/"), part=True, before=first.next).context["timeline"]
    assert (len(first.entries), len(rest.entries), rest.next) == (30, 6, None)
    assert len({entry.key for entry in (*first.entries, *rest.entries)}) == 36


def test_new_record_is_made_by_the_form(process: Process, employee: User, visit: Any) -> None:
    visitor = visit(employee)
    assert "Request date" in text_of(visitor.get("/p/requests/new/"))
    typed = {"title": "Paper", "amount": "5,5", "request_date": "2026-01-31", "assignee": employee.pk}
    response = visitor.post("/p/requests/new/", typed)
    entry = Record.objects.get()
    assert (response.status_code, response.url) == (302, f"/p/requests/records/{entry.pk}/")


def test_new_record_in_a_dialog_tells_the_page(process: Process, employee: User, visit: Any) -> None:
    response = visit(employee).post("/p/requests/new/", {"title": "Paper"}, part=True)
    said = json.loads(response.headers["HX-Trigger"])
    assert response.status_code == 204
    assert said["record:changed"]["record"] == Record.objects.get().pk


def test_wrong_form_comes_back_with_reasons_beside_the_fields(process: Process, employee: User, visit: Any) -> None:
    response = visit(employee).post("/p/requests/new/", {"title": "Paper", "amount": "much"}, part=True)
    assert response.status_code == 422
    assert "A number is expected." in text_of(response)
    assert 'value="Paper"' in text_of(response)
    assert not Record.objects.exists()


def test_reader_gets_no_form(process: Process, reader: User, visit: Any) -> None:
    assert visit(reader).get("/p/requests/new/").status_code == 403
    assert visit(reader).post("/p/requests/new/", {"title": "Paper"}).status_code == 403
    assert not Record.objects.exists()


def test_record_goes_to_the_bin_and_back(record: int, employee: User, visit: Any) -> None:
    visitor = visit(employee)
    assert visitor.post(url(record, "delete/"), script=True).status_code == 200
    assert visitor.get(url(record)).status_code == 404
    assert "Printer" in text_of(visitor.get("/p/requests/bin/"))
    assert visitor.post(url(record, "restore/"), script=True).status_code == 200
    assert visitor.get(url(record)).status_code == 200


def test_bin_is_closed_to_those_who_cannot_restore(process: Process, record: int, reader: User, visit: Any) -> None:
    delete_record(process, record, actor=SYSTEM)
    assert visit(reader).get("/p/requests/bin/").status_code == 403
    assert visit(reader).post(url(record, "restore/"), script=True).status_code in (403, 404)
    assert Record.objects.get(pk=record).deleted_at is not None


def test_card_page_costs_a_known_number_of_queries(
    process: Process, record: int, employee: User, visit: Any, django_assert_max_num_queries: Any
) -> None:
    visitor = visit(employee)
    visitor.get(url(record))
    with django_assert_max_num_queries(22):
        visitor.get(url(record))


def test_whoever_only_creates_is_told_that_it_is_made_on_a_page_that_is_open_to_them(
    process: Process, stranger: User, visit: Any
) -> None:
    set_grants(process, {make_role(people=(stranger,)).pk: {Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    visitor = visit(stranger)
    response = visitor.post("/p/requests/new/", {"title": "Paper"})
    assert response.url == "/p/requests/"
    page = visitor.get(response.url)
    assert (page.status_code, "“Paper” is created" in text_of(page)) == (200, True)
    dialog = visitor.post("/p/requests/new/", {"title": "Printer"}, part=True)
    told = json.loads(dialog.headers["HX-Trigger"])
    assert (dialog.status_code, "record:changed" in told, told["toast"]["text"]) == (204, False, "“Printer” is created")
