"""Several pipelines in a process; stages that are copied, put between, and go with a target for their records."""

from datetime import timedelta

import pytest

from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft, StageDraft
from processes.models import Field, Gate, Grant, Operation, Pipeline, Process, Scope, Stage
from processes.operations import (
    add_field,
    add_pipeline,
    add_stage,
    duplicate_stage,
    leaving,
    remove_pipeline,
    remove_stage,
    reorder_pipelines,
    set_grants,
    update_pipeline,
    update_stage,
)
from processes.permissions import access_for
from processes.queries import usage_of, visible_pipelines
from records.models import Record, StageVisit
from records.operations import create_record, delete_record
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


def stage_of(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


def keys_of(pipeline: Pipeline) -> list[str]:
    return list(pipeline.stages.values_list("key", flat=True))


def test_pipeline_begins_with_ordinary_stages_and_a_key_from_its_name(process: Process) -> None:
    pipeline = add_pipeline(process, name="Обслуживание", actor=SYSTEM)
    assert pipeline.key == "obsluzhivanie"
    assert keys_of(pipeline) == ["new", "in_work", "completed", "rejected"]
    assert [found.key for found in definition_of(process).pipelines] == ["main", "obsluzhivanie"]
    assert Event.objects.filter(kind="pipeline.added").count() == 1


def test_pipeline_like_another_has_its_stages_moves_and_gates(process: Process) -> None:
    main = process.pipelines.get()
    update_stage(
        stage_of(process, "in_work"),
        actor=SYSTEM,
        name="In work",
        kind="open",
        color="amber",
        limit=3,
        is_limit_hard=True,
        time_limit=timedelta(hours=2),
    )
    gate = Gate.objects.create(target=stage_of(process, "completed"), refusal="No", is_comment_required=True)
    gate.fields.set(Field.objects.filter(process=process, key="amount"))
    copy = add_pipeline(process, name="Second", like=main, actor=SYSTEM)
    first, second = definition_of(process).pipelines
    assert [(s.key, s.kind, s.color, s.limit, s.is_limit_hard, s.time_limit) for s in first.stages] == [
        (s.key, s.kind, s.color, s.limit, s.is_limit_hard, s.time_limit) for s in second.stages
    ]
    names = {stage.id: stage.key for stage in (*first.stages, *second.stages)}
    by_name = [
        {names[source]: {names[target] for target in targets} for source, targets in found.targets.items()}
        for found in (first, second)
    ]
    assert by_name[0] == by_name[1]
    assert [(names[gate.target_id], gate.is_comment_required) for gate in second.gates] == [("completed", True)]
    assert second.gates[0].field_ids == first.gates[0].field_ids
    assert copy.stages.count() == 4


def test_new_pipeline_is_closed_until_access_is_set_unless_it_is_opened(process: Process) -> None:
    person = make_user()
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    closed = add_pipeline(process, name="Closed", actor=SYSTEM)
    opened = add_pipeline(process, name="Open", is_open=True, actor=SYSTEM)
    access = access_for(actor_of(person), process.pk)
    assert not any(access.reach(Operation.VIEW, stage.pk) for stage in closed.stages.all())
    assert all(access.reach(Operation.VIEW, stage.pk).scope == Scope.ALL for stage in opened.stages.all())
    assert not Grant.objects.filter(pipeline=opened).exists()


def test_pipeline_without_a_visible_stage_is_not_shown(process: Process) -> None:
    person = make_user()
    role = make_role(people=(person,))
    seeing = {Operation.VIEW: Scope.ALL}
    set_grants(process, {role.pk: seeing}, actor=SYSTEM)
    add_pipeline(process, name="Closed", actor=SYSTEM)
    assert [found.key for found in visible_pipelines(access_for(actor_of(person), process.pk))] == ["main"]
    assert len(visible_pipelines(access_for(SYSTEM, process.pk))) == 2


def test_pipelines_are_renamed_and_put_in_order(process: Process) -> None:
    second = add_pipeline(process, name="Second", actor=SYSTEM)
    update_pipeline(second, name="Service", actor=SYSTEM)
    reorder_pipelines(process, ["second", "main"], actor=SYSTEM)
    definition = definition_of(process)
    assert [found.name for found in definition.pipelines] == ["Service", "Main"]
    assert create_record(process, values={"title": "x"}, actor=SYSTEM).pipeline_id == second.pk
    with pytest.raises(Invalid):
        reorder_pipelines(process, ["second"], actor=SYSTEM)


def test_process_without_stages_takes_no_pipeline_and_no_stage() -> None:
    process = make_process(has_stages=False, stages=(), moves=None)
    with pytest.raises(Conflict):
        add_pipeline(process, name="Second", actor=SYSTEM)
    with pytest.raises(Conflict):
        add_stage(process.pipelines.get(), StageDraft("More"), actor=SYSTEM)


def test_only_designers_change_pipelines(process: Process) -> None:
    person = make_user()
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    actor, main = actor_of(person), process.pipelines.get()
    for attempt in (
        lambda: add_pipeline(process, name="x", actor=actor),
        lambda: update_pipeline(main, name="x", actor=actor),
        lambda: reorder_pipelines(process, ["main"], actor=actor),
        lambda: remove_pipeline(main, actor=actor),
        lambda: duplicate_stage(stage_of(process, "in_work"), actor=actor),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_removed_pipeline_gives_its_records_away_by_stage(process: Process) -> None:
    second = add_pipeline(process, name="Second", actor=SYSTEM)
    second_id = second.pk
    stages = {stage.key: stage for stage in second.stages.all()}
    live = create_record(process, values={"title": "a"}, stage=stages["new"].pk, actor=SYSTEM)
    done = create_record(process, values={"title": "b"}, stage=stages["completed"].pk, actor=SYSTEM)
    binned = create_record(process, values={"title": "c"}, stage=stages["new"].pk, actor=SYSTEM)
    delete_record(process, binned.pk, actor=SYSTEM)
    with pytest.raises(Conflict, match="say where they go"):
        remove_pipeline(second, actor=SYSTEM)
    places = {
        stages["new"].pk: stage_of_main(process, "received"),
        stages["completed"].pk: stage_of_main(process, "rejected"),
    }
    assert remove_pipeline(second, places=places, actor=SYSTEM) == 3
    rows = {row.pk: row for row in model_for(definition_of(process)).objects.all()}
    assert {pk: rows[pk].stage.key for pk in (live.pk, done.pk, binned.pk)} == {
        live.pk: "received",
        done.pk: "rejected",
        binned.pk: "received",
    }
    assert set(Record.objects.values_list("pipeline__key", "stage__key", "is_open")) == {
        ("main", "received", True),
        ("main", "rejected", False),
    }
    assert Record.objects.get(pk=binned.pk).deleted_at is not None
    event = Event.objects.get(kind="record.moved", record_id=live.pk)
    assert event.changes["pipeline"] == [second_id, process.pipelines.get().pk]
    assert event.data["quiet"] is True
    assert StageVisit.objects.filter(record_id=live.pk, left_at=None).get().pk == event.data["visit"]


def stage_of_main(process: Process, key: str) -> Stage:
    return Stage.objects.select_related("pipeline__process").get(
        pipeline__key="main", pipeline__process=process, key=key
    )


def test_last_pipeline_stays(process: Process) -> None:
    with pytest.raises(Conflict):
        remove_pipeline(process.pipelines.get(), actor=SYSTEM)


def test_removed_stage_gives_its_records_to_another_past_the_map_and_the_gates(process: Process) -> None:
    gate = Gate.objects.create(target=stage_of(process, "received"), is_comment_required=True)
    row = create_record(process, values={"title": "a"}, stage="completed", actor=SYSTEM)
    with pytest.raises(Conflict, match="say where they go"):
        remove_stage(stage_of(process, "completed"), actor=SYSTEM)
    assert remove_stage(stage_of(process, "completed"), to=stage_of(process, "received"), actor=SYSTEM) == 1
    stored = model_for(definition_of(process)).objects.get(pk=row.pk)
    assert (stored.stage.key, stored.closed_at, stored.version) == ("received", None, 2)
    assert gate in Gate.objects.all()
    removed = Event.objects.get(kind="stage.removed")
    assert (removed.data["to"], removed.data["records"]) == ("received", 1)


def test_stage_does_not_give_its_records_to_itself_or_to_another_process(process: Process) -> None:
    create_record(process, values={"title": "a"}, actor=SYSTEM)
    stranger = stage_of(make_process(), "in_work")
    for to in (stage_of(process, "received"), stranger):
        with pytest.raises(Invalid):
            remove_stage(stage_of(process, "received"), to=to, actor=SYSTEM)


def test_removal_that_leaves_a_closed_stage_first_takes_everything_back(process: Process) -> None:
    remove_stage(stage_of(process, "in_work"), actor=SYSTEM)
    row = create_record(process, values={"title": "a"}, actor=SYSTEM)
    with pytest.raises(Invalid):
        remove_stage(stage_of(process, "received"), to=stage_of(process, "completed"), actor=SYSTEM)
    assert model_for(definition_of(process)).objects.get(pk=row.pk).stage.key == "received"


def test_too_many_records_do_not_go_along(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "MOST_AT_ONCE", 1)
    for title in "ab":
        create_record(process, values={"title": title}, stage="in_work", actor=SYSTEM)
    with pytest.raises(Conflict, match="more than 1 records"):
        remove_stage(stage_of(process, "in_work"), to=stage_of(process, "received"), actor=SYSTEM)


def test_records_do_not_go_into_a_full_stage(process: Process) -> None:
    update_stage(
        stage_of(process, "received"),
        actor=SYSTEM,
        name="Received",
        kind="open",
        color="blue",
        limit=1,
        is_limit_hard=True,
    )
    for title in "ab":
        create_record(process, values={"title": title}, stage="in_work", actor=SYSTEM)
    with pytest.raises(Conflict, match="takes 1 record at most"):
        remove_stage(stage_of(process, "in_work"), to=stage_of(process, "received"), actor=SYSTEM)


def test_usage_tells_what_holds_a_stage_and_what_goes_with_it(process: Process) -> None:
    stage = stage_of(process, "in_work")
    add_field(process, FieldDraft("Cost", "number", required="stage", required_from=stage), actor=SYSTEM)
    Gate.objects.create(target=stage, source=stage_of(process, "received"), is_comment_required=True)
    role = make_role("Clerks")
    Grant.objects.create(process=process, role=role, stage=stage, operation="view", scope=0)
    create_record(process, values={"title": "a"}, actor=SYSTEM)
    usage = usage_of(stage)
    assert usage.count == 0
    assert [use.name for use in usage.holding] == ["Cost"]
    assert {use.name for use in usage.going} >= {"Clerks", "Received → In work"}
    with pytest.raises(Conflict, match="Cost"):
        remove_stage(stage, actor=SYSTEM)


def test_stage_is_put_behind_another_and_duplicated(process: Process) -> None:
    main = process.pipelines.get()
    add_stage(main, StageDraft("Checking"), after=stage_of(process, "received"), actor=SYSTEM)
    assert keys_of(main) == ["received", "checking", "in_work", "completed", "rejected"]
    copy = duplicate_stage(stage_of(process, "rejected"), actor=SYSTEM)
    assert (copy.kind, copy.color) == ("lost", "red")
    assert keys_of(main)[-2:] == ["rejected", copy.key]
    with pytest.raises(Invalid):
        add_stage(main, StageDraft("Again", key="checking"), actor=SYSTEM)


@pytest.mark.parametrize(
    ("draft", "place"),
    [
        (StageDraft("A", limit=0), "limit"),
        (StageDraft("A", limit=10**7), "limit"),
        (StageDraft("A", is_limit_hard=True), "is_limit_hard"),
        (StageDraft("A", time_limit=timedelta()), "time_limit"),
        (StageDraft("A", time_limit=timedelta(days=10_000)), "time_limit"),
        (StageDraft("A", Stage.Kind.WON, time_limit=timedelta(days=1)), "time_limit"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name(process: Process, draft: StageDraft, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_stage(process.pipelines.get(), draft, actor=SYSTEM)
    assert list(caught.value.fields) == [place]
