"""The dialog of a gate: what it asks, what it refuses, how it moves."""

from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import GateDraft, LineDraft, ReasonDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import set_gate, set_grants, set_lost_reasons, update_stage
from records.models import Comment
from records.operations import move_record
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_role, make_user
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db

ASKS = GateDraft(fields=["amount"], checklist=[LineDraft("Papers", "papers")], is_comment_required=True)


def stage(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


@pytest.fixture
def gated(process: Process) -> Process:
    set_gate(stage(process, "in_work"), ASKS, actor=SYSTEM)
    return process


@pytest.fixture
def record(gated: Process, employee: User, create: Create) -> int:
    return create("Paper", actor=actor_of(employee))


def where(process: Process, record: int) -> tuple[str, Any]:
    row = model_for(definition_of(process)).objects.get(pk=record)
    return row.stage.key, row.values()["amount"]


def test_a_move_that_meets_a_gate_answers_422_with_all_that_is_missing(
    gated: Process, employee: User, visit: Any, record: int
) -> None:
    body = {"stage": stage(gated, "in_work").pk, "version": 1}
    answer = visit(employee).send(f"/p/requests/records/{record}/move/", body)
    told = answer.json()["details"]["gate"]
    assert (answer.status_code, answer.json()["code"]) == (422, "gate")
    assert ([field["key"] for field in told["fields"]], told["comment"]) == (["amount"], True)
    assert where(gated, record) == ("received", None)


def test_the_dialog_asks_just_for_what_is_missing(gated: Process, employee: User, visit: Any, record: int) -> None:
    url = f"/p/requests/records/{record}/gate/"
    answer = visit(employee).get(url, part=True, stage=stage(gated, "in_work").pk)
    form = answer.context["form"]
    assert (answer.status_code, list(form.fields)) == (200, ["amount", "_checked", "_comment"])
    assert "Pass without it" not in text_of(answer)


def test_the_dialog_moves_with_what_was_filled_in(gated: Process, employee: User, visit: Any, record: int) -> None:
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(gated, "in_work").pk, "version": 1}
    half = visit(employee).post(url, {**typed, "amount": "12", "_comment": " "}, script=True)
    assert (half.status_code, half.json()["code"]) == (422, "gate")
    html = half.json()["details"]["html"]
    assert ("Confirm every line." in html, "Write a comment." in html, 'value="12"' in html) == (True, True, True)
    assert where(gated, record) == ("received", None)
    whole = {**typed, "amount": "12", "_comment": "Go", "_checked": "papers"}
    answer = visit(employee).post(url, whole, script=True)
    assert (answer.status_code, answer.json()["stage"]) == (200, typed["stage"])
    assert where(gated, record) == ("in_work", 12)


def test_a_wrong_value_is_told_at_its_input(gated: Process, employee: User, visit: Any, record: int) -> None:
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(gated, "in_work").pk, "version": 1}
    answer = visit(employee).post(url, {**typed, "amount": "twelve"}, script=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert 'aria-invalid="true"' in answer.json()["details"]["html"]


def test_who_comes_second_is_told_who_was_faster(gated: Process, employee: User, visit: Any, record: int) -> None:
    move_record(gated, record, to="rejected", actor=SYSTEM)
    move_record_back = stage(gated, "in_work").pk
    url = f"/p/requests/records/{record}/gate/"
    typed = {"stage": move_record_back, "version": 1, "amount": "1", "_comment": "x", "_checked": "papers"}
    answer = visit(employee).post(url, typed, script=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    assert where(gated, record) == ("rejected", None)


def test_a_condition_offers_the_fields_it_asks_about(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    condition = {"field": "amount", "op": "ge", "value": 100}
    set_gate(stage(process, "in_work"), GateDraft(condition=condition, refusal="At least 100."), actor=SYSTEM)
    record = create("Paper", actor=actor_of(employee), amount=5)
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(process, "in_work").pk, "version": 1}
    dialog = text_of(visit(employee).get(url, part=True, stage=typed["stage"]))
    assert ("At least 100." in dialog, 'name="amount"' in dialog) == (True, True)
    assert visit(employee).post(url, {**typed, "amount": "7"}, script=True).status_code == 422
    assert visit(employee).post(url, {**typed, "amount": "700"}, script=True).status_code == 200


def test_reasons_are_offered_and_one_must_be_chosen(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    drafts = [ReasonDraft("Price"), ReasonDraft("Silence")]
    price, _silence = set_lost_reasons(stage(process, "rejected").pipeline, drafts, is_required=True, actor=SYSTEM)
    record = create("Paper", actor=actor_of(employee))
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(process, "rejected").pk, "version": 1}
    assert "Silence" in text_of(visit(employee).get(url, part=True, stage=typed["stage"]))
    refused = visit(employee).post(url, typed, script=True)
    assert "Choose a reason." in refused.json()["details"]["html"]
    assert visit(employee).post(url, {**typed, "_reason": price.pk}, script=True).status_code == 200


def test_an_override_is_offered_to_those_who_may_and_needs_its_words(
    gated: Process, visit: Any, create: Create
) -> None:
    chief = make_user("Chief")
    rights = {**EMPLOYEE, Operation.MOVE: Scope.ALL, Operation.OVERRIDE: Scope.ALL}
    set_grants(gated, {make_role(people=(chief,)).pk: rights}, actor=SYSTEM)
    record = create("Paper", actor=actor_of(chief))
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(gated, "in_work").pk, "version": 1}
    assert "Pass without it" in text_of(visit(chief).get(url, part=True, stage=typed["stage"]))
    assert visit(chief).post(url, typed, script=True).status_code == 422
    assert visit(chief).post(url, {**typed, "_override": "Urgent"}, script=True).status_code == 200
    assert where(gated, record) == ("in_work", None)


def test_strangers_and_readers_find_no_dialog(
    gated: Process, employee: User, reader: User, stranger: User, visit: Any, record: int
) -> None:
    url, target = f"/p/requests/records/{record}/gate/", stage(gated, "in_work").pk
    assert visit(stranger).get(url, script=True, stage=target).status_code == 404
    assert visit(reader).post(url, {"stage": target, "_override": "Me"}, script=True).status_code == 403
    assert visit(employee).get(url, script=True, stage=10**9).status_code == 409


def test_the_card_says_what_a_move_asks_for(gated: Process, employee: User, visit: Any, record: int) -> None:
    page = text_of(visit(employee).get(f"/p/requests/records/{record}/"))
    assert "Missing for “In work”: Amount, confirm “Papers”, a comment." in page


def test_a_way_that_is_only_for_others_asks_for_nothing(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    only = GateDraft(fields=["amount"], is_comment_required=True, roles=[make_role("Lawyers").pk])
    set_gate(stage(process, "in_work"), only, actor=SYSTEM)
    url = f"/p/requests/records/{create('Paper', actor=actor_of(employee))}/gate/"
    page = text_of(visit(employee).get(url, part=True, stage=stage(process, "in_work").pk))
    assert "Only these roles may do it: Lawyers" in page
    assert "Save and move" not in page
    assert 'name="amount"' not in page


def test_a_way_that_one_cannot_pass_says_why_and_offers_nothing_to_send(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    set_gate(stage(process, "in_work"), GateDraft(fields=["amount"], is_comment_required=True), actor=SYSTEM)
    update_stage(stage(process, "received"), locked_fields=["amount"], actor=SYSTEM)
    record = create("Paper", actor=actor_of(employee))
    target = stage(process, "in_work").pk
    dialog = visit(employee).get(f"/p/requests/records/{record}/gate/", part=True, stage=target)
    why = "Amount: Nobody changes this field in the stage “Received”"
    assert (why in text_of(dialog), "Save and move" in text_of(dialog)) == (True, False)
    card = text_of(visit(employee).get(f"/p/requests/records/{record}/"))
    assert f"Missing for “In work”: Amount, a comment. {why}." in card
    assert f'data-moves-to="{target}"' not in card
    again = visit(employee).post(
        f"/p/requests/records/{record}/gate/", {"stage": target, "version": 1, "amount": "5"}, script=True
    )
    assert (again.status_code, why in again.json()["details"]["html"]) == (422, True)
    assert where(process, record) == ("received", None)


def test_an_override_stays_open_where_nothing_else_is(process: Process, visit: Any, create: Create) -> None:
    chief = make_user("Chief")
    rights = {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.ALL, Operation.OVERRIDE: Scope.ALL}
    set_grants(process, {make_role(people=(chief,)).pk: rights}, actor=SYSTEM)
    set_gate(stage(process, "in_work"), GateDraft(fields=["amount"], is_comment_required=True), actor=SYSTEM)
    record = create("Paper")
    url, typed = f"/p/requests/records/{record}/gate/", {"stage": stage(process, "in_work").pk, "version": 1}
    dialog = visit(chief).get(url, part=True, stage=typed["stage"])
    assert list(dialog.context["form"].fields) == ["_override"]
    assert "Comment: you have no right to write one" in text_of(dialog)
    assert visit(chief).post(url, {**typed, "_override": "Urgent"}, script=True).status_code == 200


def test_a_way_that_is_on_no_map_says_so_and_one_where_nothing_is_missing_too(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    url = f"/p/requests/records/{create('Paper', actor=actor_of(employee))}/gate/"
    off = text_of(visit(employee).get(url, part=True, stage=stage(process, "completed").pk))
    assert ("cannot go from “Received” to “Completed”" in off, "Save and move" in off) == (True, False)
    on = text_of(visit(employee).get(url, part=True, stage=stage(process, "in_work").pk))
    assert ("Nothing is missing any more." in on, "Save and move" in on) == (True, True)


def test_a_new_record_is_asked_for_what_the_gates_into_its_stage_want(
    gated: Process, employee: User, visit: Any
) -> None:
    there, begins = "/p/requests/new/", stage(gated, "in_work").pk
    form = visit(employee).get(there, stage=begins).context["form"]
    assert [field.name for field in form.rest] == ["_checked", "_comment"]
    assert not {name for name in form.raw_values() if name.startswith("_")}
    sent = {"stage": begins, "title": "Paper", "amount": "5"}
    told = visit(employee).post(there, sent)
    errors = told.context["form"].errors
    assert told.status_code == 422
    assert {"_checked", "_comment"} <= errors.keys()
    assert made_in(gated) == []
    assert visit(employee).post(there, {**sent, "_checked": ["papers"], "_comment": " "}).status_code == 422
    made = visit(employee).post(there, {**sent, "_checked": ["papers"], "_comment": "By phone"})
    assert (made.status_code, "novalidate" in told.content.decode()) == (302, False)
    assert made_in(gated) == ["in_work"]
    assert Comment.objects.get().text == "By phone"


def test_a_new_record_in_a_lost_stage_is_asked_for_its_reason(process: Process, employee: User, visit: Any) -> None:
    lost = stage(process, "rejected")
    set_lost_reasons(lost.pipeline, [ReasonDraft("Price"), ReasonDraft("Time")], is_required=True, actor=SYSTEM)
    sent = {"stage": lost.pk, "title": "Paper"}
    refused = visit(employee).post("/p/requests/new/", sent)
    assert (refused.status_code, "_reason" in refused.context["form"].errors) == (422, True)
    price = refused.context["form"].fields["_reason"].choices[0][0]
    assert visit(employee).post("/p/requests/new/", {**sent, "_reason": price}).status_code == 302
    assert made_in(process) == ["rejected"]


def test_a_quick_add_that_meets_a_gate_says_so_for_the_whole_form(gated: Process, employee: User, visit: Any) -> None:
    body = {"title": "Paper", "stage": stage(gated, "in_work").pk}
    answer = visit(employee).send("/p/requests/quick-add/", body)
    assert (answer.status_code, answer.json()["code"], "gate" in answer.json()["details"]) == (422, "gate", True)


def made_in(process: Process) -> list[str]:
    return [row.stage.key for row in model_for(definition_of(process)).objects.all()]


def test_a_new_record_passes_without_it_for_whoever_may_override(gated: Process, employee: User, visit: Any) -> None:
    grants = {**EMPLOYEE, Operation.OVERRIDE: Scope.OWN}
    set_grants(gated, dict.fromkeys(actor_of(employee).role_ids, grants), actor=SYSTEM)
    sent = {"stage": stage(gated, "in_work").pk, "title": "Paper", "_override": "The boss says so"}
    assert "novalidate" in visit(employee).get("/p/requests/new/", stage=sent["stage"]).content.decode()
    assert visit(employee).post("/p/requests/new/", sent).status_code == 302
    assert made_in(gated) == ["in_work"]
