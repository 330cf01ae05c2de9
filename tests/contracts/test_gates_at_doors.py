"""No door passes a gate that is closed: every term at every door, and chance against a plain rule."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.drafts import TriggerDraft
from automation.models import Run, State
from automation.operations import create_trigger, retry_run
from core.actor import SYSTEM
from core.errors import SmartCRMError
from notifications.models import Notification
from processes.definition import definition_of
from processes.drafts import GateDraft, LineDraft, ReasonDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import remove_gate, set_gate, set_grants, set_lost_reasons
from records.exchange.worker import work_through
from records.gates import Passing
from records.models import StageVisit
from records.operations import GatePending, create_record, move_record, update_record
from records.operations.imports import begin_import, check_import, plan_import, run_import
from records.typed import TypedRecord, model_for
from tests.api.conftest import client_of
from tests.automation.helpers import make_robot, settle, stage_of
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
RIGHTS = {**EMPLOYEE, Operation.IMPORT: Scope.ALL, Operation.UPDATE: Scope.ALL, Operation.MOVE: Scope.ALL}


@pytest.fixture
def process() -> Process:
    return make_process(moves=None, key="requests")


@pytest.fixture
def anna(process: Process) -> User:
    """May everything that employees may, and import."""
    person = make_user("Anna")
    role, robots = make_role(people=(person,)), Role.objects.get(key=ROBOTS_ROLE_KEY)
    set_grants(process, {role.pk: RIGHTS, robots.pk: RIGHTS}, actor=SYSTEM)
    return person


def stage_id(process: Process, key: str) -> int:
    return definition_of(process).stage(key).id


def where(process: Process, row_id: int) -> str:
    return model_for(definition_of(process)).objects.get(pk=row_id).stage.key


TERMS: dict[str, Callable[[], GateDraft]] = {
    "fields": lambda: GateDraft(fields=["amount"]),
    "condition": lambda: GateDraft(condition={"field": "amount", "op": "ge", "value": 1000}),
    "checklist": lambda: GateDraft(checklist=[LineDraft("Papers", "papers")]),
    "comment": lambda: GateDraft(is_comment_required=True),
    "roles": lambda: GateDraft(roles=[make_role("Lawyers").pk]),
}
Door = Callable[[Process, User, int, str], object]


def by_operation(process: Process, anna: User, row_id: int, to: str) -> None:
    with pytest.raises(GatePending):
        move_record(process, row_id, to=to, actor=actor_of(anna))


def by_board(process: Process, anna: User, row_id: int, to: str) -> None:
    body = {"stage": stage_id(process, to), "version": 1}
    url = f"/p/requests/records/{row_id}/move/"
    answer = signed_in(anna).post(url, body, content_type="application/json", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "gate")


def by_dialog(process: Process, anna: User, row_id: int, to: str) -> None:
    body = {"stage": stage_id(process, to), "version": 1, "_override": "I want it"}
    answer = signed_in(anna).post(f"/p/requests/records/{row_id}/gate/", body, headers=JSON)
    assert answer.status_code in (403, 422)


def by_rest(process: Process, anna: User, row_id: int, to: str) -> None:
    answer = client_of(anna).call("post", f"/processes/requests/records/{row_id}/move/", {"stage": to})
    assert (answer.status_code, answer.json()["code"]) == (400, "gate")


def by_bulk(process: Process, anna: User, row_id: int, to: str) -> None:
    body = {"operations": [{"op": "move", "id": row_id, "stage": to}]}
    answer = client_of(anna).call("post", "/processes/requests/records/bulk/", body)
    assert answer.json()["results"][0]["error"]["code"] == "gate"


def imported(process: Process, anna: User, content: str, **plan: Any) -> tuple[int, int, int]:
    actor = actor_of(anna)
    job = begin_import(process, name="f.csv", content=content.encode(), actor=actor)
    job = plan_import(job, actor=actor, **{"targets": job.targets, **plan})
    check_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    told = (job.created, job.updated, job.rejected)
    run_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    assert told == (job.created, job.updated, job.rejected)
    return told


def by_import(process: Process, anna: User, row_id: int, to: str) -> None:
    name = definition_of(process).stage(to).name
    assert imported(process, anna, f"Number,Stage\n{row_id},{name}\n", key="id", targets=["id", "stage"]) == (0, 0, 1)


def by_robot(process: Process, anna: User, row_id: int, to: str) -> None:
    make_robot(process, "change_stage", {"stage": to}, stage="in_work")
    move_record(process, row_id, to="in_work", actor=SYSTEM)
    settle()
    run = Run.objects.get()
    assert (run.state, run.error_code, where(process, row_id)) == (State.BLOCKED, "gate", "in_work")
    assert run.error in Notification.objects.get(user=anna, kind="blocked").text
    move_record(process, row_id, to="received", actor=SYSTEM)


def by_trigger(process: Process, anna: User, row_id: int, to: str) -> None:
    draft = TriggerDraft(kind="field_changed", settings={"fields_watched": ["comment"]}, name="Commented")
    create_trigger(stage_of(process, to), draft, actor=SYSTEM)
    update_record(process, row_id, values={"comment": "Now"}, actor=SYSTEM)
    settle()
    assert (Run.objects.get().state, Run.objects.get().error_code) == (State.BLOCKED, "gate")


DOORS: tuple[Door, ...] = (
    by_operation,
    by_board,
    by_dialog,
    by_rest,
    by_bulk,
    by_import,
    by_robot,
    by_trigger,
)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("term", TERMS)
def test_every_door_keeps_every_term(process: Process, anna: User, term: str, door: Door) -> None:
    set_gate(stage_of(process, "completed"), TERMS[term](), actor=SYSTEM)
    row = create_record(process, values={"title": "A", "assignee": anna.pk}, actor=actor_of(anna))
    door(process, anna, row.pk, "completed")
    assert where(process, row.pk) == "received"


@pytest.mark.parametrize("door", DOORS)
def test_every_door_asks_for_the_reason_of_a_failure(process: Process, anna: User, door: Door) -> None:
    pipeline = stage_of(process, "rejected").pipeline
    set_lost_reasons(pipeline, [ReasonDraft("Price")], is_required=True, actor=SYSTEM)
    row = create_record(process, values={"title": "A", "assignee": anna.pk}, actor=actor_of(anna))
    door(process, anna, row.pk, "rejected")
    assert where(process, row.pk) == "received"


@pytest.mark.parametrize("term", TERMS)
def test_every_door_for_new_records_keeps_every_term(process: Process, anna: User, term: str) -> None:
    set_gate(stage_of(process, "completed"), TERMS[term](), actor=SYSTEM)
    with pytest.raises(GatePending):
        create_record(process, values={"title": "A"}, stage="completed", actor=actor_of(anna))
    body: dict[str, Any] = {"title": "A", "stage": stage_id(process, "completed")}
    quick = signed_in(anna).post("/p/requests/quick-add/", body, content_type="application/json", headers=JSON)
    form = signed_in(anna).post("/p/requests/new/", body)
    record = {"title": "A", "stage": "completed"}
    single = client_of(anna).call("post", "/processes/requests/records/", record)
    bulk = client_of(anna).call(
        "post", "/processes/requests/records/bulk/", {"operations": [{"op": "create", "record": record}]}
    )
    assert [answer.status_code for answer in (quick, form, single)] == [422, 422, 400]
    assert bulk.json()["results"][0]["status"] == 400
    assert imported(process, anna, "Title,Stage\nA,Completed\n") == (0, 0, 1)
    assert not model_for(definition_of(process)).objects.exists()


def test_a_blocked_run_goes_through_when_it_is_tried_again_after_the_gap_is_filled(
    process: Process, anna: User
) -> None:
    set_gate(stage_of(process, "completed"), GateDraft(fields=["amount"]), actor=SYSTEM)
    make_robot(process, "change_stage", {"stage": "completed"}, stage="received")
    row = create_record(process, values={"title": "A", "assignee": anna.pk}, actor=SYSTEM)
    settle()
    run = Run.objects.get()
    assert "Amount" in run.error
    update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    retry_run(run, actor=SYSTEM)
    settle()
    run.refresh_from_db()
    assert (run.state, where(process, row.pk)) == (State.SUCCEEDED, "completed")


class Chance:
    """A gate by chance and what somebody brings to it by chance, with the rule in plain Python."""

    def __init__(self, dice: random.Random, process: Process, anna: User) -> None:
        self.dice = dice
        asks = {name for name in ("fields", "condition", "checklist", "comment", "roles") if dice.random() < 0.4}
        self.asks = asks or {"comment"}
        self.own_role = make_role(people=(anna,)) if dice.random() < 0.5 else make_role()
        self.is_own = anna.pk in {user.pk for user in self.own_role.people}
        self.amount = dice.choice([None, 5, 5000])
        self.brought = dice.choice([None, None, 7, 7000])
        self.comment = dice.choice(["", "  ", "Because"])
        self.checked = dice.choice([frozenset(), frozenset({"papers"}), frozenset({"papers", "stamp"})])

    def draft(self) -> GateDraft:
        asks = self.asks
        return GateDraft(
            fields=["amount"] if "fields" in asks else [],
            condition={"field": "amount", "op": "ge", "value": 1000} if "condition" in asks else None,
            checklist=[LineDraft("Papers", "papers"), LineDraft("Stamp", "stamp")] if "checklist" in asks else [],
            is_comment_required="comment" in asks,
            roles=[self.own_role.pk] if "roles" in asks else [],
        )

    def passing(self) -> Passing:
        values = {} if self.brought is None else {"amount": self.brought}
        return Passing(values, self.comment, self.checked if "checklist" in self.asks else frozenset())

    def is_open(self) -> bool:
        amount = self.amount if self.brought is None else self.brought
        held = {
            "fields": amount is not None,
            "condition": amount is not None and amount >= 1000,
            "checklist": self.checked == {"papers", "stamp"},
            "comment": bool(self.comment.strip()),
            "roles": self.is_own,
        }
        return all(held[name] for name in self.asks)


def test_chance_passes_where_the_rule_says_open_and_nowhere_else(process: Process, anna: User) -> None:
    dice = random.Random(20261124)
    verdicts = []
    for _case in range(60):
        chance = Chance(dice, process, anna)
        gate = set_gate(stage_of(process, "completed"), chance.draft(), actor=SYSTEM)
        actor, values = actor_of(anna), {"title": "A", "amount": chance.amount}
        row = create_record(process, values=values, actor=actor)
        passed = _passes(process, row, actor, chance.passing())
        assert passed is chance.is_open(), (chance.asks, vars(chance))
        assert (where(process, row.pk) == "completed") is passed
        verdicts.append(passed)
        remove_gate(gate, actor=SYSTEM)
    assert 10 < sum(verdicts) < 50


def _passes(process: Process, row: TypedRecord, actor: Any, passing: Passing) -> bool:
    try:
        move_record(process, row.pk, to="completed", passing=passing, actor=actor)
    except SmartCRMError:
        return False
    return True


def test_a_stay_that_a_gate_refused_was_never_begun(process: Process, anna: User) -> None:
    set_gate(stage_of(process, "completed"), GateDraft(fields=["amount"]), actor=SYSTEM)
    row = create_record(process, values={"title": "A"}, actor=actor_of(anna))
    by_operation(process, anna, row.pk, "completed")
    received = Stage.objects.get(pipeline__process=process, key="received")
    assert [visit.stage_id for visit in StageVisit.objects.filter(record_id=row.pk)] == [received.pk]
