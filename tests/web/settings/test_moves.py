"""The page of moves: matrix, drawing, gates, reasons."""

from typing import Any

import pytest
from django.test import Client

from core.actor import SYSTEM
from processes.dead_ends import dead_ends
from processes.definition import definition_of
from processes.drafts import GateDraft, LineDraft
from processes.models import Gate, LostReason, Process, Stage
from processes.operations import set_gate, set_grants, set_moves
from tests.factories import EMPLOYEE, STAGES, make_admin, make_process, make_role, make_user, signed_in
from web.stage_map import stage_map

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process(key="requests")


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def ids(process: Process) -> dict[str, int]:
    return dict(Stage.objects.filter(pipeline__process=process).values_list("key", "pk"))


def gate_url(process: Process, target: str, source: str = "") -> str:
    stages = ids(process)
    way = f"source={stages[source]}&" if source else ""
    return f"/p/requests/settings/moves/gate/?{way}target={stages[target]}"


def test_the_page_draws_the_moves_and_offers_a_gate_for_each(admin: Client, process: Process) -> None:
    response = admin.get("/p/requests/settings/moves/")
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count('name="pair"') == 12
    assert page.count("Gate from “") == 6
    assert page.count("Gate from anywhere to “") == 4
    assert page.count("map-stage") == 4


def test_a_gate_is_made_changed_and_removed_in_its_dialog(admin: Client, process: Process) -> None:
    role = make_role("Lawyers")
    url = gate_url(process, "completed")
    typed: dict[str, Any] = {
        "fields_": ["amount", "source"],
        "condition": '{"field": "amount", "op": "ge", "value": 5}',
        "refusal": "Too small",
        "checklist": "Papers\n\nStamp",
        "is_comment_required": "on",
        "roles": [str(role.pk)],
    }
    assert admin.post(url, typed, headers={"HX-Request": "true"}).status_code == 200
    gate = Gate.objects.get()
    papers, stamp = gate.checklist
    assert (papers["text"], stamp["text"], gate.refusal, gate.is_comment_required) == (
        "Papers",
        "Stamp",
        "Too small",
        True,
    )
    assert {field.key for field in gate.fields.all()} == {"amount", "source"}
    assert [found.pk for found in gate.roles.all()] == [role.pk]
    dialog = admin.get(url).content.decode()
    assert ("Papers\nStamp" in dialog, "Remove the gate" in dialog) == (True, True)
    admin.post(url, {**typed, "checklist": "All papers\nStamp"})
    assert Gate.objects.get().checklist == [{"key": papers["key"], "text": "All papers"}, stamp]
    admin.post(f"/p/requests/settings/moves/gates/{gate.pk}/remove/")
    assert not Gate.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [{}, {"condition": '{"field": "nothing", "op": "eq", "value": 1}'}, {"condition": "{"}, {"checklist": "x" * 201}],
)
def test_a_wrong_gate_comes_back_with_what_is_wrong(admin: Client, process: Process, typed: dict[str, str]) -> None:
    response = admin.post(gate_url(process, "completed", "in_work"), typed)
    assert response.status_code == 422
    assert not Gate.objects.exists()


def test_ways_that_are_none_do_not_exist(admin: Client, process: Process) -> None:
    for way in ("", "target=0", f"source={ids(process)['received']}&target={ids(process)['received']}"):
        assert admin.get(f"/p/requests/settings/moves/gate/?{way}").status_code == 404
    assert admin.post("/p/requests/settings/moves/gates/1/remove/").status_code == 404


def test_reasons_keep_their_ids_when_lines_are_renamed_or_added(admin: Client, process: Process) -> None:
    url = "/p/requests/settings/moves/reasons/"
    admin.post(url, {"reasons": "Price\nSilence", "is_required": "on"})
    price, silence = LostReason.objects.values_list("pk", flat=True)
    admin.post(url, {"reasons": "Too expensive\nSilence", "is_required": "on"})
    admin.post(url, {"reasons": "Silence\nToo expensive\nOther"})
    found = list(LostReason.objects.order_by("position").values_list("name", "pk"))
    assert found[:2] == [("Silence", silence), ("Too expensive", price)]
    refused = admin.post(url, {"reasons": "A\nA"})
    assert (refused.status_code, "called the same" in refused.content.decode()) == (422, True)


def test_the_page_is_for_designers(process: Process) -> None:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    for url in ("/p/requests/settings/moves/", gate_url(process, "completed")):
        assert signed_in(person).get(url).status_code == 403
        assert signed_in(make_user()).get(url).status_code == 404


def test_the_drawing_holds_all_listed_moves_and_of_any_only_neighbours_and_gated_ones(process: Process) -> None:
    pipeline = definition_of(process).default_pipeline
    drawn = stage_map(pipeline, [(pipeline.stages[0].id, pipeline.stages[2].id, "When paid")])
    assert [arrow.kind for arrow in drawn.arrows] == ["move"] * 6 + ["automatic"]
    assert "By itself: Received → Completed (When paid)" in drawn.words
    row = process.pipelines.get()
    set_moves(row, None, actor=SYSTEM)
    stages = {stage.key: stage for stage in Stage.objects.select_related("pipeline__process").filter(pipeline=row)}
    set_gate(stages["rejected"], GateDraft(checklist=[LineDraft("Sure")]), source=stages["received"], actor=SYSTEM)
    set_gate(stages["completed"], GateDraft(fields=["amount"]), actor=SYSTEM)
    drawn = stage_map(definition_of(process).default_pipeline, [])
    assert [arrow.title for arrow in drawn.arrows if arrow.gate] == ["Received → Rejected"]
    assert len(drawn.arrows) == 4
    assert [bool(box.gate) for box in drawn.boxes] == [False, False, True, False]


def test_dead_ends_are_named() -> None:
    process = make_process(stages=STAGES, moves=[("received", "in_work"), ("in_work", "completed")])
    set_grants(process, {make_role(people=()).pk: EMPLOYEE}, actor=SYSTEM)
    stages = {s.key: s for s in Stage.objects.select_related("pipeline__process").filter(pipeline__process=process)}
    set_gate(stages["completed"], GateDraft(roles=[make_role("Lawyers").pk]), actor=SYSTEM)
    definition = definition_of(process)
    assert dead_ends(definition, definition.default_pipeline) == [
        "No move leads into “Rejected”.",
        "Nobody holds a role that may pass the gate into “Completed”.",
    ]
