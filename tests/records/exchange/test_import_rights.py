"""Under whose rights an import runs, and what becomes of it when they are taken away."""

import pytest

from accounts.models import User
from accounts.operations import create_token, deactivate_person
from core.actor import SYSTEM, Actor
from core.errors import NotAllowed, NotFound
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Operation, Process, Scope
from processes.operations import add_pipeline, add_stage, set_grants
from records.exchange.worker import work, work_through
from records.operations import create_record
from records.operations.imports import begin_import, cancel_import, check_import, plan_import, run_import
from tests.factories import actor_of, make_role, make_user
from tests.records.exchange.conftest import IMPORTER, Begin, checked, counts, imported, importer, reasons, rows_in


def test_import_needs_its_right_and_the_right_to_create(process: Process) -> None:
    clerk = actor_of(importer(process, "Clerk", {Operation.VIEW: Scope.ALL, Operation.CREATE: Scope.ALL}))
    with pytest.raises(NotAllowed):
        begin_import(process, name="f.csv", content=b"Title\nA\n", actor=clerk)
    keeper = actor_of(importer(process, "Keeper", {Operation.VIEW: Scope.ALL, Operation.IMPORT: Scope.ALL}))
    job = begin_import(process, name="f.csv", content=b"Title\nA\n", actor=keeper)
    with pytest.raises(NotAllowed):
        plan_import(job, targets=job.targets, actor=keeper)
    with pytest.raises(NotAllowed):
        check_import(job, actor=keeper)
    stranger = actor_of(make_user())
    with pytest.raises(NotFound):
        begin_import(process, name="f.csv", content=b"Title\nA\n", actor=stranger)
    assert rows_in(process) == []


def test_own_scope_updates_what_is_own_and_nothing_else(process: Process) -> None:
    grants = {**IMPORTER, Operation.UPDATE: Scope.OWN, Operation.CREATE: Scope.NONE}
    maria = importer(process, "Maria", grants)
    actor = actor_of(maria)
    create_record(process, values={"title": "hers", "assignee": maria.pk}, actor=SYSTEM)
    create_record(process, values={"title": "foreign"}, actor=SYSTEM)
    job = begin_import(process, name="f.csv", content=b"Title,Amount\nhers,1\nforeign,2\nnew,3\n", actor=actor)
    job = imported(job, actor, key="title")
    assert counts(job) == (0, 1, 2)
    amount = definition_of(process).field_by_key["amount"]
    assert [(row.title, row.value(amount)) for row in rows_in(process)] == [("hers", 1), ("foreign", None)]


def test_hidden_records_are_neither_found_nor_changed(process: Process) -> None:
    grants = {**IMPORTER, Operation.VIEW: Scope.OWN}
    actor = actor_of(importer(process, "Maria", grants))
    hidden = create_record(process, values={"title": "secret"}, actor=SYSTEM)
    content = f"Id,Title\n{hidden.pk},taken\n".encode()
    job = begin_import(process, name="f.csv", content=content, actor=actor)
    job = imported(job, actor, targets=["id", "title"], key="id")
    assert list(reasons(job)) == [(1, None, "There is no such record.")]
    assert [row.title for row in rows_in(process)] == ["secret"]


def test_right_that_is_taken_away_stops_the_import(process: Process, begin: Begin, actor: Actor, anna: User) -> None:
    job = checked(begin("Title\nA\n"), actor)
    run_import(job, actor=actor)
    set_grants(process, {role: {} for role in actor.role_ids}, actor=SYSTEM)
    work_through(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "There is no such process.")
    assert rows_in(process) == []


def test_deactivated_person_imports_nothing_more(process: Process, begin: Begin, actor: Actor, anna: User) -> None:
    job = checked(begin("Title\nA\n"), actor)
    run_import(job, actor=actor)
    deactivate_person(anna, actor=SYSTEM)
    assert work() is False
    job.refresh_from_db()
    assert (job.state, rows_in(process)) == ("failed", [])


def test_token_imports_within_its_scopes(process: Process) -> None:
    admin = make_user(is_admin=True)
    token, _secret = create_token(admin, name="t", scopes=("read",), actor=SYSTEM)
    actor = Actor(
        **{
            name: getattr(actor_of(admin), name)
            for name in ("kind", "label", "user_id", "is_admin", "role_ids", "language")
        },
        token_id=token.pk,
    )
    job = begin_import(process, name="f.csv", content=b"Title\nA\n", actor=actor)
    plan_import(job, targets=["title"], actor=actor)
    check_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    assert (job.state, rows_in(process)) == ("failed", [])


def test_import_of_another_person_is_absent(process: Process, begin: Begin) -> None:
    job = begin("Title\nA\n")
    other = actor_of(importer(process, "Other", IMPORTER))
    for operation in (check_import, run_import, cancel_import):
        with pytest.raises(NotFound):
            operation(job, actor=other)


def test_role_grants_of_import_are_enough_for_employees(process: Process) -> None:
    """The right is granted by role like every other."""
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: IMPORTER}, actor=SYSTEM)
    job = begin_import(process, name="C:\\files\\list.csv", content=b"Title\nA\n", actor=actor_of(person))
    assert job.name == "list.csv"


def test_closed_stage_is_told_like_an_absent_one(process: Process, begin: Begin, actor: Actor) -> None:
    hush = add_pipeline(process, name="Hush", actor=SYSTEM)
    add_stage(hush, StageDraft("Quietone", key="quietone"), actor=SYSTEM)
    job = begin("Title,Stage\nA,Quietone\nB,hush.quietone\nC,Hush / Quietone\nD,nonsense\n")
    told = [message for _row, _column, message in reasons(checked(job, actor))]
    assert told == [
        f"There is no stage “{name}”." for name in ("Quietone", "hush.quietone", "Hush / Quietone", "nonsense")
    ]


def test_name_of_a_stage_means_the_pipeline_that_one_sees(process: Process, begin: Begin, actor: Actor) -> None:
    for name, is_open in (("Hush", False), ("Second", True)):
        pipeline = add_pipeline(process, name=name, is_open=is_open, actor=SYSTEM)
        add_stage(pipeline, StageDraft("Same", key="same"), actor=SYSTEM)
    imported(begin("Title,Stage\nA,Same\n"), actor)
    (row,) = rows_in(process)
    assert definition_of(process).pipeline_by_id[row.pipeline_id].key == "second"
