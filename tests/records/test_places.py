"""Limits of stages on every way in, and moves into another pipeline."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from core.actor import SYSTEM, Actor
from core.errors import Invalid, NotAllowed
from events.models import Event
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Operation, Pipeline, Process, Scope, Stage
from processes.operations import add_pipeline, set_grants
from processes.permissions import access_for
from records.models import Record, StageVisit
from records.operations import (
    RecordChange,
    change_records,
    create_record,
    delete_record,
    move_record,
    restore_record,
)
from records.operations.places import StageFull
from records.queries.moves import moves_of
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

STAGES = (
    StageDraft("Received", key="received"),
    StageDraft("In work", key="in_work", limit=2, is_limit_hard=True),
    StageDraft("Soft", key="soft", limit=1),
    StageDraft("Completed", Stage.Kind.WON, "green", "completed"),
)


@pytest.fixture
def process(db: None) -> Process:
    return make_process(stages=STAGES, moves=None)


def stage_id(process: Process, key: str) -> int:
    return definition_of(process).stage(key).id


def create(process: Process, stage: str = "received", actor: Actor = SYSTEM) -> int:
    return create_record(process, values={"title": "x"}, stage=stage, actor=actor).pk


def fill(process: Process) -> list[int]:
    return [create(process, "in_work") for _number in range(2)]


def test_full_stage_refuses_a_move_and_a_new_record(process: Process) -> None:
    fill(process)
    waiting = create(process)
    with pytest.raises(StageFull) as caught:
        move_record(process, waiting, to="in_work", actor=SYSTEM)
    assert caught.value.details == {"stage": "in_work", "limit": 2}
    with pytest.raises(StageFull):
        create(process, "in_work")
    assert model_for(definition_of(process)).objects.get(pk=waiting).stage.key == "received"


def test_place_is_free_again_when_a_record_leaves_or_goes_into_the_bin(process: Process) -> None:
    first, second = fill(process)
    delete_record(process, first, actor=SYSTEM)
    create(process, "in_work")
    with pytest.raises(StageFull):
        restore_record(process, first, actor=SYSTEM)
    move_record(process, second, to="received", actor=SYSTEM)
    restore_record(process, first, actor=SYSTEM)


def test_order_within_a_full_stage_still_changes(process: Process) -> None:
    first, second = fill(process)
    move_record(process, first, to="in_work", after=second, actor=SYSTEM)


def test_soft_limit_refuses_nothing(process: Process) -> None:
    for _number in range(3):
        create(process, "soft")


def test_many_new_records_fill_a_stage_and_no_more(process: Process) -> None:
    target = stage_id(process, "in_work")
    changes = [RecordChange(values={"title": str(number)}, stage=target) for number in range(4)]
    outcomes = change_records(process, changes, actor=SYSTEM)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, False]
    assert isinstance(outcomes[2].error, StageFull)
    assert Record.objects.filter(stage=target).count() == 2


def test_many_moves_fill_a_stage_and_no_more(process: Process) -> None:
    ids = [create(process) for _number in range(3)]
    places = {stage_id(process, "received"): stage_id(process, "in_work")}
    outcomes = change_records(process, [RecordChange(pk, places=places) for pk in ids], actor=SYSTEM)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), StageFull]


def test_mapping_that_says_nothing_of_a_stage_moves_nothing_out_of_it(process: Process) -> None:
    row = create(process, "soft")
    places = {stage_id(process, "received"): stage_id(process, "in_work")}
    [outcome] = change_records(process, [RecordChange(row, places=places)], actor=SYSTEM)
    assert isinstance(outcome.error, Invalid)


def test_stages_without_a_hard_limit_take_no_lock(process: Process) -> None:
    create(process, "soft")
    create(process, "in_work")
    with connection.cursor() as cursor:
        cursor.execute("SELECT objid FROM pg_locks WHERE classid = 7302 AND pid = pg_backend_pid()")
        assert [row[0] for row in cursor.fetchall()] == [stage_id(process, "in_work")]


@pytest.mark.usefixtures("committed")
def test_two_people_fill_the_last_place_and_exactly_one_gets_it() -> None:
    process = make_process(stages=STAGES, moves=None)
    create(process, "in_work")
    waiting = [create(process), create(process)]
    together = threading.Barrier(2)
    results: list[str] = []

    def attempt(doing: Callable[[], object]) -> None:
        try:
            together.wait(10)
            doing()
            results.append("in")
        except StageFull:
            results.append("full")
        finally:
            connection.close()

    def move_to(record_id: int) -> Callable[[], object]:
        return lambda: move_record(process.pk, record_id, to="in_work", actor=SYSTEM)

    threads = [threading.Thread(target=attempt, args=[move_to(pk)]) for pk in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["full", "in"]
    assert Record.objects.filter(stage__key="in_work").count() == 2


@pytest.fixture
def second(process: Process) -> Pipeline:
    return add_pipeline(process, name="Second", is_open=True, actor=SYSTEM)


def test_record_goes_into_another_pipeline(process: Process, second: Pipeline) -> None:
    record = create(process)
    moved = move_record(process, record, to="second.in_work", actor=SYSTEM)
    assert (moved.pipeline_id, moved.stage.key) == (second.pk, "in_work")
    entry = Record.objects.get(pk=record)
    assert (entry.pipeline_id, entry.stage_id) == (second.pk, moved.stage_id)
    event = Event.objects.get(kind="record.moved")
    main = process.pipelines.get(key="main")
    assert event.changes["pipeline"] == [main.pk, second.pk]
    assert event.changes["stage"] == [stage_id(process, "main.received"), moved.stage_id]
    assert StageVisit.objects.get(record_id=record, left_at=None).stage_id == moved.stage_id
    back = move_record(process, record, to=stage_id(process, "main.soft"), actor=SYSTEM)
    assert back.pipeline_id == main.pk


def test_key_alone_means_the_pipeline_of_the_record(process: Process, second: Pipeline) -> None:
    record = create(process)
    move_record(process, record, to="second.new", actor=SYSTEM)
    moved = move_record(process, record, to="completed", actor=SYSTEM)
    assert moved.pipeline_id == second.pk
    with pytest.raises(Invalid):
        move_record(process, record, to="soft", actor=SYSTEM)


def test_move_into_another_pipeline_needs_the_right_in_both(process: Process, second: Pipeline) -> None:
    person = make_user()
    role = make_role(people=(person,))
    there = {stage.pk: Scope.NONE for stage in second.stages.all()}
    set_grants(process, {role.pk: EMPLOYEE}, differing={role.pk: {Operation.MOVE: there}}, actor=SYSTEM)
    record = create(process, actor=actor_of(person))
    with pytest.raises(NotAllowed):
        move_record(process, record, to="second.new", actor=actor_of(person))
    both = {Operation.MOVE: there, Operation.VIEW: there}
    set_grants(process, {role.pk: EMPLOYEE}, differing={role.pk: both}, actor=SYSTEM)
    with pytest.raises(Invalid, match="no such stage"):
        move_record(process, record, to="second.new", actor=actor_of(person))
    set_grants(process, {role.pk: EMPLOYEE}, differing={}, actor=SYSTEM)
    assert move_record(process, record, to="second.new", actor=actor_of(person)).pipeline_id == second.pk


def test_hard_limit_holds_for_records_of_another_pipeline(process: Process, second: Pipeline) -> None:
    fill(process)
    record = create_record(process, values={"title": "x"}, stage="second.new", actor=SYSTEM).pk
    with pytest.raises(StageFull):
        move_record(process, record, to="main.in_work", actor=SYSTEM)


def test_full_stage_is_told_before_one_tries(process: Process) -> None:
    fill(process)
    row = model_for(definition_of(process)).objects.get(pk=create(process))
    moves = {move.stage.key: move.why_not for move in moves_of(access_for(SYSTEM, process), row)}
    assert moves == {
        "in_work": "“In work” takes 2 records at most, and is full.",
        "soft": "",
        "completed": "",
    }
