"""Several pipelines on the pages of records: the switcher, limits, what stays too long, moves between them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import GateDraft, StageDraft
from processes.models import Operation, Pipeline, Process, Scope, Stage
from processes.operations import add_pipeline, add_stage, reorder_pipelines, set_gate, set_grants, update_stage
from records.models import Record
from records.operations import create_record
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(process: Process, employee: User) -> Pipeline:
    return add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)


@pytest.fixture
def closed(process: Process, employee: User) -> Pipeline:
    return add_pipeline(process, name="Secret", actor=SYSTEM)


def limit(process: Process, key: str, **limits: Any) -> Stage:
    stage = Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)
    described = {"name": stage.name, "kind": stage.kind, "color": stage.color}
    return update_stage(stage, actor=SYSTEM, **described, **limits)


def age(process: Process, record: int, spent: timedelta) -> None:
    """Let the record have stood in its stage for that long."""
    model_for(definition_of(process)).objects.filter(pk=record).update(stage_changed_at=timezone.now() - spent)


def test_board_shows_the_pipeline_of_its_address_and_remembers_it(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    create("Here", stage="main.received")
    create("There", stage="service.received")
    visitor = visit(employee)
    assert visitor.get("/p/requests/").url == "/p/requests/?pipeline=main"
    page = text_of(visitor.get("/p/requests/", pipeline="service"))
    assert ("There" in page, "Here" in page) == (True, False)
    employee.refresh_from_db()
    assert employee.remembered == {f"pipeline:{process.pk}": "service"}
    assert visitor.get("/p/requests/", q="a b").url == "/p/requests/?q=a+b&pipeline=service"
    assert visit(employee).get("/p/requests/").url == "/p/requests/?pipeline=service"


def test_process_with_one_pipeline_has_no_switcher(process: Process, employee: User, visit: Any) -> None:
    page = visit(employee).get("/p/requests/")
    assert page.status_code == 200
    assert "pipeline-menu" not in text_of(page)
    assert "elsewhere" not in text_of(page)


def test_remembered_pipeline_that_is_gone_gives_way_to_the_first(
    process: Process, second: Pipeline, employee: User, visit: Any
) -> None:
    employee.remembered = {f"pipeline:{process.pk}": "nothing"}
    employee.save()
    assert visit(employee).get("/p/requests/").url == "/p/requests/?pipeline=main"


def test_closed_pipeline_answers_like_an_absent_one(
    process: Process, closed: Pipeline, employee: User, visit: Any
) -> None:
    visitor = visit(employee)
    for path in ("/p/requests/", "/p/requests/list/", "/p/requests/new/"):
        foreign = visitor.get(path, pipeline="secret")
        assert (foreign.status_code, visitor.get(path, pipeline="nothing").status_code) == (404, 404)
    for path in ("/p/requests/", "/p/requests/list/", "/p/requests/new/"):
        assert "Secret" not in text_of(visitor.get(path))


def test_no_record_is_made_in_a_closed_pipeline(
    process: Process, closed: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    stage = closed.stages.get(key="new")
    answer = visit(employee).send("/p/requests/quick-add/", {"title": "x", "stage": stage.pk})
    assert answer.status_code == 422
    assert not Record.objects.exists()
    assert create_record(process, values={"title": "x"}, actor=SYSTEM, stage=stage.pk).pk


def test_new_record_of_somebody_begins_in_the_first_pipeline_open_to_them(
    process: Process, employee: User, visit: Any
) -> None:
    secret = add_pipeline(process, name="Secret", actor=SYSTEM)
    reorder_pipelines(process, ["secret", "main"], actor=SYSTEM)
    row = create_record(process, values={"title": "x"}, actor=actor_of(employee))
    assert row.pipeline_id != secret.pk


def test_new_record_begins_in_the_pipeline_one_looks_at(
    process: Process, second: Pipeline, employee: User, visit: Any
) -> None:
    form = visit(employee).get("/p/requests/new/", pipeline="service", part=True)
    stage = definition_of(process).pipeline("service").first_stage
    assert f'name="stage" value="{stage.id}"' in text_of(form)
    assert "Service · Received" in text_of(form)


def test_list_shows_all_pipelines_or_one(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    create("Here", stage="main.received")
    create("There", stage="service.received")
    visitor = visit(employee)
    whole = visitor.get("/p/requests/list/")
    assert [heading.label for heading in whole.context["headings"]][:3] == ["Title", "Pipeline", "Stage"]
    assert ("Here" in text_of(whole), "There" in text_of(whole)) == (True, True)
    one = visitor.get("/p/requests/list/", pipeline="service")
    assert [line.row.title for line in one.context["lines"]] == ["There"]
    assert "Pipeline" not in [heading.label for heading in one.context["headings"]]


def test_row_leaves_the_list_of_one_pipeline_with_its_record(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    record = create("There", stage="service.received")
    url = f"/p/requests/records/{record}/row/"
    assert visit(employee).get(url, pipeline="service").status_code == 200
    assert visit(employee).get(url, pipeline="main").status_code == 404


def test_export_of_the_list_of_one_pipeline_holds_that_one(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    create("Here", stage="main.received")
    create("There", stage="service.received")
    set_grants(
        process, {role: {**EMPLOYEE, Operation.EXPORT: Scope.ALL} for role in actor_of(employee).role_ids}, actor=SYSTEM
    )
    visitor = visit(employee)
    assert visitor.get("/p/requests/exports/new/").context["offer"].total == 2
    page = visitor.get("/p/requests/exports/new/", pipeline="service")
    assert page.context["offer"].total == 1
    assert "Pipeline: Service" in text_of(page)


@pytest.mark.parametrize(("is_hard", "count", "over"), [(False, 2, False), (False, 3, True), (True, 2, True)])
def test_head_of_a_column_counts_against_its_limit(
    is_hard: bool, count: int, over: bool, process: Process, employee: User, visit: Any, create: Create
) -> None:
    limit(process, "received", limit=2, is_limit_hard=is_hard)
    for number in range(count):
        create(f"Paper {number}")
    page = visit(employee).get("/p/requests/")
    column = page.context["board"].columns[0]
    assert (column.standing, column.is_over, column.is_full) == (count, over, is_hard)
    assert ("data-over-limit" in text_of(page), 'data-limit="2"' in text_of(page)) == (over, True)


def test_filter_does_not_hide_what_stands_against_a_limit(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    limit(process, "received", limit=1)
    create("Paper")
    create("Ink")
    column = visit(employee).get("/p/requests/", q="ink").context["board"].columns[0]
    assert (column.count, column.standing, column.is_over) == (1, 2, True)


def test_whole_number_is_not_told_to_those_who_see_a_part(process: Process, visit: Any, create: Create) -> None:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: {Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    limit(process, "received", limit=1)
    create("Paper")
    page = visit(person).get("/p/requests/")
    assert page.context["board"].columns[0].standing is None
    assert "data-limit" not in text_of(page)


def test_move_into_a_full_stage_is_refused_with_its_name(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    stage = limit(process, "in_work", limit=1, is_limit_hard=True)
    create("First", stage="in_work")
    record = create("Second", actor=actor_of(employee))
    answer = visit(employee).send(f"/p/requests/records/{record}/move/", {"stage": stage.pk, "version": 1})
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "“In work” takes 1 record at most, and is full.",
    )
    assert Record.objects.get(pk=record).stage.key == "received"


def test_what_stays_longer_than_meant_is_marked(process: Process, employee: User, visit: Any, create: Create) -> None:
    limit(process, "received", time_limit=timedelta(days=2))
    late, early = create("Late"), create("Early")
    age(process, late, timedelta(days=5, hours=1))
    age(process, early, timedelta(days=1))
    visitor = visit(employee)
    for path in ("/p/requests/", "/p/requests/list/"):
        page = text_of(visitor.get(path))
        assert page.count('class="overstay"') == 1
        assert "Here for 5\xa0days 1\xa0hr; 2\xa0days are meant" in page
    assert "overstay" in text_of(visitor.get(f"/p/requests/records/{late}/"))
    assert "overstay" not in text_of(visitor.get(f"/p/requests/records/{early}/"))


def test_dialog_offers_the_stages_of_other_pipelines_and_the_move_is_one(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    visitor = visit(employee)
    page = text_of(visitor.get(f"/p/requests/records/{record}/"))
    assert "Move to another pipeline…" in page
    assert 'href="/p/requests/?pipeline=main"' in page
    dialog = visitor.get(f"/p/requests/records/{record}/elsewhere/")
    ((pipeline, moves),) = dialog.context["choices"]
    assert (pipeline.key, [move.stage.key for move in moves if not move.why_not]) == (
        "service",
        ["received", "in_work", "completed", "rejected"],
    )
    stage = moves[1].stage.id
    answer = visitor.send(f"/p/requests/records/{record}/move/", {"stage": stage, "version": 1})
    assert answer.status_code == 200
    assert Record.objects.get(pk=record).pipeline_id == second.pk


def test_gate_of_another_pipeline_asks_in_its_dialog(
    process: Process, second: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    target = Stage.objects.select_related("pipeline__process").get(pipeline=second, key="in_work")
    set_gate(target, GateDraft(fields=["amount"]), actor=SYSTEM)
    record = create("Paper", actor=actor_of(employee))
    visitor = visit(employee)
    url = f"/p/requests/records/{record}"
    refused = visitor.send(f"{url}/move/", {"stage": target.pk, "version": 1})
    assert refused.json()["code"] == "gate"
    assert 'name="amount"' in text_of(visitor.get(f"{url}/gate/", stage=target.pk))
    moved = visitor.post(f"{url}/gate/", {"stage": target.pk, "version": 1, "amount": "5"})
    assert moved.status_code == 200
    assert Record.objects.get(pk=record).stage_id == target.pk


def test_nothing_of_a_closed_pipeline_is_offered(
    process: Process, closed: Pipeline, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    visitor = visit(employee)
    assert "another pipeline" not in text_of(visitor.get(f"/p/requests/records/{record}/"))
    assert visitor.get(f"/p/requests/records/{record}/elsewhere/").context["choices"] == ()
    stage = closed.stages.get(key="new").pk
    gate = visitor.get(f"/p/requests/records/{record}/gate/", stage=stage)
    assert gate.status_code == 409


def test_board_costs_the_same_with_many_pipelines(
    process: Process, employee: User, visit: Any, django_assert_num_queries: Any
) -> None:
    for number in range(8):
        add_pipeline(process, name=f"More {number}", is_open=True, actor=SYSTEM)
    received = Stage.objects.get(pipeline__process=process, pipeline__key="main", key="received")
    Stage.objects.filter(pk=received.pk).update(limit=1, time_limit=timedelta(days=1))
    for number in range(3):
        create_record(process, values={"title": f"Paper {number}"}, actor=actor_of(employee))
    make_process(name="Other")
    visitor = visit(employee)
    visitor.get("/p/requests/", pipeline="main")
    # session, person, roles, version; counts, tiles, names; rail, unread notifications
    with django_assert_num_queries(10):
        visitor.get("/p/requests/", pipeline="main")


@pytest.mark.parametrize("page", ["", "list/"])
def test_filter_by_what_is_closed_names_nothing(
    process: Process, closed: Pipeline, employee: User, visit: Any, page: str
) -> None:
    add_stage(closed, StageDraft("Quietone", key="quietone"), actor=SYSTEM)
    for field, value in (("stage", closed.stages.last().pk), ("stage", "secret.quietone"), ("pipeline", closed.pk)):
        shown = visit(employee).get(f"/p/requests/{page}", **{f"filter[{field}]": value})
        assert [chip.is_wrong for chip in shown.context["filter"].chips] == [True]
        assert "Quietone" not in text_of(shown)
        assert "Secret" not in text_of(shown)
