"""The same change to all that a filter finds: what is touched, what is refused, how it ends, and the way back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.operations import create_department, create_token, revoke_token, set_department
from accounts.queries import actor_of_token
from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from events.models import Event
from events.relay import relay_batch
from notifications.models import Notification
from processes.definition import definition_of
from processes.drafts import FieldDraft, GateDraft, StageDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import add_pipeline, set_gate, set_grants, update_stage
from processes.permissions import visible_access
from records.bulk import worker
from records.models import BulkJob, BulkResult, BulkSelection, Record
from records.operations import RecordChange, create_record, update_record
from records.operations.bulk_jobs import begin_bulk, stop_bulk, undo_bulk
from records.queries.bulk_jobs import bulk_job_of, bulk_jobs_of, bulk_words, reasons_of, refused_of, undo_refusal
from records.queries.filters import condition_from
from records.queries.narrowing import NOTHING, Narrowing
from records.typed import model_for
from tests.factories import EMPLOYEE, FIELDS, STAGES, actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

HEAD = {
    **EMPLOYEE,
    **dict.fromkeys(
        (Operation.UPDATE, Operation.MOVE, Operation.ASSIGN, Operation.DELETE, Operation.RESTORE), Scope.ALL
    ),
}
Counts = tuple[str, int, int, int]


@pytest.fixture(autouse=True)
def small_batches(settings: Any) -> None:
    settings.BULK_CHUNK_RECORDS = 4


@pytest.fixture
def process() -> Process:
    return make_process(moves=None)


@pytest.fixture
def head(process: Process) -> User:
    person = make_user("Hanna")
    set_grants(process, {make_role("Head", people=(person,)).pk: HEAD}, actor=SYSTEM)
    return person


@pytest.fixture
def actor(head: User) -> Actor:
    return actor_of(head)


@pytest.fixture
def records(process: Process) -> list[int]:
    """Ten of them, with the amounts 0 to 9."""
    return [create_record(process, values={"title": f"R{n}", "amount": n}, actor=SYSTEM).pk for n in range(10)]


def at_least(process: Process, actor: Actor, amount: int) -> Narrowing:
    access = visible_access(actor, process)
    return Narrowing(condition_from(access, {"field": "amount", "op": "ge", "value": amount}))


def rows(process: Process) -> list[Any]:
    return list(model_for(definition_of(process)).objects.order_by("pk"))


def amounts(process: Process) -> list[Any]:
    field = definition_of(process).field_by_key["amount"]
    return [row.value(field) for row in rows(process)]


def stages(process: Process) -> list[str]:
    return [row.stage.key for row in rows(process)]


def done(job: BulkJob) -> Counts:
    """The job worked to its end: its state, and how many were changed, left and refused."""
    worker.turns.work_through(job.pk)
    job.refresh_from_db()
    return job.state, job.changed, job.unchanged, job.refused


def stage_of(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


def change_stage(process: Process, key: str, **changes: Any) -> None:
    stage = stage_of(process, key)
    given: dict[str, Any] = {"name": stage.name, "kind": stage.kind, "color": stage.color, **changes}
    update_stage(stage, **given, actor=SYSTEM)


def test_all_that_matched_at_the_beginning_are_changed_and_nothing_else(
    process: Process, actor: Actor, records: list[int]
) -> None:
    job = begin_bulk(process, RecordChange(to="in_work"), narrowing=at_least(process, actor, 3), actor=actor)
    late = create_record(process, values={"title": "Late", "amount": 9}, actor=SYSTEM)
    assert (job.state, job.total, BulkSelection.objects.get().ids) == ("running", 7, records[3:])
    update_record(process, records[9], values={"amount": 0}, actor=SYSTEM)
    assert done(job) == ("done", 7, 0, 0)
    assert stages(process) == [*["received"] * 3, *["in_work"] * 7, "received"]
    moved = Event.objects.filter(kind="record.moved")
    assert {(event.actor_kind, event.actor_user_id) for event in moved} == {("person", actor.user_id)}
    assert not any(event.data.get("quiet") for event in moved)
    assert late.pk not in BulkResult.objects.values_list("record_id", flat=True)


def test_each_kind_is_done_and_taken_back(process: Process, head: User, actor: Actor, records: list[int]) -> None:
    given = make_user("Gert")
    update_record(process, records[0], values={"assignee": given.pk}, actor=SYSTEM)
    first = [(row.values(), row.title, row.assignee_id, row.stage_id, row.deleted_at) for row in rows(process)]
    for change in (
        RecordChange(to=stage_of(process, "in_work").pk),
        RecordChange(values={"assignee": head.pk}),
        RecordChange(values={"amount": 70, "source": "site", "title": "Same"}),
        RecordChange(delete=True),
    ):
        job = begin_bulk(process, change, narrowing=NOTHING, actor=actor)
        assert done(job) == ("done", 10, 0, 0)
        now = [(row.values(), row.title, row.assignee_id, row.stage_id, row.deleted_at) for row in rows(process)]
        assert all(one != two for one, two in zip(first, now, strict=True))
        undo = undo_bulk(job, actor=actor)
        assert done(undo) == ("done", 10, 0, 0)
        now = [(row.values(), row.title, row.assignee_id, row.stage_id, row.deleted_at) for row in rows(process)]
        assert now == first


def test_record_goes_back_to_its_department_with_its_assignee(
    process: Process, actor: Actor, records: list[int]
) -> None:
    sales, north = (create_department(name=name, actor=SYSTEM) for name in ("Sales", "North"))
    anna, gert = make_user("Anna"), make_user("Gert")
    set_department(anna, department=sales, actor=SYSTEM)
    set_department(gert, department=sales, actor=SYSTEM)
    update_record(process, records[1], values={"assignee": gert.pk}, actor=SYSTEM)
    set_department(gert, department=north, actor=SYSTEM)
    update_record(process, records[2], values={"assignee": gert.pk}, actor=SYSTEM)
    first = [(row.assignee_id, row.department_id) for row in rows(process)]
    assert first[:3] == [(None, None), (gert.pk, sales.pk), (gert.pk, north.pk)]
    job = begin_bulk(process, RecordChange(values={"assignee": anna.pk}), narrowing=NOTHING, actor=actor)
    assert done(job) == ("done", 10, 0, 0)
    assert {row.department_id for row in rows(process)} == {sales.pk}
    assert done(undo_bulk(job, actor=actor)) == ("done", 10, 0, 0)
    assert [(row.assignee_id, row.department_id) for row in rows(process)] == first
    kept = Record.objects.filter(process=process).order_by("pk").values_list("assignee_id", "department_id")
    assert list(kept) == first


def test_what_was_so_already_is_neither_changed_nor_taken_back(
    process: Process, actor: Actor, records: list[int]
) -> None:
    update_record(process, records[5], values={"amount": 4}, actor=SYSTEM)
    job = begin_bulk(process, RecordChange(values={"amount": "4"}), narrowing=at_least(process, actor, 4), actor=actor)
    assert done(job) == ("done", 4, 2, 0)
    assert done(undo_bulk(job, actor=actor)) == ("done", 4, 0, 0)
    assert amounts(process) == [0, 1, 2, 3, 4, 4, 6, 7, 8, 9]


def test_refused_ones_stay_and_are_listed_with_their_reason(process: Process, actor: Actor, records: list[int]) -> None:
    set_gate(stage_of(process, "completed"), GateDraft(fields=["comment"]), actor=SYSTEM)
    update_record(process, records[2], values={"comment": "ready"}, actor=SYSTEM)
    job = begin_bulk(process, RecordChange(to="completed"), narrowing=NOTHING, actor=actor)
    assert done(job) == ("done", 1, 0, 9)
    assert stages(process).count("completed") == 1
    [(reason, number)] = reasons_of(job)
    assert number == 9
    access = visible_access(actor, process)
    page = refused_of(access, job, limit=5)
    assert [(one.title, one.reason) for one in page.items] == [(f"R{n}", reason) for n in (0, 1, 3, 4, 5)]
    assert [one.title for one in refused_of(access, job, after=page.next or 0).items] == ["R6", "R7", "R8", "R9"]


def test_hard_limit_of_a_stage_holds_for_the_whole(process: Process, actor: Actor, records: list[int]) -> None:
    change_stage(process, "in_work", limit=6, is_limit_hard=True)
    job = begin_bulk(process, RecordChange(to="in_work"), narrowing=NOTHING, actor=actor)
    assert done(job) == ("done", 6, 0, 4)
    assert stages(process).count("in_work") == 6


def test_locked_field_is_refused_record_by_record(process: Process, actor: Actor, records: list[int]) -> None:
    change_stage(process, "completed", locked_fields=["amount"])
    moved = begin_bulk(process, RecordChange(to="completed"), narrowing=at_least(process, actor, 8), actor=actor)
    done(moved)
    job = begin_bulk(process, RecordChange(values={"amount": 1}), narrowing=at_least(process, actor, 7), actor=actor)
    assert done(job) == ("done", 1, 0, 2)
    assert [reason for reason, _number in reasons_of(job)] == ["Nobody changes this field in the stage “Completed”."]


def test_what_has_changed_since_is_left_as_it_is(process: Process, actor: Actor, records: list[int]) -> None:
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    done(job)
    update_record(process, records[1], values={"source": "site"}, actor=SYSTEM)
    update_record(process, records[2], values={"amount": 5}, actor=SYSTEM)
    undo = undo_bulk(job, actor=actor)
    assert done(undo) == ("done", 8, 0, 2)
    assert amounts(process) == [0, 70, 5, *range(3, 10)]
    assert reasons_of(undo) == [("It has been changed since.", 2)]


def test_undo_needs_what_the_change_needed_and_runs_under_the_rights_of_now(
    process: Process, head: User, actor: Actor, records: list[int]
) -> None:
    job = begin_bulk(process, RecordChange(delete=True), narrowing=NOTHING, actor=actor)
    done(job)
    role = next(iter(actor.role_ids))
    set_grants(process, {role: {**HEAD, Operation.RESTORE: Scope.NONE}}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        undo_bulk(job, actor=actor_of(head))
    set_grants(process, {role: {**HEAD, Operation.BULK: Scope.NONE}}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        undo_bulk(job, actor=actor_of(head))
    assert not BulkJob.objects.filter(kind="undo").exists()


def test_undo_comes_once_and_in_time(process: Process, actor: Actor, records: list[int]) -> None:
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    with pytest.raises(Conflict, match="still at work"):
        undo_bulk(job, actor=actor)
    done(job)
    undo = undo_bulk(job, actor=actor)
    with pytest.raises(Conflict, match="taken back already"):
        undo_bulk(job, actor=actor)
    done(undo)
    with pytest.raises(Conflict, match="nothing to take back"):
        undo_bulk(undo, actor=actor)
    with pytest.raises(IntegrityError, match="bulk_undone_once"), transaction.atomic():
        BulkJob.objects.create(process=process, user_id=actor.user_id, kind="undo", undoes=job)
    other = begin_bulk(process, RecordChange(values={"amount": 71}), narrowing=NOTHING, actor=actor)
    done(other)
    BulkJob.objects.filter(pk=other.pk).update(finished_at=Now() - timedelta(hours=24))
    with pytest.raises(Conflict, match="too long ago"):
        undo_bulk(other, actor=actor)


def test_stopped_undo_is_taken_up_again(process: Process, actor: Actor, records: list[int]) -> None:
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    done(job)
    first = undo_bulk(job, actor=actor)
    claimed = worker.turns.claim()
    assert claimed is not None
    assert worker._step(claimed)
    stop_bulk(first, actor=actor)
    second = undo_bulk(job, actor=actor)
    assert second.total == 6
    assert done(second) == ("done", 6, 0, 0)
    assert amounts(process) == list(range(10))


def test_stop_keeps_what_is_changed_and_the_late_worker_writes_nothing(
    process: Process, actor: Actor, records: list[int]
) -> None:
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    claimed = worker.turns.claim()
    assert claimed is not None
    assert worker._step(claimed)
    stop_bulk(job, actor=actor)
    worker._work_on(claimed, lambda: True)
    job.refresh_from_db()
    assert (job.state, job.changed, amounts(process).count(70)) == ("stopped", 4, 4)
    with pytest.raises(Conflict):
        stop_bulk(job, actor=actor)
    assert done(undo_bulk(job, actor=actor)) == ("done", 4, 0, 0)
    assert amounts(process) == list(range(10))


@pytest.mark.parametrize(
    ("lost", "state"), [(Operation.UPDATE, ("done", 4, 0, 6)), (Operation.BULK, ("failed", 4, 0, 0))]
)
def test_right_that_is_taken_in_the_middle_ends_what_it_allowed(
    process: Process, actor: Actor, records: list[int], lost: str, state: Counts
) -> None:
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    claimed = worker.turns.claim()
    assert claimed is not None
    assert worker._step(claimed)
    set_grants(process, {next(iter(actor.role_ids)): {**HEAD, lost: Scope.NONE}}, actor=SYSTEM)
    worker._work_on(claimed, lambda: True)
    job.refresh_from_db()
    assert (job.state, job.changed, job.unchanged, job.refused) == state
    assert amounts(process).count(70) == 4
    assert job.state == "done" or "change many" in job.error


def test_rights_are_asked_before_anything_begins(process: Process, head: User, records: list[int]) -> None:
    role = next(iter(actor_of(head).role_ids))
    change = RecordChange(values={"amount": 70})
    for lost in (Operation.BULK, Operation.UPDATE):
        set_grants(process, {role: {**HEAD, lost: Scope.NONE}}, actor=SYSTEM)
        with pytest.raises(NotAllowed):
            begin_bulk(process, change, narrowing=NOTHING, actor=actor_of(head))
    with pytest.raises(NotFound):
        begin_bulk(process, change, narrowing=NOTHING, actor=actor_of(make_user()))
    assert not BulkJob.objects.exists()


def test_only_what_one_sees_is_chosen(process: Process, records: list[int]) -> None:
    worker_ = make_user("Walter")
    role = make_role("Workers", people=(worker_,))
    set_grants(process, {role.pk: {**EMPLOYEE, Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    own = create_record(process, values={"title": "Mine", "assignee": worker_.pk}, actor=SYSTEM)
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor_of(worker_))
    assert (job.total, BulkSelection.objects.get().ids) == (1, [own.pk])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amount": "much"}, "A number is expected."),
        ({"nothing": 1}, "There is no such field."),
        ({"double": 1}, "This value is computed; it cannot be written."),
        ({}, "Say what is to be changed."),
    ],
)
def test_what_no_record_could_take_is_refused_at_once(values: dict[str, Any], message: str) -> None:
    formula = FieldDraft("Double", "formula", key="double", settings={"formula": "amount * 2"})
    process = make_process(fields=(*FIELDS, formula))
    create_record(process, values={"title": "R"}, actor=SYSTEM)
    with pytest.raises(Invalid) as refused:
        begin_bulk(process, RecordChange(values=values), narrowing=NOTHING, actor=actor_of(make_admin()))
    assert [str(text) for texts in refused.value.fields.values() for text in texts] == [message]
    assert not BulkJob.objects.exists()


def test_nothing_and_too_much_are_refused(process: Process, actor: Actor, records: list[int], settings: Any) -> None:
    with pytest.raises(Invalid, match="No record matches"):
        begin_bulk(process, RecordChange(delete=True), narrowing=at_least(process, actor, 99), actor=actor)
    settings.BULK_MOST_RECORDS = 9
    with pytest.raises(Invalid, match="more than 9 records"):
        begin_bulk(process, RecordChange(delete=True), narrowing=NOTHING, actor=actor)
    assert not Event.objects.filter(kind="bulk.requested").exists()


def test_asker_is_told_and_sees_it_as_administrators_do_and_nobody_else(
    process: Process, head: User, actor: Actor, records: list[int]
) -> None:
    other = make_user("Olga")
    set_grants(process, {make_role("Others", people=(other,)).pk: HEAD}, actor=SYSTEM)
    job = begin_bulk(process, RecordChange(to="in_work"), narrowing=NOTHING, actor=actor.quieted())
    done(job)
    while relay_batch().events:
        pass
    [told] = Notification.objects.all()
    assert (told.user_id, told.kind, told.title) == (head.pk, "bulk", "Move to “In work”")
    assert told.text == "It is done. Changed: 10, as they were: 0, refused: 0."
    assert all(event.data["quiet"] for event in Event.objects.filter(kind="record.moved"))
    for person, sees in ((head, True), (make_admin(), True), (other, False)):
        access = visible_access(actor_of(person), process)
        assert [one.pk for one in bulk_jobs_of(access)] == ([job.pk] if sees else [])
    with pytest.raises(NotFound):
        bulk_job_of(visible_access(actor_of(other), process), job.pk)
    with pytest.raises(NotFound):
        stop_bulk(job, actor=actor_of(other))


def test_asker_is_told_where_somebody_else_stops_it(
    process: Process, head: User, actor: Actor, records: list[int]
) -> None:
    admin = make_admin()
    for stopper in (actor, actor_of(admin)):
        job = begin_bulk(process, RecordChange(values={"assignee": head.pk}), narrowing=NOTHING, actor=actor)
        claimed = worker.turns.claim()
        assert claimed is not None
        assert worker._step(claimed)
        stop_bulk(job, actor=stopper)
    while relay_batch().events:
        pass
    [told] = Notification.objects.filter(kind="bulk")
    assert (told.user_id, told.title, told.actor_label) == (head.pk, "Assign to Hanna", admin.name)
    assert told.text == f"{admin.name} has stopped it. Changed: 0, as they were: 4, refused: 0."


def test_token_that_is_revoked_in_the_middle_ends_what_it_asked_for(
    process: Process, head: User, records: list[int]
) -> None:
    token, _secret = create_token(head, name="t", scopes=("read", "write"), actor=actor_of(head))
    actor = actor_of_token(token.pk)
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    claimed = worker.turns.claim()
    assert claimed is not None
    assert worker._step(claimed)
    revoke_token(token, actor=actor_of(head))
    worker._work_on(claimed, lambda: True)
    job.refresh_from_db()
    assert (job.state, job.changed, amounts(process).count(70)) == ("failed", 4, 4)
    assert job.error == "The token has expired or was revoked."


def test_words_say_what_is_done_and_hide_what_one_may_not_know(
    process: Process, head: User, actor: Actor, records: list[int]
) -> None:
    access = visible_access(actor, process)
    said: Callable[[RecordChange], str] = lambda change: bulk_words(  # noqa: E731
        access, begin_bulk(process, change, narrowing=NOTHING, actor=actor)
    )
    assert said(RecordChange(values={"assignee": str(head.pk)})) == "Assign to Hanna"
    assert said(RecordChange(values={"assignee": None})) == "Assign to nobody"
    assert said(RecordChange(values={"amount": "7", "source": None})) == "Amount: 7; Source: —"
    job = begin_bulk(process, RecordChange(delete=True), narrowing=NOTHING, actor=actor)
    done(job)
    undo = undo_bulk(job, actor=actor)
    assert (bulk_words(access, job), bulk_words(access, undo)) == ("Delete", "Undo: Delete")
    assert undo_refusal(undo) == "It is still at work."


def test_a_batch_takes_as_many_statements_beside_its_records_for_four_as_for_one(
    process: Process, actor: Actor, records: list[int], settings: Any
) -> None:
    counted: dict[int, int] = {}
    job = begin_bulk(process, RecordChange(values={"amount": 70}), narrowing=NOTHING, actor=actor)
    claimed = worker.turns.claim()
    assert claimed is not None
    for size in (1, 1, 2, 4):
        settings.BULK_CHUNK_RECORDS = size
        with CaptureQueriesContext(connection) as captured:
            worker._step(claimed)
        counted[size] = len(captured)
    each = counted[2] - counted[1]
    assert counted[4] == counted[1] + 3 * each
    assert (counted[1] - each, each) == (11, 6)
    assert job.total == 10


def test_words_name_the_stage_that_is_meant_and_none_that_is_closed_to_the_reader(process: Process, head: User) -> None:
    hush = StageDraft("Quietone", key="quietone")
    add_pipeline(process, name="Hush", stages=[hush, *STAGES[2:]], actor=SYSTEM)
    start = StageDraft("Start2", key="quietone")
    add_pipeline(process, name="Open", key="open", stages=[start, *STAGES[2:]], is_open=True, actor=SYSTEM)
    access = visible_access(actor_of(head), process)

    def words(to: int | str) -> str:
        passing = {"comment": "", "checked": [], "reason": None, "override": ""}
        return bulk_words(access, BulkJob(kind="move", change={"to": to, "places": [], "passing": passing}))

    assert words("open.quietone") == words("quietone") == "Move to “Start2”"
    assert words(stage_of(process, "in_work").pk) == "Move to “In work”"
    assert words("hush.quietone") == words("nowhere") == "Move to “…”"


def test_state_of_others_stays_guarded_while_one_is_loaded_anew(process: Process, head: User) -> None:
    one, other = (
        BulkJob.objects.create(process=process, user=head, kind="delete", change={}, total=0) for _number in range(2)
    )

    class Meanwhile(BulkJob.objects.all().__class__):  # type: ignore[misc]
        """Somebody else works on a row while one is loaded."""

        def get(self, *args: Any, **kwargs: Any) -> Any:
            with pytest.raises(AttributeError):
                other.state = BulkJob.State.DONE
            return super().get(*args, **kwargs)

    one.refresh_from_db(from_queryset=Meanwhile(BulkJob))
    with pytest.raises(AttributeError):
        one.state = BulkJob.State.DONE
