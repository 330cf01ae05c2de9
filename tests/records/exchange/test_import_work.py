"""The course of an import: its plan, its check, its turns and its end."""

from typing import Any

import pytest
from django.db import connection

from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from processes.operations import remove_field
from processes.queries import field_of
from records.exchange.worker import has_work, work, work_through
from records.operations.imports import cancel_import, plan_import, read_import_anew, run_import
from tests.records.exchange.conftest import Begin, checked, counts, imported, rows_in


@pytest.mark.parametrize(
    ("targets", "key", "places"),
    [
        (["title"], "", {"targets"}),
        (["title", "title"], "", {"targets.1"}),
        (["title", "nothing"], "", {"targets.1"}),
        ([None, None], "", {"targets"}),
        (["id", None], "id", {"targets"}),
        (["id", "title"], "", {"key"}),
        (["title", "amount"], "source", {"key"}),
        (["title", "comment"], "comment", {"key"}),
    ],
)
def test_plan_that_makes_no_sense_is_refused_by_place(
    begin: Begin, actor: Actor, targets: list[Any], key: str, places: set[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        plan_import(begin("A,B\n1,2\n"), targets=targets, key=key, actor=actor)
    assert set(refused.value.fields) == places


def test_run_needs_a_check_and_a_new_plan_voids_it(begin: Begin, actor: Actor) -> None:
    job = begin("Title\nA\n")
    with pytest.raises(Conflict):
        run_import(job, actor=actor)
    job = checked(job, actor)
    plan_import(job, targets=["title"], actor=actor)
    with pytest.raises(Conflict):
        run_import(job, actor=actor)


def test_file_can_be_read_anew(begin: Begin, actor: Actor) -> None:
    job = begin("Название|Сумма\nПринтер|1\n".encode("cp866"))
    job = read_import_anew(job, encoding="cp866", delimiter="|", actor=actor)
    assert (job.headers, job.targets) == (["Название", "Сумма"], ["title", None])
    with pytest.raises(Invalid) as refused:
        read_import_anew(job, encoding="rot13", delimiter="x", actor=actor)
    assert set(refused.value.fields) == {"encoding", "delimiter"}


def test_field_that_goes_away_meanwhile_fails_the_import_in_words(process: Process, begin: Begin, actor: Actor) -> None:
    job = checked(begin("Title,Amount\nA,1\n"), actor)
    run_import(job, actor=actor)
    remove_field(field_of(process, "amount"), actor=SYSTEM)
    work_through(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, rows_in(process)) == ("failed", "Some columns cannot go there.", [])


def test_rule_of_the_database_rejects_one_row_and_no_other(process: Process, begin: Begin, actor: Actor) -> None:
    amount = definition_of(process).field_by_key["amount"]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE records_p{process.pk} ADD CHECK ({amount.column} < 100)")
    job = imported(begin("Title,Amount\nA,1\nB,200\nC,3\n"), actor)
    assert counts(job) == (2, 0, 1)
    assert [row.title for row in rows_in(process)] == ["A", "C"]


def test_number_of_statements_of_a_chunk_does_not_grow_with_its_rows(
    begin: Begin, actor: Actor, django_assert_num_queries: Any
) -> None:
    for rows in (1, 150):
        job = checked(begin("Title,Amount,Responsible\n" + f"A,1,{actor.label}\n" * rows), actor)
        run_import(job, actor=actor)
        with django_assert_num_queries(27):
            work_through(job.pk)


def test_jobs_take_turns_and_cancelled_ones_stop(process: Process, begin: Begin, actor: Actor) -> None:
    first, second = (checked(begin("Title\nA\n"), actor) for _file in range(2))
    for job in (first, second):
        run_import(job, actor=actor)
    cancel_import(first, actor=actor)
    assert has_work()
    assert work() is False
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("cancelled", "done")
    assert len(rows_in(process)) == 1
    with pytest.raises(Conflict):
        cancel_import(second, actor=actor)


def test_done_import_says_so_with_its_counts(begin: Begin, actor: Actor) -> None:
    job = imported(begin("Title,Amount\nA,1\nB,x\n"), actor)
    event = Event.objects.get(kind="import.finished")
    assert {key: event.data[key] for key in ("import", "name", "state", "created", "updated", "rejected")} == {
        "import": job.pk,
        "name": "file.csv",
        "state": "done",
        "created": 1,
        "updated": 0,
        "rejected": 1,
    }
