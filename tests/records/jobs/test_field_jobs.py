"""Fields change while the process is used: columns, values, indexes, and the end of a field."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process
from processes.operations import (
    add_field,
    cancel_job,
    fields,
    purge_field,
    remove_field,
    restore_field,
    retry_job,
    set_grants,
    update_field,
)
from processes.operations.changing import change_lock
from processes.operations.fields import InUse, purge_old_fields
from processes.permissions import access_for
from processes.queries import field_uses, removed_fields
from records.jobs.held import note
from records.jobs.worker import work, work_through
from records.operations import create_record, delete_record, restore_record, update_record
from records.operations.bulk import RecordChange, change_records
from records.queries.search import hits_for
from records.tasks import purge_old_fields as purge_old_task
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def process(committed: None) -> Process:
    return make_process()


def make(process: Process, **values: Any) -> Any:
    return create_record(process.pk, values={"title": "A", **values}, actor=SYSTEM)


def columns(process: Process) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [f"records_p{process.pk}"]
        )
        return {row[0] for row in cursor.fetchall()}


def field(process: Process, key: str) -> Field:
    return Field.objects.select_related("process").get(process=process, key=key, removed_at=None)


def test_new_field_is_checked_again_where_the_process_changed_meanwhile(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = FieldDraft("Twice", "formula", key="twice", settings={"formula": "amount * 2"})
    checking = fields._fitting

    def slowly(*given: Any) -> Field:
        found = checking(*given)
        monkeypatch.setattr(fields, "_fitting", checking)
        add_field(process, draft, actor=SYSTEM)
        return found

    monkeypatch.setattr(fields, "_fitting", slowly)
    with pytest.raises(Invalid) as refused:
        add_field(process, draft, actor=SYSTEM)
    assert refused.value.fields["key"] == ["“twice” is taken."]


@contextmanager
def holding_table(process: Process) -> Iterator[None]:
    """A long reader in a transaction of its own."""
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM records_p{process.pk}")
            reading.set()
            done.wait(20)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert reading.wait(10)
        yield
    finally:
        done.set()
        reader.join()


def unique(process: Process, key: str = "email") -> Field:
    added = add_field(process, FieldDraft("E-mail", "email", key=key, is_unique=True), actor=SYSTEM)
    work_through()
    return added


def test_field_of_a_quiet_process_can_be_used_at_once(process: Process) -> None:
    make(process)
    added = add_field(process, FieldDraft("Note", "text", key="note"), actor=SYSTEM)
    assert added.state == Field.State.READY
    assert make(process, note="x").values()["note"] == "x"


def test_field_waits_for_a_long_reader_without_making_writers_wait(process: Process) -> None:
    """A reader holds the table; the answer comes at once, writers go on, the column comes when the reader is gone."""
    with holding_table(process):
        added = add_field(process, FieldDraft("Note", "text", key="note"), actor=SYSTEM)
        assert added.state == Field.State.ADDING
        assert "note" not in definition_of(process).field_by_key
        work(0.1)
        make(process)
        assert Field.objects.get(pk=added.pk).state == Field.State.ADDING
    work_through()
    assert make(process, note="x").values()["note"] == "x"


def test_change_steps_aside_for_a_long_writer(process: Process) -> None:
    writing, done = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            make(process)
            writing.set()
            done.wait(20)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert writing.wait(10)
        with pytest.raises(Conflict), change_lock(process, tries=2):
            pass
        make(process)  # a new writer does not queue behind a change that stepped aside
    finally:
        done.set()
        writer.join()


def test_formula_fills_existing_records_in_batches(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.jobs.filling.BATCH", 3)
    made = [make(process, amount=n).pk for n in range(8)]
    delete_record(process.pk, made[0], actor=SYSTEM)
    settings = {"formula": "amount * 2"}
    added = add_field(process, FieldDraft("Twice", "formula", key="twice", settings=settings), actor=SYSTEM)
    assert added.state == Field.State.FILLING
    work_through()
    rows = model_for(definition_of(process)).objects.in_bulk(made)
    assert [rows[pk].values()["twice"] for pk in made] == [n * 2 for n in range(8)]
    assert Field.objects.get(pk=added.pk).state == Field.State.READY
    job = FieldJob.objects.get(field=added, kind=FieldJob.Kind.FILL)
    assert (job.state, job.done, job.total) == (FieldJob.State.DONE, 8, 8)
    update_field(field(process, "twice"), changes={"settings": {"formula": "amount * 3"}}, actor=SYSTEM)
    work_through()
    assert model_for(definition_of(process)).objects.get(pk=made[2]).values()["twice"] == 6


class Died(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


def test_killed_worker_fills_every_record_exactly(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.jobs.filling.BATCH", 2)
    made = [make(process).pk for _ in range(9)]
    add_field(process, FieldDraft("No.", "auto_number", key="no", settings={"gapless": True}), actor=SYSTEM)
    calls = 0

    def dies(*args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        note(*args, **kwargs)
        if calls in (1, 3):
            raise Died

    monkeypatch.setattr("records.jobs.filling.note", dies)
    for _attempt in range(3):
        try:
            work_through(5)
        except Died:
            FieldJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    rows = model_for(definition_of(process)).objects.in_bulk(made)
    assert [rows[pk].values()["no"] for pk in made] == [f"{n:04}" for n in range(1, 10)]
    assert make(process).values()["no"] == "0010"


def test_unique_value_is_refused_at_every_door_and_free_again_from_the_bin(process: Process) -> None:
    unique(process)
    first = make(process, email="Anna@Example.com")
    with pytest.raises(Invalid) as refused:
        make(process, email="anna@example.com")
    assert refused.value.fields == {"email": ["Another record has this value."]}
    second = make(process, email="boris@example.com")
    with pytest.raises(Invalid):
        update_record(process.pk, second.pk, values={"email": "ANNA@example.com"}, actor=SYSTEM)
    update_record(process.pk, first.pk, values={"email": "ANNA@example.com"}, actor=SYSTEM)
    delete_record(process.pk, first.pk, actor=SYSTEM)
    make(process, email="anna@example.com")
    with pytest.raises(Invalid):
        restore_record(process.pk, first.pk, actor=SYSTEM)
    changes = [RecordChange(values={"title": "B", "email": "new@example.com"}) for _ in range(2)]
    outcomes = change_records(process.pk, changes, actor=SYSTEM)
    assert [outcome.error is None for outcome in outcomes] == [True, False]


def test_of_two_at_once_one_is_refused_with_words(process: Process) -> None:
    unique(process)
    barrier, told = threading.Barrier(2), []

    def write() -> None:
        barrier.wait()
        try:
            make(process, email="anna@example.com")
            told.append("made")
        except (Conflict, Invalid) as error:
            told.append(type(error).__name__)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("made") == 1, told
    assert model_for(definition_of(process)).objects.count() == 1


def test_repeated_values_keep_a_field_from_being_unique_and_are_named(process: Process) -> None:
    add_field(process, FieldDraft("E-mail", "email", key="email"), actor=SYSTEM)
    pair = [make(process, email=address).pk for address in ("a@example.com", "A@example.com")]
    update_field(field(process, "email"), changes={"is_unique": True}, actor=SYSTEM)
    work_through()
    job = FieldJob.objects.get(kind=FieldJob.Kind.INDEX)
    assert job.state == FieldJob.State.FAILED
    assert all(f"#{pk}" in job.error for pk in pair)
    assert not field(process, "email").is_unique


def test_removed_field_comes_back_with_its_values(process: Process) -> None:
    row = make(process, amount=5)
    removed = remove_field(field(process, "amount"), actor=SYSTEM)
    assert "amount" not in make(process).values()
    again = add_field(process, FieldDraft("Amount", "number", key="amount"), actor=SYSTEM)
    assert model_for(definition_of(process)).objects.get(pk=row.pk).values()["amount"] is None
    with pytest.raises(Invalid):
        restore_field(removed, actor=SYSTEM)
    restore_field(removed, key="old_amount", actor=SYSTEM)
    values = model_for(definition_of(process)).objects.get(pk=row.pk).values()
    assert (values["old_amount"], values["amount"]) == (5, None)
    assert again.pk != removed.pk


def test_field_that_something_reads_is_removed_only_knowingly(process: Process) -> None:
    add_field(process, FieldDraft("Twice", "formula", key="twice", settings={"formula": "amount * 2"}), actor=SYSTEM)
    assert [use.name for use in field_uses(field(process, "amount"))] == ["Twice"]
    with pytest.raises(InUse) as refused:
        remove_field(field(process, "amount"), actor=SYSTEM)
    assert refused.value.details["uses"][0]["name"] == "Twice"
    remove_field(field(process, "amount"), actor=SYSTEM, confirmed=True)
    assert make(process).values()["twice"] is None


def test_purged_field_leaves_nothing(process: Process) -> None:
    linked = make_process()
    target = make(linked)
    add_field(process, FieldDraft("Links", "links", key="links", settings={"process": linked.pk}), actor=SYSTEM)
    make(process, links=[target.pk], amount=3)
    names = columns(process)
    for key in ("links", "amount"):
        purge_field(remove_field(field(process, key), actor=SYSTEM), actor=SYSTEM)
    work_through()
    assert len(names - columns(process)) == 2
    assert [f.key for f in removed_fields(process)] == []
    make(process)


def test_old_removed_fields_end_by_themselves(process: Process) -> None:
    removed = remove_field(field(process, "amount"), actor=SYSTEM)
    assert purge_old_fields() == 0
    Field.objects.filter(pk=removed.pk).update(removed_at=timezone.now() - timedelta(days=31))
    assert purge_old_fields() == 1
    assert purge_old_fields() == 0
    work_through()
    assert not Field.objects.filter(pk=removed.pk).exists()


def test_purge_that_was_stopped_leaves_the_field_to_be_restored(process: Process) -> None:
    row = make(process, amount=5)
    removed = remove_field(field(process, "amount"), actor=SYSTEM)
    job = cancel_job(purge_field(removed, actor=SYSTEM), actor=SYSTEM)
    assert job.state == FieldJob.State.CANCELLED
    work_through(1)
    restore_field(removed, actor=SYSTEM)
    assert model_for(definition_of(process)).objects.get(pk=row.pk).values()["amount"] == 5
    with pytest.raises(Conflict):
        cancel_job(job, actor=SYSTEM)


def test_field_whose_adding_was_stopped_never_comes(process: Process) -> None:
    with holding_table(process):
        added = add_field(process, FieldDraft("Note", "text", key="note"), actor=SYSTEM)
        names = columns(process)
        cancel_job(FieldJob.objects.get(field=added, kind=FieldJob.Kind.ADD), actor=SYSTEM)
    work_through(1)
    assert columns(process) == names
    assert not Field.objects.filter(pk=added.pk).exists()
    add_field(process, FieldDraft("Note", "text", key="note"), actor=SYSTEM)
    assert make(process, note="x").values()["note"] == "x"


def test_change_that_computes_values_is_not_stopped_halfway(process: Process) -> None:
    make(process, amount=2)
    settings = {"formula": "amount * 2"}
    added = add_field(process, FieldDraft("Twice", "formula", key="twice", settings=settings), actor=SYSTEM)
    job = FieldJob.objects.get(field=added, kind=FieldJob.Kind.FILL)
    with pytest.raises(Conflict):
        cancel_job(job, actor=SYSTEM)
    with pytest.raises(Conflict):
        retry_job(job, actor=SYSTEM)


def test_failed_change_is_tried_again_from_where_it_stopped(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.jobs.filling.BATCH", 2)
    made = [make(process, amount=n).pk for n in range(5)]
    settings = {"formula": "amount * 2"}
    added = add_field(process, FieldDraft("Twice", "formula", key="twice", settings=settings), actor=SYSTEM)
    FieldJob.objects.filter(field=added).update(crashes=3)
    work_through(5)
    job = FieldJob.objects.get(field=added)
    assert job.state == FieldJob.State.FAILED
    retry_job(job, actor=SYSTEM)
    work_through()
    job.refresh_from_db()
    assert (job.state, job.error, job.done) == (FieldJob.State.DONE, "", 5)
    rows = model_for(definition_of(process)).objects.in_bulk(made)
    assert [rows[pk].values()["twice"] for pk in made] == [n * 2 for n in range(5)]


def test_refused_uniqueness_is_asked_for_again_in_the_settings(process: Process) -> None:
    add_field(process, FieldDraft("E-mail", "email", key="email"), actor=SYSTEM)
    for address in ("a@example.com", "A@example.com"):
        make(process, email=address)
    update_field(field(process, "email"), changes={"is_unique": True}, actor=SYSTEM)
    work_through()
    with pytest.raises(Conflict):
        retry_job(FieldJob.objects.get(kind=FieldJob.Kind.INDEX), actor=SYSTEM)


def test_only_designers_stop_and_retry_changes(process: Process) -> None:
    job = purge_field(remove_field(field(process, "amount"), actor=SYSTEM), actor=SYSTEM)
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    for act in (cancel_job, retry_job):
        with pytest.raises(NotAllowed):
            act(job, actor=actor_of(person))


def test_daily_duty_asks_again_for_the_end_of_old_fields(process: Process) -> None:
    removed = remove_field(field(process, "amount"), actor=SYSTEM)
    cancel_job(purge_field(removed, actor=SYSTEM), actor=SYSTEM)
    Field.objects.filter(pk=removed.pk).update(removed_at=timezone.now() - timedelta(days=31))
    purge_old_task()
    work_through()
    assert not Field.objects.filter(pk=removed.pk).exists()


def test_search_finds_words_of_searched_fields_and_forgets_those_of_others(process: Process) -> None:
    row = make(process, comment="Gutenberg press")
    accesses = [access_for(SYSTEM, process)]
    assert hits_for(accesses, "gutenb") == []
    update_field(field(process, "comment"), changes={"is_searchable": True}, actor=SYSTEM)
    work_through()
    accesses = [access_for(SYSTEM, process)]
    assert [hit.id for hit in hits_for(accesses, "gutenb")] == [row.pk]
    update_record(process.pk, row.pk, values={"comment": "Linotype"}, actor=SYSTEM)
    other = make(process, comment="linotype too")
    assert {hit.id for hit in hits_for(accesses, "linot")} == {row.pk, other.pk}
    assert hits_for(accesses, "gutenb") == []
    update_field(field(process, "comment"), changes={"is_searchable": False}, actor=SYSTEM)
    work_through()
    assert hits_for(accesses, "linot") == []
