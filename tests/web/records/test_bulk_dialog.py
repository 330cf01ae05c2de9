"""The same change for many chosen records: what is offered to whom, what is done, what is said of refusals."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.drafts import GateDraft, ReasonDraft
from processes.models import FieldLevel, Operation, Process, Scope, Stage
from processes.operations import add_pipeline, set_field_grants, set_gate, set_grants, set_lost_reasons
from records.models import Record
from records.operations import create_record, move_record
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

HEAD = {**EMPLOYEE, **dict.fromkeys((Operation.UPDATE, Operation.MOVE, Operation.ASSIGN, Operation.DELETE), Scope.ALL)}
DONE = "records/_bulk_done.html"


@pytest.fixture
def process() -> Process:
    return make_process(moves=None)


@pytest.fixture
def head(process: Process) -> User:
    person = make_user("Hanna")
    set_grants(process, {make_role(people=(person,)).pk: HEAD}, actor=SYSTEM)
    return person


@pytest.fixture
def records(process: Process) -> list[int]:
    return [create_record(process, values={"title": f"R{n}"}, actor=SYSTEM).pk for n in range(3)]


def url(process: Process, action: str) -> str:
    return f"/p/{process.key}/bulk/{action}/"


def post(person: User, process: Process, action: str, ids: list[int], **data: Any) -> Any:
    headers = {"HX-Request": "true"}
    body = {"id": ids, "back": f"/p/{process.key}/list/", **data}
    return signed_in(person).post(url(process, action), body, headers=headers)


def rows(process: Process) -> dict[int, Any]:
    return {row.pk: row for row in model_for(definition_of(process)).objects.all()}


def stage_id(process: Process, key: str) -> int:
    return definition_of(process).stage(key).id


def test_all_are_moved_in_one_call(process: Process, head: User, records: list[int]) -> None:
    answer = post(head, process, "move", records, stage=stage_id(process, "in_work"), comment="", reason="")
    assert answer.headers["HX-Redirect"] == f"/p/{process.key}/list/"
    assert {row.stage.key for row in rows(process).values()} == {"in_work"}
    moved = Event.objects.filter(kind="record.moved")
    assert [event.actor_user_id for event in moved] == [head.pk] * 3
    assert not any(event.data.get("quiet") for event in moved)


def test_quiet_change_sets_nothing_off(process: Process, head: User, records: list[int]) -> None:
    post(head, process, "move", records[:1], stage=stage_id(process, "in_work"), quiet="on")
    assert Event.objects.get(kind="record.moved").data["quiet"] is True


def test_all_are_assigned_edited_and_deleted(process: Process, head: User, records: list[int]) -> None:
    post(head, process, "assign", records, value=str(head.pk))
    post(head, process, "edit", records, field="amount", value="7")
    amount = definition_of(process).field_by_key["amount"]
    assert {(row.assignee_id, row.value(amount)) for row in rows(process).values()} == {(head.pk, 7)}
    post(head, process, "edit", records[:1], field="amount", value="")
    assert [row.value(amount) for _pk, row in sorted(rows(process).items())] == [None, 7, 7]
    post(head, process, "delete", records[1:])
    assert {pk for pk, row in rows(process).items() if row.deleted_at is None} == {records[0]}


def test_what_is_refused_is_named_with_its_reason_and_the_rest_is_done(
    process: Process, head: User, records: list[int]
) -> None:
    set_gate(_stage(process, "completed"), GateDraft(fields=["amount"]), actor=SYSTEM)
    post(head, process, "edit", records[:1], field="amount", value="7")
    answer = post(head, process, "move", [*records, 10**9], stage=stage_id(process, "completed"))
    assert DONE in [template.name for template in answer.templates]
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert "1 record is changed." in text
    assert "There is no such record." in text
    assert [f">R{n}<" in text for n in range(3)] == [False, True, True]
    assert [row.stage.key for _pk, row in sorted(rows(process).items())] == ["completed", "received", "received"]


def test_reason_goes_along_into_a_failure(process: Process, head: User, records: list[int]) -> None:
    (reason,) = set_lost_reasons(
        _stage(process, "rejected").pipeline, [ReasonDraft("Too late")], is_required=True, actor=SYSTEM
    )
    post(head, process, "move", records[:1], stage=stage_id(process, "rejected"), reason=reason.pk)
    post(head, process, "move", records[1:2], stage=stage_id(process, "in_work"), reason=reason.pk)
    without = post(head, process, "move", records[2:], stage=stage_id(process, "rejected"))
    assert DONE in [template.name for template in without.templates]
    assert [row.stage.key for _pk, row in sorted(rows(process).items())] == ["rejected", "in_work", "received"]


def test_value_that_no_record_could_have_is_refused_at_its_input(
    process: Process, head: User, records: list[int]
) -> None:
    answer = post(head, process, "edit", records, field="amount", value="much")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "A number is expected." in text
    assert 'value="much"' in text
    assert Event.objects.filter(kind="record.updated").count() == 0


def test_records_of_others_are_refused_one_by_one_and_tell_nothing(
    process: Process, head: User, records: list[int]
) -> None:
    worker = make_user("Walter")
    own = create_record(process, values={"title": "Mine"}, actor=SYSTEM)
    Record.objects.filter(pk=own.pk).update(assignee=worker)
    model_for(definition_of(process)).objects.filter(pk=own.pk).update(assignee_id=worker.pk)
    rights = {Operation.VIEW: Scope.OWN, Operation.MOVE: Scope.OWN, Operation.BULK: Scope.ALL}
    set_grants(process, {make_role(people=(worker,)).pk: rights}, actor=SYSTEM)
    answer = post(worker, process, "move", [own.pk, *records], stage=stage_id(process, "in_work"))
    assert "R1" not in answer.content.decode()
    assert [row.stage.key for _pk, row in sorted(rows(process).items())] == [*["received"] * 3, "in_work"]


@pytest.mark.parametrize("action", ["move", "assign", "edit", "delete"])
def test_without_the_right_nothing_is_offered_or_done(process: Process, records: list[int], action: str) -> None:
    person = make_user("Rita")
    rights = {key: scope for key, scope in HEAD.items() if key != Operation.BULK}
    set_grants(process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    assert "data-pick" not in page(person, process)
    before = Event.objects.count()
    assert post(person, process, action, records, stage=stage_id(process, "in_work"), value="").status_code == 403
    assert Event.objects.count() == before


def test_only_what_one_may_do_is_offered(process: Process, head: User, records: list[int]) -> None:
    bar = page(head, process).partition("data-selection")[2].partition("data-unpick")[0]
    assert re.findall(r"bulk/(\w+)/", bar) == ["move", "assign", "edit", "delete"]
    assert re.findall(r"</svg>\s*([\w ]+?)\s*</button>", bar) == ["Move", "Assign", "Edit a field", "Delete"]
    person = make_user("Rita")
    rights = {Operation.VIEW: Scope.ALL, Operation.MOVE: Scope.OWN, Operation.BULK: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    offered = [f"bulk/{action}/" in page(person, process) for action in ("move", "assign", "edit", "delete")]
    assert offered == [True, False, False, False]


def test_field_that_one_may_not_write_is_not_offered(process: Process, head: User, records: list[int]) -> None:
    (role,) = actor_of(head).role_ids
    amount = definition_of(process).field_by_key["amount"]
    set_field_grants(process, {role: {amount.id: {None: FieldLevel.READ}}}, actor=SYSTEM)
    client: Client = signed_in(head)
    dialog = client.get(url(process, "edit"), {"id": records}, headers={"HX-Request": "true"}).content.decode()
    assert [f'value="{key}"' in dialog for key in ("amount", "source")] == [False, True]
    before = Event.objects.count()
    refused = post(head, process, "edit", records, field="amount", value="7")
    assert (refused.status_code, post(head, process, "edit", records, field="nothing").status_code) == (422, 404)
    assert Event.objects.count() == before


def page(person: User, process: Process) -> str:
    return signed_in(person).get(f"/p/{process.key}/list/").content.decode()


def _stage(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


def test_records_go_into_another_pipeline_stage_by_stage(process: Process, head: User, records: list[int]) -> None:
    service = add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)
    there = {stage.key: stage.pk for stage in service.stages.all()}
    move_record(process, records[0], to="in_work", actor=SYSTEM)
    dialog = signed_in(head).get(url(process, "move"), {"id": records, "into": "service"})
    lines = {stage.key: field.value() for _pipeline, stage, field in dialog.context["form"].places()}
    assert lines["in_work"] == str(there["in_work"])
    body = {f"place-{stage_id(process, key)}": there[key] for key in lines}
    body[f"place-{stage_id(process, 'in_work')}"] = there["completed"]
    post(head, process, "move", records, into="service", **body)
    assert [rows(process)[pk].stage_id for pk in records] == [
        there["completed"],
        there["received"],
        there["received"],
    ]


def test_stage_is_chosen_by_a_person_and_reasons_say_whose_they_are(
    process: Process, head: User, records: list[int]
) -> None:
    assert post(head, process, "move", records, stage="").status_code == 422
    service = add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)
    for pipeline in (process.pipelines.get(key="main"), service):
        set_lost_reasons(pipeline, [ReasonDraft("Price")], is_required=False, actor=SYSTEM)
    form = signed_in(head).get(url(process, "move"), {"id": records}).context["form"]
    assert [name for name, _reasons in form.fields["reason"].choices[1:]] == ["Main", "Service"]
    assert signed_in(head).get(url(process, "move"), {"id": records, "into": "nowhere"}).status_code == 404


def test_assignees_are_taken_away_only_where_somebody_says_so(process: Process, head: User, records: list[int]) -> None:
    post(head, process, "assign", records, value=str(head.pk))
    assert post(head, process, "assign", records).status_code == 422
    assert post(head, process, "assign", records, value=str(head.pk), nobody="on").status_code == 422
    assert {row.assignee_id for row in rows(process).values()} == {head.pk}
    post(head, process, "assign", records, nobody="on")
    assert {row.assignee_id for row in rows(process).values()} == {None}


def test_reason_goes_along_to_failures_alone_and_who_stands_there_stays(
    process: Process, head: User, records: list[int]
) -> None:
    service = add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)
    [reason] = set_lost_reasons(service, [ReasonDraft("Price")], is_required=True, actor=SYSTEM)
    there = {stage.key: stage.pk for stage in service.stages.all()}
    move_record(process, records[0], to="rejected", actor=SYSTEM)
    move_record(process, records[1], to=there["in_work"], actor=SYSTEM)
    versions = {pk: row.version for pk, row in rows(process).items()}
    body = {f"place-{stage_id(process, f'main.{key}')}": pk for key, pk in there.items()}
    post(head, process, "move", records, into="service", reason=str(reason.pk), **body)
    found = rows(process)
    assert [found[pk].stage_id for pk in records] == [there["rejected"], there["in_work"], there["received"]]
    assert found[records[1]].version == versions[records[1]]
