"""Imports: what a file's rows become, and what is said of those that become nothing."""

import csv
import io
from datetime import date
from decimal import Decimal

from django.utils import translation

from accounts.models import User
from core.actor import SYSTEM, Actor
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Process
from records.exchange.worker import work_through
from records.models import ImportJob, Record
from records.operations import create_record
from records.operations.imports import begin_import, run_import
from records.queries.imports import causes_of, columns_of, rejected_csv
from tests.factories import FIELDS, actor_of, make_process, make_user
from tests.records.exchange.conftest import Begin, checked, counts, imported, reasons, rows_in

RUSSIAN = (
    "Название;Стадия;Ответственный;Request date;Amount;Source;Responsible;Comment;Лишнее\n"
    'Принтер;In work;anna@example.test;24.11.2026;1 234,50 руб.;Site;АННА петрова;"строка\nвторая";x\n'
    "Пропуск;;;1.2.26;;phone;;;\n"
)


def state(process: Process) -> dict[str, int]:
    """Counts of everything that an import may write."""
    return {
        "records": Record.objects.filter(process=process).count(),
        "rows": len(rows_in(process)),
        "events": Event.objects.filter(process_id=process.pk).exclude(record_id=None).count(),
    }


def test_import_brings_in_what_people_write(process: Process, begin: Begin, actor: Actor) -> None:
    anna = User.objects.create_user("anna@example.test", name="Анна Петрова")
    with translation.override("ru"):
        job = begin(RUSSIAN.encode("cp1251"))
        assert job.targets == [
            *("title", "stage", "assignee", "request_date", "amount", "source", "responsible", "comment", None),
        ]
        job = imported(job, actor)
    assert counts(job) == (2, 0, 0)
    first, second = rows_in(process)
    field = definition_of(process).field_by_key
    assert (first.title, first.stage.key, first.assignee_id) == ("Принтер", "in_work", anna.pk)
    assert first.value(field["request_date"]) == date(2026, 11, 24)
    assert first.value(field["amount"]) == Decimal("1234.5")
    assert first.value(field["source"]) == "site"
    assert first.value(field["responsible"]) == anna.pk
    assert first.value(field["comment"]) == "строка\nвторая"
    assert (second.title, second.stage.key, second.assignee_id) == ("Пропуск", "received", None)
    assert second.value(field["request_date"]) == date(2026, 2, 1)


def test_rows_go_through_the_operations_with_history(process: Process, begin: Begin, actor: Actor) -> None:
    job = imported(begin("Title,Amount\nA,1\nB,2\n"), actor)
    events = list(Event.objects.filter(process_id=process.pk, kind="record.created").order_by("id"))
    assert [event.data["snapshot"]["title"] for event in events] == ["A", "B"]
    assert {(event.actor_kind, event.actor_user_id, event.data["quiet"]) for event in events} == {
        ("import", actor.user_id, True)
    }
    assert [(row.author_id, row.assignee_id) for row in rows_in(process)] == [(actor.user_id, actor.user_id)] * 2
    assert all(row.record.visits.get(left_at=None).stage_id == row.stage_id for row in rows_in(process))
    assert rows_in(process)[1].position < rows_in(process)[0].position
    assert job.state == ImportJob.State.DONE


def test_ticked_import_is_not_quiet(process: Process, begin: Begin, actor: Actor) -> None:
    imported(begin("Title\nA\n"), actor, quiet=False)
    assert "quiet" not in Event.objects.get(kind="record.created").data


def test_check_counts_everything_and_writes_nothing(process: Process, begin: Begin, actor: Actor) -> None:
    create_record(process, values={"title": "Old", "amount": 5}, actor=SYSTEM)
    job = begin("Title,Amount,Source\nOld,7,Site\nNew,8,\nBad,many,Mail\nNew,9,\n")
    before = state(process)
    job = checked(job, actor, key="title")
    assert (job.state, counts(job)) == ("checked", (1, 2, 1))
    assert state(process) == before
    assert [(row.title, row.version) for row in rows_in(process)] == [("Old", 1)]
    assert list(reasons(job)) == [
        (3, "Amount", "A number is expected."),
        (3, "Source", "“Mail” is none of the options."),
    ]
    run_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    assert counts(job) == (1, 2, 1)
    amount = definition_of(process).field_by_key["amount"]
    assert [(row.title, row.value(amount)) for row in rows_in(process)] == [("Old", 7), ("New", 9)]


def test_upsert_finds_by_a_field_and_leaves_alone_what_is_empty(process: Process, begin: Begin, actor: Actor) -> None:
    for number in (1, 2, 2):
        create_record(process, values={"title": f"T{number}", "amount": number, "comment": "kept"}, actor=SYSTEM)
    job = imported(begin("Amount,Title,Comment\n1.0,Renamed,\n2,X,\n3,Third,new\n,Fourth,\n"), actor, key="amount")
    assert counts(job) == (2, 1, 1)
    assert list(reasons(job)) == [(2, None, "Several records have “2”.")]
    comment = definition_of(process).field_by_key["comment"]
    assert [(row.title, row.value(comment)) for row in rows_in(process)] == [
        ("Renamed", "kept"),
        ("T2", "kept"),
        ("T2", "kept"),
        ("Third", "new"),
        ("Fourth", None),
    ]


def test_upsert_by_number_moves_by_the_map_and_never_invents_numbers(
    process: Process, begin: Begin, actor: Actor
) -> None:
    first, second = (create_record(process, values={"title": title}, actor=SYSTEM).pk for title in ("A", "B"))
    text = f"Id,Stage\n{first},In work\n{second},Completed\n999999,In work\n#{second},Rejected\nx,In work\n"
    job = begin(text)
    assert job.targets == [None, "stage"]
    job = checked(job, actor, targets=["id", "stage"], key="id")
    assert counts(job) == (0, 2, 3)
    run_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    assert counts(job) == (0, 2, 3)
    assert [row.stage.key for row in rows_in(process)] == ["in_work", "rejected"]
    assert [(row, header) for row, header, _words in reasons(job)] == [(2, None), (3, None), (5, "Id")]
    assert Event.objects.filter(kind="record.moved", actor_kind="import").count() == 2


def test_every_row_of_a_hostile_file_has_a_verdict(process: Process, begin: Begin, actor: Actor) -> None:
    big = "x" * 10_000_000
    lines = [
        "Title,Comment,Title,",
        "plain,ok,,",
        '"two\nlines",,,',
        "nul\x00,ok,,",
        "short",
        "long,1,2,3,4,5",
        f"big,{big},,",
        "=1+1,@formula,,",
        ",,,",
        '"open,never closed',
        "swallowed,,,",
    ]
    job = imported(begin("\ufeff" + "\n".join(lines) + "\n"), actor)
    assert job.headers == ["Title", "Comment", "Title (2)", "Column 4"]
    assert (job.total, counts(job)) == (8, (2, 0, 6))
    assert [row.title for row in rows_in(process)] == ["plain", "=1+1"]
    assert [words for _row, _header, words in reasons(job)] == [
        "Control characters are not allowed.",
        "Control characters are not allowed.",
        "This row has 1 cell, the header has 4.",
        "This row has 6 cells, the header has 4.",
        "At most 50000 characters.",
        "A quotation mark is opened and never closed.",
    ]


def test_undecodable_cells_are_rejected_and_their_neighbours_come_in(
    process: Process, begin: Begin, actor: Actor
) -> None:
    content = "Title\nхорошая строка и ещё слова\n".encode() * 1 + b"bad \xff\n" + ("вторая строка\n" * 30).encode()
    job = imported(begin(content), actor)
    assert counts(job) == (31, 0, 1)
    assert list(reasons(job)) == [(2, "Title", "This cell holds bytes that cannot be read in this encoding.")]


def test_rejected_rows_come_back_as_an_inert_file_that_can_be_given_again(
    process: Process, begin: Begin, actor: Actor
) -> None:
    job = imported(begin('Title,Amount,Note\n=cmd,many,"-5+1"\nGood,1,\n+7,x,\t@\nshort\n'), actor)
    text = "".join(rejected_csv(job))
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert lines[0] == ["Title", "Amount", "Note", "Reason"]
    assert [line[0] for line in lines[1:]] == ["'=cmd", "'+7", "short"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for line in lines for cell in line)
    again = imported(begin(text.replace("many", "1").replace(",x,", ",2,")), actor)
    assert counts(again)[0] >= 2
    assert [row.title for row in rows_in(process)][:3] == ["Good", "=cmd", "+7"]


def test_causes_are_counted_by_column(process: Process, begin: Begin, actor: Actor) -> None:
    job = checked(begin("Title,Amount\nA,x\nB,y\nC,1\nD,z,\n"), actor)
    assert [(cause.header, cause.message, cause.rows) for cause in causes_of(job)] == [
        ("Amount", "A number is expected.", 3)
    ]


def test_columns_show_three_samples(begin: Begin) -> None:
    job = begin("Title,Empty\n" + "".join(f"T{number},\n" for number in range(9)))
    assert [column.samples for column in columns_of(job)] == [("T0", "T1", "T2"), ()]


def test_required_field_rejects_the_rows_without_it(actor: Actor) -> None:
    fields = (*FIELDS, FieldDraft("Contract", "text", key="contract", required="always"))
    other = make_process(fields=fields)
    admin = actor_of(make_user(is_admin=True))
    job = begin_import(other, name="f.csv", content=b"Title,Contract\nA,1\nB,\n", actor=admin)
    job = imported(job, admin)
    assert counts(job) == (1, 0, 1)
    assert list(reasons(job)) == [(2, "Contract", "Fill this in.")]
