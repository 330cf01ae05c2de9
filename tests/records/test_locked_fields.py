"""Fields that a stage locks: nobody changes them there, by whatever door; automation does, and a move opens them."""

from dataclasses import replace
from typing import Any

import pytest

from core.actor import SYSTEM, Actor, ActorKind
from core.errors import Invalid
from events.models import Event
from processes.dead_ends import dead_ends
from processes.definition import definition_of
from processes.drafts import FieldDraft, GateDraft, StageDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import (
    add_field,
    add_pipeline,
    add_stage,
    duplicate_stage,
    purge_field,
    remove_field,
    restore_field,
    set_gate,
    set_grants,
    update_field,
    update_stage,
)
from processes.operations.stages import said_of
from processes.permissions import access_for
from processes.queries import field_of, field_uses
from records.jobs.worker import work_through
from records.operations import (
    RecordChange,
    change_records,
    convert_field,
    create_record,
    move_record,
    revert_field,
    update_record,
)
from records.queries.card import card_for
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

REFUSAL = "Nobody changes this field in the stage “In work”."


@pytest.fixture
def process() -> Process:
    found = make_process(moves=None)
    lock(found, "in_work", "amount", "comment")
    return found


@pytest.fixture
def employee(process: Process) -> Actor:
    person = make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def stage(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(
        pipeline__process=process, pipeline__key="main", key=key
    )


def lock(process: Process, key: str, *fields: str) -> None:
    found = stage(process, key)
    update_stage(found, **{**said_of(found), "locked_fields": fields}, actor=SYSTEM)


def made(process: Process, actor: Actor, where: str = "in_work") -> int:
    stage_id = definition_of(process).stage(where).id
    row = create_record(process, values={"title": "Printer", "amount": 5}, stage=stage_id, actor=actor)
    return row.pk


def amount(process: Process, record_id: int) -> Any:
    definition = definition_of(process)
    return model_for(definition).objects.get(pk=record_id).value(definition.field_by_key["amount"])


@pytest.mark.parametrize("who", ["employee", "administrator", "import", "token"])
def test_people_change_it_elsewhere_and_not_here(process: Process, employee: Actor, who: str) -> None:
    actor = {
        "employee": employee,
        "administrator": actor_of(make_admin()),
        "import": replace(employee, kind=ActorKind.IMPORT),
        "token": replace(employee, kind=ActorKind.TOKEN, scopes=frozenset({"write"})),
    }[who]
    record = made(process, actor)
    events = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        update_record(process, record, values={"amount": 6, "title": "Scanner"}, actor=actor)
    assert refused.value.fields == {"amount": [REFUSAL]}
    assert (amount(process, record), Event.objects.count()) == (5, events)
    update_record(process, record, values={"title": "Scanner"}, actor=actor)
    move_record(process, record, to="received", actor=actor)
    update_record(process, record, values={"amount": 6}, actor=actor)
    assert amount(process, record) == 6


def test_automation_goes_on_filling_it_in(process: Process, employee: Actor) -> None:
    record = made(process, employee)
    robot = Actor(kind=ActorKind.RUN, label="Robot", is_admin=True)
    update_record(process, record, values={"amount": 7}, actor=robot)
    assert amount(process, record) == 7


def test_many_changes_in_one_call_obey_it_one_by_one(process: Process, employee: Actor) -> None:
    locked, free = made(process, employee), made(process, employee, "received")
    changes = [RecordChange(record_id=record, values={"amount": 9}) for record in (locked, free)]
    outcomes = change_records(process, changes, actor=employee)
    assert [outcome.error is None for outcome in outcomes] == [False, True]
    assert (amount(process, locked), amount(process, free)) == (5, 9)


def test_card_says_why(process: Process, employee: Actor) -> None:
    access = access_for(employee, process)
    card = card_for(access, made(process, employee))
    said = {value.field.key: value.locked for value in card.fields}
    assert (said["amount"], said["comment"], said["source"]) == (REFUSAL, REFUSAL, "")


def test_it_goes_with_copies_and_comes_back_with_the_field(process: Process) -> None:
    copy = duplicate_stage(stage(process, "in_work"), actor=SYSTEM)
    assert said_of(copy)["locked_fields"] == ("amount", "comment")
    second = add_pipeline(process, name="Second", like=stage(process, "in_work").pipeline, actor=SYSTEM)
    assert said_of(second.stages.get(key="in_work"))["locked_fields"] == ("amount", "comment")
    assert [use.name for use in field_uses(field_of(process, "comment"))] == [
        "In work",
        "In work",
        *2 * ["In work (copy)"],
    ]
    field = remove_field(field_of(process, "comment"), confirmed=True, actor=SYSTEM)
    assert definition_of(process).stage("main.in_work").locked_fields == ("amount",)
    restore_field(field, actor=SYSTEM)
    assert definition_of(process).stage("main.in_work").locked_fields == ("amount", "comment")
    purge_field(remove_field(field_of(process, "comment"), confirmed=True, actor=SYSTEM), actor=SYSTEM)
    add_field(process, FieldDraft("Comment", "long_text", key="comment"), actor=SYSTEM)
    assert definition_of(process).stage("main.in_work").locked_fields == ("amount",)


def test_it_stays_through_a_change_of_type_and_back(process: Process) -> None:
    field = field_of(process, "amount")
    convert_field(field, type="text", settings={}, actor=SYSTEM)
    work_through()
    assert definition_of(process).field_by_key["amount"].type.key == "text"
    assert definition_of(process).stage("in_work").locked_fields == ("amount", "comment")
    revert_field(field_of(process, "amount"), actor=SYSTEM)
    work_through()
    assert definition_of(process).field_by_key["amount"].type.key == "number"
    assert definition_of(process).stage("in_work").locked_fields == ("amount", "comment")


def test_field_that_comes_back_is_locked_although_the_stage_was_renamed(process: Process) -> None:
    field = remove_field(field_of(process, "comment"), confirmed=True, actor=SYSTEM)
    found = stage(process, "in_work")
    update_stage(found, **{**said_of(found), "name": "Doing"}, actor=SYSTEM)
    restore_field(field, actor=SYSTEM)
    assert definition_of(process).stage("in_work").locked_fields == ("amount", "comment")


def test_unknown_and_computed_fields_are_refused_by_name(process: Process) -> None:
    add_field(process, FieldDraft("Twice", "formula", key="twice", settings={"formula": "amount * 2"}), actor=SYSTEM)
    for keys in (("nothing",), ("twice",)):
        with pytest.raises(Invalid) as refused:
            lock(process, "received", *keys)
        assert list(refused.value.fields) == ["locked_fields"]
    with pytest.raises(Invalid) as refused:
        add_stage(stage(process, "received").pipeline, StageDraft("Odd", locked_fields=("nothing",)), actor=SYSTEM)
    assert list(refused.value.fields) == ["locked_fields"]
    assert not Stage.objects.filter(name="Odd").exists()


def test_new_process_may_lock_from_the_beginning() -> None:
    stages = (StageDraft("Begin", key="begin"), StageDraft("Signed", key="signed", locked_fields=("amount",)))
    process = make_process(stages=stages, moves=None)
    assert definition_of(process).stage("signed").locked_fields == ("amount",)


def test_gate_that_asks_for_what_is_locked_before_it_is_named(process: Process) -> None:
    set_grants(process, {make_role().pk: {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    set_gate(stage(process, "completed"), GateDraft(fields=["amount"]), source=stage(process, "in_work"), actor=SYSTEM)
    definition = definition_of(process)
    assert dead_ends(definition, definition.default_pipeline) == [
        "The way from “In work” into “Completed” asks for “Amount”, which nobody changes there."
    ]


def test_field_that_is_required_next_and_locked_here_is_named(process: Process) -> None:
    set_grants(process, {make_role().pk: {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    changes = {"required": "stage", "required_from": stage(process, "completed")}
    update_field(field_of(process, "amount"), changes=changes, actor=SYSTEM)
    definition = definition_of(process)
    assert dead_ends(definition, definition.default_pipeline) == [
        "The way from “In work” into “Completed” asks for “Amount”, which nobody changes there."
    ]
