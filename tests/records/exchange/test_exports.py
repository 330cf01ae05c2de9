"""Exports: what the list gives as a file, under the rights that hold then and now."""

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.utils import timezone, translation

from accounts.models import Role, User
from accounts.operations import assign_role
from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from events.models import Event
from processes.drafts import FieldDraft
from processes.models import Operation, Process, Scope
from processes.operations import add_field, remove_field, set_grants
from processes.permissions import access_for
from records.exchange import exporting
from records.exchange.cells import guarded, unguarded
from records.exchange.exporting import turns
from records.exchange.parts import packed_rows, unpacked_rows
from records.files import open_content
from records.models import ExportJob, ExportPart
from records.operations import create_record, update_record
from records.operations.exports import begin_export, cancel_export, forget_exports
from records.queries.exports import exported_file, exports_of
from records.queries.filters import condition_from
from records.queries.narrowing import Narrowing
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user
from tests.records.exchange.conftest import importer

EXPORTER = {**EMPLOYEE, Operation.EXPORT: Scope.ALL}


@pytest.fixture
def olga(process: Process) -> User:
    return importer(process, "Olga", EXPORTER)


@pytest.fixture
def exporter(olga: User) -> Actor:
    return actor_of(olga)


@pytest.fixture
def many(settings: Any) -> None:
    """Exports wait for a worker and take several chunks."""
    settings.EXPORT_ROWS_AT_ONCE, settings.EXPORT_CHUNK_ROWS = 0, 10


def fill(process: Process, count: int, **values: Any) -> list[int]:
    return [create_record(process.pk, values={"title": f"T{n}", **values}, actor=SYSTEM).pk for n in range(count)]


def text_of(job: ExportJob) -> str:
    with open_content(job.path) as file:
        return file.read().decode("utf-8-sig")


def lines_of(job: ExportJob) -> list[list[str]]:
    delimiter = ";" if job.user.language == "ru" else ","
    return list(csv.reader(io.StringIO(text_of(job), newline=""), delimiter=delimiter))


def sheet_of(job: ExportJob) -> list[tuple[Any, ...]]:
    with open_content(job.path) as file:
        return list(openpyxl.load_workbook(io.BytesIO(file.read())).active.iter_rows())  # type: ignore[union-attr]


def test_few_records_are_a_file_at_once(process: Process, exporter: Actor) -> None:
    fill(process, 3)
    job = begin_export(process, file_format="csv", columns=["title", "stage"], sort="title", actor=exporter)
    assert (job.state, job.position, job.total) == ("done", 3, 3)
    assert lines_of(job) == [["Title", "Stage"], ["T0", "Received"], ["T1", "Received"], ["T2", "Received"]]
    assert list(Event.objects.order_by("pk").filter(kind__startswith="export.").values_list("kind", flat=True)) == [
        "export.requested",
        "export.finished",
    ]


def test_file_holds_what_filter_search_and_order_give(process: Process, exporter: Actor) -> None:
    for title, amount in (("Paper A", 5), ("Paper B", 50), ("Pens", 70), ("Paper C", 90)):
        create_record(process.pk, values={"title": title, "amount": amount}, actor=SYSTEM)
    condition = condition_from(access_for(exporter, process), {"field": "amount", "op": "ge", "value": 50})
    job = begin_export(
        process,
        file_format="csv",
        columns=["amount", "title"],
        narrowing=Narrowing(condition, "paper"),
        sort="-amount",
        actor=exporter,
    )
    assert lines_of(job)[1:] == [["90", "Paper C"], ["50", "Paper B"]]


def test_all_that_one_may_read_is_there_unless_columns_are_chosen(process: Process, exporter: Actor) -> None:
    fill(process, 1, amount=1234.5)
    job = begin_export(process, file_format="csv", actor=exporter)
    header, row = lines_of(job)
    assert header[:3] == ["Number", "Title", "Pipeline"]
    assert dict(zip(header, row, strict=True))["Amount"] == "1234.5"


def test_russian_files_have_semicolons_and_commas_in_numbers(process: Process, olga: User, exporter: Actor) -> None:
    fill(process, 1, amount=1234.5)
    User.objects.filter(pk=olga.pk).update(language="ru")
    job = begin_export(process, file_format="csv", columns=["title", "amount"], actor=exporter)
    assert text_of(job).splitlines()[1] == "T0;1234,5"


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_worker_reads_chunk_by_chunk_and_every_record_once(process: Process, exporter: Actor, file_format: str) -> None:
    ids = fill(process, 35)
    job = begin_export(process, file_format=file_format, columns=["id"], sort="title", actor=exporter)
    assert (job.state, job.position) == ("reading", 0)
    assert turns.work() is False
    job.refresh_from_db()
    assert (job.state, job.position, ExportPart.objects.count()) == ("done", 35, 0)
    cells = lines_of(job) if file_format == "csv" else [[cell.value for cell in row] for row in sheet_of(job)]
    assert sorted(int(row[0]) for row in cells[1:]) == ids


@pytest.mark.usefixtures("many")
def test_progress_of_writing_is_told_part_by_part(process: Process, exporter: Actor) -> None:
    fill(process, 25)
    job = begin_export(process, file_format="csv", columns=["id"], actor=exporter)
    held = turns.claim()
    assert held is not None
    while not exporting._read_chunk(held):
        pass
    rows, told = exporting._rows(held), []
    for _row in rows:
        job.refresh_from_db()
        told.append(job.written)
    assert told == [0] * 10 + [10] * 10 + [20] * 5
    exporting._write_file(held)
    job.refresh_from_db()
    assert (job.state, job.written) == ("done", 25)


@pytest.mark.usefixtures("many")
def test_lost_worker_is_taken_over_where_it_stopped(process: Process, exporter: Actor) -> None:
    fill(process, 25)
    job = begin_export(process, file_format="csv", columns=["title"], sort="id", actor=exporter)
    lost = turns.claim()
    assert lost is not None
    exporting._read_chunk(lost)
    ExportJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    turns.work()
    job.refresh_from_db()
    assert (job.state, job.crashes) == ("done", 0)
    assert [row[0] for row in lines_of(job)[1:]] == [f"T{n}" for n in range(25)]
    exporting._work_on(lost, lambda: True)
    job.refresh_from_db()
    assert (job.state, job.position) == ("done", 25)


@pytest.mark.usefixtures("many")
def test_place_that_kills_every_worker_ends_the_export(process: Process, exporter: Actor) -> None:
    fill(process, 3)
    job = begin_export(process, file_format="csv", actor=exporter)
    for _ in range(4):
        ExportJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        turns.claim()
    ExportJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    turns.work()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "broke off" in job.error


@pytest.mark.usefixtures("many")
def test_stopped_export_leaves_nothing(process: Process, exporter: Actor) -> None:
    fill(process, 25)
    job = begin_export(process, file_format="csv", actor=exporter)
    held = turns.claim()
    assert held is not None
    exporting._read_chunk(held)
    cancel_export(job, actor=exporter)
    exporting._work_on(held, lambda: True)
    job.refresh_from_db()
    assert (job.state, ExportPart.objects.count(), job.path) == ("cancelled", 0, "")
    with pytest.raises(Conflict):
        cancel_export(job, actor=exporter)


def test_right_to_export_is_needed_and_only_what_one_sees_goes_out(process: Process) -> None:
    fill(process, 2)
    nobody = importer(process, "Nora", {k: v for k, v in EMPLOYEE.items() if k != Operation.EXPORT})
    with pytest.raises(NotAllowed):
        begin_export(process, file_format="csv", actor=actor_of(nobody))
    own = importer(process, "Oleg", {**EXPORTER, Operation.VIEW: Scope.OWN})
    create_record(process.pk, values={"title": "Mine", "assignee": own.pk}, actor=SYSTEM)
    job = begin_export(process, file_format="csv", columns=["title"], actor=actor_of(own))
    assert lines_of(job) == [["Title"], ["Mine"]]
    with pytest.raises(NotFound):
        begin_export(make_process(key="secret"), file_format="csv", actor=actor_of(own))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("change", [{Operation.EXPORT: 0}, {Operation.VIEW: Scope.OWN}])
def test_rights_that_change_meanwhile_end_the_export(
    process: Process, olga: User, exporter: Actor, change: dict[Any, int]
) -> None:
    fill(process, 25)
    job = begin_export(process, file_format="csv", actor=exporter)
    held = turns.claim()
    assert held is not None
    exporting._read_chunk(held)
    role = Role.objects.latest("pk").pk
    set_grants(process, {role: {**EXPORTER, **change}}, actor=SYSTEM)
    exporting._work_on(held, lambda: True)
    job.refresh_from_db()
    assert (job.state, ExportPart.objects.count(), job.path) == ("failed", 0, "")


def test_file_is_only_for_its_person_while_their_rights_last(process: Process, olga: User, exporter: Actor) -> None:
    fill(process, 2)
    job = begin_export(process, file_format="csv", actor=exporter)
    assert exported_file(access_for(exporter, process), job.pk).path
    role = Role.objects.latest("pk").pk
    set_grants(process, {role: {**EXPORTER, Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        exported_file(access_for(actor_of(olga), process), job.pk)
    set_grants(process, {role: EXPORTER}, actor=SYSTEM)
    other = make_user("Other")
    assign_role(Role.objects.get(pk=role), to=other, actor=SYSTEM)
    with pytest.raises(NotFound):
        exported_file(access_for(actor_of(other), process), job.pk)
    assert exported_file(access_for(actor_of(olga), process), job.pk).pk == job.pk


@pytest.mark.usefixtures("many")
def test_field_that_goes_meanwhile_ends_the_export_with_words(process: Process, exporter: Actor) -> None:
    fill(process, 3)
    job = begin_export(process, file_format="csv", actor=exporter)
    remove_field(process.fields.get(key="amount"), actor=SYSTEM)
    turns.work()
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "There is no field “amount”.")


def test_wrong_requests_are_refused_with_the_place(process: Process, exporter: Actor) -> None:
    for wrong, place in (
        ({"file_format": "pdf"}, "format"),
        ({"columns": ["nope"]}, "columns"),
        ({"sort": "nope"}, "sort"),
        ({"narrowing": Narrowing(None, "\x00")}, "search"),
    ):
        with pytest.raises(Invalid) as refused:
            begin_export(process, **{"file_format": "csv", "actor": exporter, **wrong})  # type: ignore[arg-type]
        assert place in refused.value.fields


def test_nobody_has_more_than_a_few_exports_at_work(process: Process, exporter: Actor, many: None) -> None:
    fill(process, 1)
    for _ in range(5):
        begin_export(process, file_format="csv", actor=exporter)
    with pytest.raises(Conflict):
        begin_export(process, file_format="csv", actor=exporter)


def test_old_exports_go_with_their_files(process: Process, exporter: Actor) -> None:
    fill(process, 1)
    old, new = (begin_export(process, file_format="csv", actor=exporter) for _ in range(2))
    ExportJob.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert exports_of(access_for(exporter, process)) == [new]
    assert forget_exports() == 1
    assert list(ExportJob.objects.all()) == [new]
    with pytest.raises(FileNotFoundError):
        open_content(old.path)
    assert text_of(new)


def test_workbook_has_real_numbers_days_and_amounts(process: Process, exporter: Actor) -> None:
    money = {"currency": "RUB", "others": ["EUR"]}
    for draft in (FieldDraft("Due", "date", key="due"), FieldDraft("Price", "money", key="price", settings=money)):
        add_field(process, draft, actor=SYSTEM)
    values = {"amount": 0.5, "due": "2026-11-24", "price": {"amount": -12.5, "currency": "EUR"}}
    create_record(process.pk, values={"title": "=1+1", **values}, actor=SYSTEM)
    job = begin_export(process, file_format="xlsx", columns=["title", "amount", "due", "price"], actor=exporter)
    header, row = sheet_of(job)
    assert [cell.value for cell in header] == ["Title", "Amount", "Due", "Price"]
    title, amount, due, price = row
    assert (title.value, title.data_type) == ("=1+1", "s")
    assert (amount.value, amount.data_type) == (0.5, "n")
    assert (due.value.isoformat(), due.is_date) == ("2026-11-24T00:00:00", True)
    assert (price.value, price.number_format) == (-12.5, "#,##0.00 [$EUR]")


def test_no_cell_of_a_csv_file_is_active(process: Process, exporter: Actor) -> None:
    hostile = ["=1+1", "+7 495 000", "-2+3", "@SUM(A1)", "'=x", "-5", "＝1", "=cmd|' /C calc'!A0"]
    for title in hostile:
        create_record(process.pk, values={"title": title}, actor=SYSTEM)
    job = begin_export(process, file_format="csv", columns=["title"], sort="id", actor=exporter)
    cells = [row[0] for row in lines_of(job)[1:]]
    assert [unguarded(cell) for cell in cells] == hostile
    active = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]
    assert active == ["-5"]


@pytest.mark.parametrize("text", ["a", "'a", "''=", "'-5", "-5", "-5 EUR", "=", "\t=", "-1,5", "-1.5.2", ""])
def test_guarded_cells_come_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_parts_give_back_what_they_took() -> None:
    rows: list[list[Any]] = [["a\nb", None, 5, 2**40], ["\u2028", "", 0, 1]]
    assert list(unpacked_rows(packed_rows(rows))) == rows


def test_long_cells_of_a_workbook_are_cut_and_counted(process: Process, exporter: Actor) -> None:
    add_field(process, FieldDraft("Text", "long_text", key="text"), actor=SYSTEM)
    create_record(process.pk, values={"title": "A", "text": "😀" * 20_000}, actor=SYSTEM)
    create_record(process.pk, values={"title": "B", "text": "x" * 32_767}, actor=SYSTEM)
    job = begin_export(process, file_format="xlsx", columns=["text"], sort="id", actor=exporter)
    assert job.cut == 1
    long, whole = (row[0].value for row in sheet_of(job)[1:])
    assert long.endswith("😀 […]")
    assert len(long.encode("utf-16-le")) // 2 <= 32_767
    assert whole == "x" * 32_767
    as_csv = begin_export(process, file_format="csv", columns=["text"], sort="id", actor=exporter)
    assert (as_csv.cut, lines_of(as_csv)[1][0]) == (0, "😀" * 20_000)


def test_namesakes_are_told_apart_by_address_and_number(process: Process, exporter: Actor) -> None:
    other = make_process(key="others")
    set_grants(other, {make_role(people=(User.objects.get(pk=exporter.user_id),)).pk: EXPORTER}, actor=SYSTEM)
    one, two, three = (
        create_record(other.pk, values={"title": title}, actor=SYSTEM).pk for title in ("Same", "same", "Alone")
    )
    for draft in (
        FieldDraft("Who", "person", key="who"),
        FieldDraft("Link", "link", key="link", settings={"process": other.pk}),
    ):
        add_field(process, draft, actor=SYSTEM)
    anna, second = make_user("Anna Ivanova"), make_user("anna ivanova")
    create_record(process.pk, values={"title": "A", "who": anna.pk, "link": one}, actor=SYSTEM)
    create_record(process.pk, values={"title": "B", "who": second.pk, "link": three}, actor=SYSTEM)
    actor = actor_of(User.objects.get(pk=exporter.user_id))
    job = begin_export(process, file_format="csv", columns=["who", "link"], sort="id", actor=actor)
    assert lines_of(job)[1:] == [[anna.email, f"#{one}"], [second.email, "Alone"]]
    assert two not in (one, three)


def test_labels_that_mean_two_columns_give_way_to_keys(process: Process, exporter: Actor) -> None:
    for key in ("first", "second"):
        add_field(process, FieldDraft("Same", "text", key=key), actor=SYSTEM)
    add_field(process, FieldDraft("Title", "text", key="another"), actor=SYSTEM)
    job = begin_export(process, file_format="csv", columns=["title", "first", "second", "another"], actor=exporter)
    assert lines_of(job)[0] == ["title", "first", "second", "another"]


def test_changes_while_it_runs_do_not_repeat_records(process: Process, exporter: Actor, many: None) -> None:
    ids = fill(process, 25)
    job = begin_export(process, file_format="csv", columns=["id"], actor=exporter)
    held = turns.claim()
    assert held is not None
    exporting._read_chunk(held)
    fill(process, 5)
    update_record(process.pk, ids[0], values={"title": "changed"}, actor=SYSTEM)
    with translation.override("en"):
        exporting._work_on(held, lambda: True)
    job.refresh_from_db()
    assert [int(row[0]) for row in lines_of(job)[1:]] == ids[::-1]
