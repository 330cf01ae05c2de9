"""Pages of pipelines: adding, naming, ordering, removing; limits of stages; what holds a stage."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from automation.drafts import RobotDraft
from automation.operations import create_robot
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import GateDraft
from processes.models import Pipeline, Process, Scope, Stage
from processes.operations import add_pipeline, set_gate, set_grants, set_moves
from records.models import Record, SavedView
from records.operations import create_record
from tests.factories import EMPLOYEE, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


def stage_of(process: Process, key: str, pipeline: str = "main") -> Stage:
    rows = Stage.objects.select_related("pipeline__process")
    return rows.get(pipeline__process=process, pipeline__key=pipeline, key=key)


@pytest.fixture
def second(process: Process) -> Pipeline:
    return add_pipeline(process, name="Service", like=process.pipelines.get(), actor=SYSTEM)


def test_pipeline_is_added_like_another_and_shown(admin: Client, process: Process) -> None:
    set_grants(process, {make_role().pk: EMPLOYEE}, actor=SYSTEM)
    url = reverse("pipeline-new", args=[process.key])
    assert "what “Main” has" in admin.get(url).text
    answer = admin.post(url, {"name": "Service", "like": "main"})
    assert (answer.status_code, answer.url) == (302, "/p/requests/settings/stages/?pipeline=service")
    page = admin.get(answer.url).text
    assert page.count("stage-column-foot") == 4
    admin.post(url, {"name": "Sales", "is_open": "on"})
    assert [pipeline.is_open for pipeline in definition_of(process).pipelines] == [True, False, True]
    assert definition_of(process).pipeline("sales").first_stage.key == "new"


def test_pipeline_wants_a_name(admin: Client, process: Process) -> None:
    assert admin.post(reverse("pipeline-new", args=[process.key]), {"name": " "}).status_code == 422
    assert process.pipelines.count() == 1


def test_pipelines_are_renamed_ordered_and_made_default(admin: Client, process: Process, second: Pipeline) -> None:
    admin.post(reverse("pipeline-edit", args=[process.key, "service"]), {"name": "Repairs"})
    order = reverse("pipeline-order", args=[process.key])
    assert admin.post(order, {"order": ["service", "main"]}, content_type="application/json").status_code == 204
    assert [item.name for item in definition_of(process).pipelines] == ["Repairs", "Main"]
    admin.post(reverse("pipeline-first", args=[process.key, "main"]))
    assert definition_of(process).default_pipeline.key == "main"


def test_stages_are_added_and_ordered_in_the_pipeline_of_the_address(
    admin: Client, process: Process, second: Pipeline
) -> None:
    data = {"name": "Paused", "kind": "open", "color": "pink"}
    answer = admin.post(f"{reverse('stage-new', args=[process.key])}?pipeline=service", data)
    assert answer.url.endswith("?pipeline=service")
    keys = ["paused", "received", "in_work", "completed", "rejected"]
    url = f"{reverse('stage-order', args=[process.key])}?pipeline=service"
    assert admin.post(url, {"order": keys}, content_type="application/json").status_code == 204
    main, service = definition_of(process).pipelines
    assert [stage.key for stage in service.stages] == keys
    assert len(main.stages) == 4


def test_limits_are_set_shown_and_kept(admin: Client, process: Process) -> None:
    stage = stage_of(process, "in_work")
    url = reverse("stage-edit", args=[process.key, stage.pk])
    data = {"name": "In work", "kind": "open", "color": "amber"}
    limits = {"limit": "5", "is_limit_hard": "1", "time_limit": "36", "time_unit": "3600"}
    assert admin.post(url, {**data, **limits}).status_code == 302
    stage.refresh_from_db()
    assert (stage.limit, stage.is_limit_hard, stage.time_limit) == (5, True, timedelta(hours=36))
    form = admin.get(url).context["form"]
    shown = {name: form[name].value() for name in limits}
    assert shown == {"limit": 5, "is_limit_hard": "1", "time_limit": 36, "time_unit": 3600}
    assert "at most 5 records" in admin.get(reverse("process-stages", args=[process.key])).text
    admin.post(url, data)
    stage.refresh_from_db()
    assert (stage.limit, stage.is_limit_hard, stage.time_limit) == (None, False, None)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"limit": "0"}, "limit"), ({"limit": "-3"}, "limit"), ({"time_limit": "9999"}, "time_limit")],
)
def test_wrong_limits_are_said_beside_their_place(
    wrong: dict[str, str], place: str, admin: Client, process: Process
) -> None:
    stage = stage_of(process, "in_work")
    data = {"name": "In work", "kind": "open", "color": "amber", "time_unit": "86400", **wrong}
    answer = admin.post(reverse("stage-edit", args=[process.key, stage.pk]), data)
    assert answer.status_code == 422
    assert place in answer.context["form"].errors


def test_closed_stage_takes_no_time_limit(admin: Client, process: Process) -> None:
    stage = stage_of(process, "completed")
    data = {"name": "Done", "kind": "won", "color": "green", "time_limit": "2", "time_unit": "86400"}
    answer = admin.post(reverse("stage-edit", args=[process.key, stage.pk]), data)
    assert answer.context["form"].errors["time_limit"] == ["Only an open stage has a time limit."]


def test_stage_is_duplicated_behind_itself(admin: Client, process: Process) -> None:
    admin.post(reverse("stage-copy", args=[process.key, stage_of(process, "in_work").pk]))
    names = [stage.name for stage in definition_of(process).default_pipeline.stages]
    assert names[1:3] == ["In work", "In work (copy)"]


def test_stage_that_a_robot_uses_is_refused_with_its_name(admin: Client, process: Process) -> None:
    stage = stage_of(process, "in_work")
    create_robot(stage, RobotDraft("add_comment", {"text": "x"}, name="Say it"), actor=SYSTEM)
    url = reverse("stage-remove", args=[process.key, stage.pk])
    dialog = admin.get(url).text
    assert "Say it" in dialog
    assert "btn-danger" not in dialog
    refused = admin.post(url, {"to": ""})
    assert (refused.status_code, "Say it" in refused.text) == (422, True)
    assert Stage.objects.filter(pk=stage.pk).exists()


def test_uses_lead_to_their_pages_for_whoever_may_open_them(admin: Client, process: Process, second: Pipeline) -> None:
    stage, goal = stage_of(process, "in_work"), stage_of(process, "completed")
    robot = create_robot(stage, RobotDraft("add_comment", {"text": "x"}, name="Say it"), actor=SYSTEM)
    set_gate(goal, GateDraft(condition={"field": "stage", "op": "in", "value": [stage.pk]}), actor=SYSTEM)
    set_moves(process.pipelines.get(key="main"), [("received", "in_work")], actor=SYSTEM)
    view = SavedView.objects.create(
        process=process, page="list", name="Doing", query="filter[stage]=in_work", audience="all", owner=make_user()
    )
    designer = make_user("Designer")
    role = make_role("Designers", people=(designer,))
    set_grants(process, {role.pk: {**EMPLOYEE, "design": Scope.ALL}}, actor=SYSTEM)
    dialogs = [
        reverse("stage-remove", args=[process.key, stage.pk]),
        reverse("pipeline-remove", args=["requests", "main"]),
    ]
    pages = {
        f"/p/requests/automation/robots/{robot.robot.pk}/": "Say it",
        f"/p/requests/settings/moves/?pipeline=main#gate-any-{goal.pk}": "any stage → Completed",
        "/p/requests/settings/moves/?pipeline=main": "Received → In work",
        f"/p/requests/list/?view={view.pk}&amp;filter[stage]=in_work": "Doing",
    }
    links = [f'<a href="{url}">{name}</a>' for url, name in pages.items()]
    for url in dialogs:
        assert [link in admin.get(url).text for link in links] == [True] * 4
        seen = signed_in(designer).get(url).text
        assert [link in seen for link in links] == [False, True, True, True]
        assert "Say it" in seen


def test_stage_tells_what_goes_with_it(admin: Client, process: Process) -> None:
    set_moves(process.pipelines.get(), [("received", "in_work")], actor=SYSTEM)
    dialog = admin.get(reverse("stage-remove", args=[process.key, stage_of(process, "in_work").pk])).text
    assert "Received → In work" in dialog
    assert "No record stands in it." in dialog


def test_pipeline_goes_with_a_target_for_the_records_of_each_stage(
    admin: Client, process: Process, second: Pipeline
) -> None:
    here = create_record(process, values={"title": "a"}, stage="service.received", actor=SYSTEM)
    done = create_record(process, values={"title": "b"}, stage="service.completed", actor=SYSTEM)
    url = reverse("pipeline-remove", args=[process.key, "service"])
    form = admin.get(url).context["form"]
    assert {stage.key: field.value() for stage, field in form.lines()} == {
        "received": str(stage_of(process, "received").pk),
        "completed": str(stage_of(process, "completed").pk),
    }
    places = {
        f"to-{stage_of(process, 'received', 'service').pk}": stage_of(process, "in_work").pk,
        f"to-{stage_of(process, 'completed', 'service').pk}": stage_of(process, "completed").pk,
    }
    assert admin.post(url, {}).status_code == 422
    assert Pipeline.objects.filter(pk=second.pk).exists()
    answer = admin.post(url, places, follow=True)
    assert "2 records have moved" in answer.text
    assert not Pipeline.objects.filter(pk=second.pk).exists()
    assert Record.objects.get(pk=here.pk).stage.key == "in_work"
    assert Record.objects.get(pk=done.pk).stage.key == "completed"


def test_last_pipeline_stays(admin: Client, process: Process) -> None:
    create_record(process, values={"title": "a"}, actor=SYSTEM)
    answer = admin.post(reverse("pipeline-remove", args=[process.key, "main"]))
    assert (answer.status_code, "at least one pipeline" in answer.text) == (422, True)
    assert process.pipelines.exists()


@pytest.mark.parametrize("name", ["pipeline-edit", "pipeline-first", "pipeline-remove"])
def test_pipelines_are_changed_by_designers_alone(
    name: str, process: Process, second: Pipeline, admin: Client, employee: Client
) -> None:
    url = reverse(name, args=[process.key, "service"])
    assert employee.post(url, {"name": "Mine"}).status_code == 403
    assert admin.post(reverse(name, args=[process.key, "nothing"])).status_code == 404
    assert [item.name for item in definition_of(process).pipelines] == ["Main", "Service"]
