"""Gates: each term of a move, alone and together; what is brought along; who may override."""

from collections.abc import Callable
from typing import Any

import pytest

from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotAllowed
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft, GateDraft, LineDraft, ReasonDraft
from processes.models import FieldLevel, Gate, LostReason, Operation, Process, Scope, Stage
from processes.operations import (
    add_field,
    remove_field,
    remove_gate,
    set_field_grants,
    set_gate,
    set_grants,
    set_lost_reasons,
    update_field,
    update_stage,
)
from processes.operations.fields import InUse
from processes.permissions import access_for, visible_access
from processes.queries import field_of
from records.gates import Passage, Passing
from records.models import Comment, StageVisit
from records.operations import GatePending, MoveRefused, create_record, move_record
from records.queries.moves import move_to
from records.typed import TypedRecord, model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

LARGE = {"field": "amount", "op": "ge", "value": 1000}


@pytest.fixture
def process() -> Process:
    return make_process(moves=None)


@pytest.fixture
def employee(process: Process) -> Actor:
    person = make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def stage(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


def gate(process: Process, target: str = "completed", source: str | None = None, **terms: Any) -> Gate:
    from_stage = stage(process, source) if source else None
    return set_gate(stage(process, target), GateDraft(**terms), source=from_stage, actor=SYSTEM)


def reasons(process: Process, *names: str, is_required: bool = True) -> list[int]:
    drafts = [ReasonDraft(name) for name in names]
    pipeline = stage(process, "rejected").pipeline
    return [r.pk for r in set_lost_reasons(pipeline, drafts, is_required=is_required, actor=SYSTEM)]


def create(process: Process, actor: Actor, **values: Any) -> TypedRecord:
    return create_record(process, values={"title": "Printer", **values}, actor=actor)


def where(row: TypedRecord) -> str:
    return model_for(definition_of(row.definition.id)).objects.get(pk=row.pk).stage.key


def missing(error: pytest.ExceptionInfo[GatePending]) -> dict[str, Any]:
    """What of the terms is told, without what is empty."""
    told: dict[str, Any] = error.value.as_body()["details"]["gate"]
    return {name: value for name, value in told.items() if value}


TERMS: dict[str, tuple[dict[str, Any], Passing, dict[str, Any]]] = {
    "fields": (
        {"fields": ["amount"]},
        Passing(values={"amount": 5}),
        {"fields": [{"key": "amount", "label": "Amount", "type": "number"}]},
    ),
    "condition": (
        {"condition": LARGE, "refusal": "Too small."},
        Passing(values={"amount": 2000}),
        {"refusals": ["Too small."]},
    ),
    "checklist": (
        {"checklist": [LineDraft("Papers are signed", "papers")]},
        Passing(checked=frozenset({"papers"})),
        {"checklist": [{"key": "papers", "text": "Papers are signed"}]},
    ),
    "comment": ({"is_comment_required": True}, Passing(comment="All is well"), {"comment": True}),
}
"""Term → what a gate asks, what passes it, what is told to be missing."""


@pytest.mark.parametrize("term", TERMS)
def test_each_term_holds_a_move_back_and_what_meets_it_lets_it_pass(
    process: Process, employee: Actor, term: str
) -> None:
    asks, brought, told = TERMS[term]
    gate(process, **asks)
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=employee)
    assert missing(refused) == told
    assert where(row) == "received"
    move_record(process, row.pk, to="completed", passing=brought, actor=employee)
    assert where(row) == "completed"


def test_all_that_is_missing_is_told_at_once(process: Process, employee: Actor) -> None:
    gate(process, **{name: asked for asks, _brought, _told in TERMS.values() for name, asked in asks.items()})
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=employee)
    assert missing(refused).keys() == {"fields", "refusals", "checklist", "comment"}
    assert refused.value.fields == {"amount": ["Fill this in."]}
    assert str(refused.value) == ("Too small. Missing for “Completed”: Amount, confirm “Papers are signed”, a comment.")


def test_gates_from_anywhere_and_from_this_stage_both_hold(process: Process, employee: Actor) -> None:
    gate(process, fields=["amount"])
    gate(process, source="received", is_comment_required=True)
    gate(process, source="in_work", checklist=[LineDraft("Tested")])
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=employee)
    assert missing(refused).keys() == {"fields", "comment"}


def test_what_a_stage_requires_is_told_with_the_gate(process: Process, employee: Actor) -> None:
    required = FieldDraft("Result", "text", required="stage", required_from=stage(process, "completed"))
    add_field(process, required, actor=SYSTEM)
    gate(process, fields=["amount"])
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=employee)
    assert [field["key"] for field in missing(refused)["fields"]] == ["amount", "result"]


def test_only_the_roles_of_a_gate_pass_and_those_to_whom_everything_is_allowed(process: Process) -> None:
    lawyer, clerk = make_user("Lawyer"), make_user("Clerk")
    lawyers, everybody = make_role("Lawyers", people=(lawyer,)), make_role(people=(lawyer, clerk))
    set_grants(process, {everybody.pk: {**EMPLOYEE, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    gate(process, roles=[lawyers.pk])
    row = create(process, SYSTEM)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=actor_of(clerk))
    assert missing(refused) == {"roles": ["Lawyers"]}
    move_record(process, row.pk, to="completed", actor=actor_of(lawyer))
    move_record(process, row.pk, to="received", actor=actor_of(clerk))
    move_record(process, row.pk, to="completed", actor=SYSTEM)
    assert where(row) == "completed"


def test_what_came_along_is_taken_back_when_the_gate_stays_closed(process: Process, employee: Actor) -> None:
    gate(process, fields=["amount"], checklist=[LineDraft("Tested", "tested")], is_comment_required=True)
    row = create(process, employee)
    brought = Passing(values={"amount": 7}, comment="Please")
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", passing=brought, actor=employee)
    assert missing(refused).keys() == {"checklist"}
    assert not Comment.objects.exists()
    assert Event.objects.filter(record_id=row.pk).count() == 1


def test_a_move_through_a_gate_leaves_an_update_a_comment_and_a_move_in_the_history(
    process: Process, employee: Actor
) -> None:
    gate(process, fields=["amount"], checklist=[LineDraft("Tested", "tested")], is_comment_required=True)
    row = create(process, employee)
    passing = Passing({"amount": 7}, "Done at last", frozenset({"tested"}))
    moved = move_record(process, row.pk, to="completed", version=1, passing=passing, actor=employee)
    events = list(Event.objects.filter(record_id=row.pk).order_by("pk"))
    assert [event.kind for event in events] == ["record.created", "record.updated", "comment.added", "record.moved"]
    assert events[1].changes == {"amount": [None, 7]}
    assert events[3].data["checked"] == [{"key": "tested", "text": "Tested"}]
    assert "override" not in events[3].data
    assert moved.version == 3
    assert Comment.objects.get().text == "Done at last"


def test_values_of_a_move_need_the_right_to_edit(process: Process) -> None:
    mover = make_user()
    rights = {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.ALL}
    set_grants(process, {make_role(people=(mover,)).pk: rights}, actor=SYSTEM)
    gate(process, fields=["amount"])
    row = create(process, SYSTEM)
    with pytest.raises(NotAllowed):
        move_record(process, row.pk, to="completed", passing=Passing({"amount": 7}), actor=actor_of(mover))
    assert where(row) == "received"


def test_an_override_needs_its_right_and_a_reason_and_stands_in_the_history(process: Process, employee: Actor) -> None:
    gate(process, fields=["amount"], is_comment_required=True)
    row = create(process, employee)
    with pytest.raises(NotAllowed):
        move_record(process, row.pk, to="completed", passing=Passing(override="Urgent"), actor=employee)
    chief = make_user("Chief")
    rights = {**EMPLOYEE, Operation.MOVE: Scope.ALL, Operation.OVERRIDE: Scope.ALL}
    set_grants(process, {make_role(people=(chief,)).pk: rights}, actor=SYSTEM)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", passing=Passing(override="  "), actor=actor_of(chief))
    assert missing(refused)["can_override"] is True
    move_record(process, row.pk, to="completed", passing=Passing(override="Urgent"), actor=actor_of(chief))
    moved = Event.objects.get(record_id=row.pk, kind="record.moved")
    assert moved.data["override"] == {"reason": "Urgent", "missing": {"fields": ["amount"], "comment": True}}


def test_an_override_that_was_not_needed_is_not_told(process: Process) -> None:
    row = create(process, SYSTEM)
    move_record(process, row.pk, to="completed", passing=Passing(override="Just in case"), actor=SYSTEM)
    assert "override" not in Event.objects.get(record_id=row.pk, kind="record.moved").data


def test_no_override_passes_the_map(process: Process) -> None:
    listed = make_process()
    row = create(listed, SYSTEM)
    with pytest.raises(MoveRefused):
        move_record(listed, row.pk, to="completed", passing=Passing(override="Urgent"), actor=SYSTEM)


def test_a_failure_needs_a_reason_that_its_visit_keeps(process: Process, employee: Actor) -> None:
    price, _silence = reasons(process, "Too expensive", "No answer")
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="rejected", actor=employee)
    assert [reason["name"] for reason in missing(refused)["reasons"]] == ["Too expensive", "No answer"]
    with pytest.raises(Invalid, match="wrong"):
        move_record(process, row.pk, to="completed", passing=Passing(reason=price), actor=employee)
    move_record(process, row.pk, to="rejected", passing=Passing(reason=price), actor=employee)
    assert StageVisit.objects.get(record_id=row.pk, left_at=None).reason_id == price
    data = Event.objects.get(record_id=row.pk, kind="record.moved").data
    assert data["reason"] == {"id": price, "name": "Too expensive"}


def test_a_used_reason_is_retired_and_can_come_back_a_new_one_is_deleted(process: Process) -> None:
    used, unused = reasons(process, "Too expensive", "No answer", is_required=False)
    row = create(process, SYSTEM)
    move_record(process, row.pk, to="rejected", passing=Passing(reason=used), actor=SYSTEM)
    reasons(process, "Other")
    assert [(r.pk, r.is_retired) for r in LostReason.objects.exclude(name="Other")] == [(used, True)]
    assert not LostReason.objects.filter(pk=unused).exists()
    with pytest.raises(Invalid):
        move_record(process, create(process, SYSTEM).pk, to="rejected", passing=Passing(reason=used), actor=SYSTEM)
    with pytest.raises(Invalid):
        reasons(process, "Too expensive")
    pipeline = stage(process, "rejected").pipeline
    set_lost_reasons(pipeline, [ReasonDraft("Price", used)], is_required=True, actor=SYSTEM)
    assert LostReason.objects.get(pk=used).name == "Price"
    assert not LostReason.objects.get(pk=used).is_retired


def test_two_reasons_exchange_their_names(process: Process) -> None:
    first, second = reasons(process, "A", "B")
    pipeline = stage(process, "rejected").pipeline
    drafts = [ReasonDraft("B", first), ReasonDraft("A", second)]
    set_lost_reasons(pipeline, drafts, is_required=False, actor=SYSTEM)
    assert dict(LostReason.objects.values_list("pk", "name")) == {first: "B", second: "A"}


def test_a_new_record_in_a_stage_is_a_move_from_nowhere(process: Process, employee: Actor) -> None:
    gate(process, target="in_work", checklist=[LineDraft("Asked", "asked")], fields=["amount"])
    gate(process, target="in_work", source="received", is_comment_required=True)
    with pytest.raises(GatePending) as refused:
        create_record(process, values={"title": "New"}, stage="in_work", actor=employee)
    assert missing(refused).keys() == {"fields", "checklist"}
    passing = Passing(checked=frozenset({"asked"}), comment="From the phone")
    row = create_record(process, values={"title": "New", "amount": 5}, stage="in_work", passing=passing, actor=employee)
    created = Event.objects.get(record_id=row.pk, kind="record.created")
    assert created.data["checked"] == [{"key": "asked", "text": "Asked"}]
    assert Comment.objects.get(record_id=row.pk).text == "From the phone"


@pytest.mark.parametrize(
    "strange", [Passing(checked=frozenset({"nothing"})), Passing(reason=10**9)], ids=["line", "reason"]
)
def test_what_fits_no_gate_is_refused_by_name(process: Process, employee: Actor, strange: Passing) -> None:
    row = create(process, employee)
    with pytest.raises(Invalid) as refused:
        move_record(process, row.pk, to="in_work", passing=strange, actor=employee)
    assert set(refused.value.fields) <= {"checked", "reason"}
    assert refused.value.fields


def test_terms_for_the_stage_where_the_record_stands_are_refused(process: Process, employee: Actor) -> None:
    row = create(process, employee)
    with pytest.raises(Conflict):
        move_record(process, row.pk, to="received", passing=Passing(comment="Hello"), actor=employee)


def test_the_machine_of_the_stages_knows_the_gates(process: Process) -> None:
    clerk = make_user()
    lawyers = make_role("Lawyers")
    set_grants(process, {make_role(people=(clerk,)).pk: {**EMPLOYEE, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    gate(process, target="completed", fields=["amount"])
    gate(process, target="rejected", roles=[lawyers.pk])
    row = create(process, SYSTEM)
    ids = {key: stage(process, key).pk for key in ("in_work", "completed", "rejected")}
    row = model_for(definition_of(process)).objects.get(pk=row.pk)
    machine: Any = row
    access = access_for(actor_of(clerk), definition_of(process))
    assert {t.target for t in machine.get_available_stage_transitions()} == {ids["in_work"]}
    row.passage = Passage(access_for(SYSTEM, definition_of(process)))
    assert {t.target for t in machine.get_available_stage_transitions()} == {ids["in_work"], ids["rejected"]}
    row.passage = Passage(access, Passing(override="Urgent"))
    assert {t.target for t in machine.get_available_user_stage_transitions(access)} == {
        ids["in_work"],
        ids["completed"],
    }


WRONG: dict[str, Callable[[Process], GateDraft]] = {
    "nothing": lambda process: GateDraft(),
    "unknown field": lambda process: GateDraft(fields=["nothing"]),
    "unknown role": lambda process: GateDraft(roles=[10**9]),
    "broken condition": lambda process: GateDraft(condition={"field": "nothing", "op": "eq", "value": 1}),
    "empty line": lambda process: GateDraft(checklist=[LineDraft(" ")]),
    "too many lines": lambda process: GateDraft(checklist=[LineDraft(str(n)) for n in range(21)]),
    "same keys": lambda process: GateDraft(checklist=[LineDraft("A", "a"), LineDraft("B", "a")]),
    "long refusal": lambda process: GateDraft(fields=["amount"], refusal="x" * 256),
}


@pytest.mark.parametrize("name", WRONG)
def test_set_gate_refuses(process: Process, name: str) -> None:
    with pytest.raises(Invalid):
        set_gate(stage(process, "completed"), WRONG[name](process), actor=SYSTEM)
    assert not Gate.objects.exists()


def test_set_gate_is_for_designers(process: Process, employee: Actor) -> None:
    with pytest.raises(NotAllowed):
        set_gate(stage(process, "completed"), GateDraft(fields=["amount"]), actor=employee)
    with pytest.raises(NotAllowed):
        set_lost_reasons(stage(process, "rejected").pipeline, [], is_required=False, actor=employee)


def test_a_line_keeps_its_key_when_its_words_change(process: Process) -> None:
    first = gate(process, checklist=[LineDraft("Papers signed")])
    key = first.checklist[0]["key"]
    again = gate(process, checklist=[LineDraft("All papers are signed", key), LineDraft("Papers signed")])
    assert again.pk == first.pk
    assert [line["text"] for line in again.checklist] == ["All papers are signed", "Papers signed"]
    assert [line["key"] for line in again.checklist] == [key, f"{key}_2"]


def test_lines_of_two_gates_have_different_keys(process: Process) -> None:
    first = gate(process, checklist=[LineDraft("Tested")])
    second = gate(process, source="received", checklist=[LineDraft("Tested")])
    assert first.checklist[0]["key"] != second.checklist[0]["key"]


def test_removing_a_gate_opens_the_way(process: Process, employee: Actor) -> None:
    row = create(process, employee)
    remove_gate(gate(process, fields=["amount"]), actor=SYSTEM)
    move_record(process, row.pk, to="completed", actor=employee)
    assert where(row) == "completed"


def test_a_field_of_a_gate_is_not_removed_unnoticed_and_its_condition_never_holds_without_it(
    process: Process, employee: Actor
) -> None:
    gate(process, fields=["source"], condition=LARGE)
    for key in ("source", "amount"):
        with pytest.raises(InUse) as refused:
            remove_field(field_of(process, key), actor=SYSTEM)
        assert [use["name"] for use in refused.value.details["uses"]] == ["any stage → Completed"]
    remove_field(field_of(process, "source"), confirmed=True, actor=SYSTEM)
    remove_field(field_of(process, "amount"), confirmed=True, actor=SYSTEM)
    row = create(process, employee)
    with pytest.raises(GatePending) as told:
        move_record(process, row.pk, to="completed", actor=employee)
    assert missing(told).keys() == {"refusals"}


def way(process: Process, actor: Actor, row: TypedRecord) -> str:
    """Why not to the last stage."""
    move = move_to(visible_access(actor, process), row, stage(process, "completed").pk)
    assert move is not None
    return move.why_not


def test_a_field_that_ones_role_only_reads_or_does_not_see_closes_the_way(process: Process, employee: Actor) -> None:
    gate(process, fields=["amount"])
    row, role = create(process, employee), next(iter(employee.role_ids))
    amount = field_of(process, "amount").pk
    for level, why in (
        (FieldLevel.READ, "Missing for “Completed”: Amount. Amount: You have no right to change this field."),
        (FieldLevel.HIDDEN, "Missing for “Completed”: a field that you may not see."),
        (FieldLevel.EDIT, ""),
    ):
        set_field_grants(process, {role: {amount: {None: level}}}, actor=SYSTEM)
        assert way(process, employee, row) == why


def test_a_condition_closes_the_way_only_where_nothing_of_it_is_ones_to_change(
    process: Process, employee: Actor
) -> None:
    asks = {"any": [{"field": "amount", "op": "ge", "value": 9}, {"field": "source", "op": "is", "value": "site"}]}
    gate(process, condition=asks, refusal="Too small.")
    row = create(process, employee)
    update_stage(stage(process, "received"), locked_fields=["amount"], actor=SYSTEM)
    assert way(process, employee, row) == ""
    update_stage(stage(process, "received"), locked_fields=["amount", "source"], actor=SYSTEM)
    locked = "Amount, Source: Nobody changes this field in the stage “Received”."
    assert way(process, employee, row) == f"Too small. {locked}"


def test_a_question_that_ones_own_answer_may_spare_leaves_the_way_open(process: Process, employee: Actor) -> None:
    asked = {"field": "source", "op": "is", "value": "site"}
    update_field(field_of(process, "amount"), changes={"visible_if": asked}, actor=SYSTEM)
    gate(process, fields=["amount"])
    update_stage(stage(process, "received"), locked_fields=["amount"], actor=SYSTEM)
    row = create(process, employee, source="site")
    assert way(process, employee, row) == ""
    moved = move_record(process, row.pk, to="completed", passing=Passing(values={"source": "phone"}), actor=employee)
    assert moved.stage.key == "completed"


def test_automation_passes_what_is_locked_for_people(process: Process, employee: Actor) -> None:
    gate(process, fields=["amount"])
    update_stage(stage(process, "received"), locked_fields=["amount"], actor=SYSTEM)
    row = create(process, employee)
    with pytest.raises(GatePending) as refused:
        move_record(process, row.pk, to="completed", actor=SYSTEM)
    assert set(missing(refused)) == {"fields", "can_override"}
    move_record(process, row.pk, to="completed", passing=Passing(values={"amount": 5}), actor=SYSTEM)
    assert where(row) == "completed"
