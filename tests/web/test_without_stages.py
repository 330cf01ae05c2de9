"""A process without stages: contacts, companies, catalogues. Nobody hears of the one stage that it has inside."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from automation.models import Robot, Trigger
from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Process, Stage
from processes.operations import create_process
from processes.ready import gallery
from records.models import Comment
from records.operations import create_record
from tests.api.conftest import ApiClient, client_of
from tests.automation.helpers import settle
from tests.factories import make_admin, make_process, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return create_process(gallery["companies"].draft(), actor=SYSTEM)


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def test_list_is_its_home_and_no_stage_is_shown(process: Process, admin: Client) -> None:
    row = create_record(process.pk, values={"title": "Acme", "phone": "+7 495 123-45-67"}, actor=SYSTEM)
    home = admin.get(reverse("process-board", args=[process.key]))
    assert home.headers["Location"] == reverse("process-list", args=[process.key])
    page = admin.get(home.headers["Location"]).text
    assert "Acme" in page
    assert 'data-cell="stage"' not in page
    card = admin.get(reverse("record-card", args=[process.key, row.pk])).text
    assert "+7 495 123-45-67" in card
    assert "stagebar" not in card
    settings = admin.get(reverse("process-settings", args=[process.key])).text
    assert reverse("process-stages", args=[process.key]) not in settings


def test_records_have_no_stage_over_rest_and_take_none(process: Process) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    path = f"/processes/{process.key}/records/"
    made = api.call("post", path, {"title": "Acme"}).json()
    assert (made["stage"], made["pipeline"]) == (None, None)
    assert api.call("post", path, {"title": "B", "stage": "only"}).status_code == 400
    assert api.call("get", f"{path}?filter[stage]=only").status_code == 400
    assert api.call("get", f"{path}?sort=stage").status_code == 400
    assert api.call("get", f"/processes/{process.key}/schema/").json()["properties"]["stage"]["type"] == "null"


def test_stages_of_a_process_without_stages_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        make_process(has_stages=False, moves=None, stages=(StageDraft("New"),))
    assert refused.value.fields.keys() == {"stages"}


def test_designer_makes_a_process_without_stages(admin: Client) -> None:
    data: dict[str, Any] = {
        "name": "Warehouse",
        "noun": "item",
        "noun_plural": "items",
        "icon": "box",
        "color": "blue",
        "has_stages": False,
        "stages": [{"name": "New", "kind": "open", "color": "blue"}],
        "fields": [{"label": "Code", "type": "text", "key": "code", "is_unique": True, "in_list": False}],
        "moves": [[0, 0]],
    }
    answer = admin.post(
        reverse("process-new"),
        json.dumps(data),
        content_type="application/json",
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 201
    process = Process.objects.get(name="Warehouse")
    assert answer.json()["url"] == reverse("process-list", args=[process.key])
    (code,) = definition_of(process).fields
    assert (process.has_stages, code.is_unique, code.in_list) == (False, True, False)


def test_contacts_link_to_companies_where_there_are_some(process: Process) -> None:
    contacts = create_process(gallery["contacts"].draft(), actor=SYSTEM)
    company = create_record(process.pk, values={"title": "Acme"}, actor=SYSTEM)
    row = create_record(contacts.pk, values={"title": "Anna", "company": company.pk}, actor=SYSTEM)
    assert row.values()["company"] == company.pk


Call = Callable[[ApiClient, str], Any]
STAGE = {"name": "New"}
DOORS: Mapping[str, Call] = {
    "add a stage": lambda api, path: api.call("post", f"{path}/pipelines/main/stages/", STAGE),
    "change the stage": lambda api, path: api.call("patch", f"{path}/pipelines/main/stages/only/", {"name": "A"}),
    "duplicate the stage": lambda api, path: api.call("post", f"{path}/pipelines/main/stages/only/duplicate/"),
    "remove the stage": lambda api, path: api.call("delete", f"{path}/pipelines/main/stages/only/"),
    "reorder stages": lambda api, path: api.call("put", f"{path}/pipelines/main/stage-order/", {"keys": ["only"]}),
    "add a pipeline": lambda api, path: api.call("post", f"{path}/pipelines/", {"name": "Second"}),
    "rename the pipeline": lambda api, path: api.call("patch", f"{path}/pipelines/main/", {"name": "Second"}),
    "remove the pipeline": lambda api, path: api.call("post", f"{path}/pipelines/main/remove/", {}),
    "reorder pipelines": lambda api, path: api.call("put", f"{path}/pipeline-order/", {"keys": ["main"]}),
    "set moves": lambda api, path: api.call("put", f"{path}/pipelines/main/moves/", {"moves": []}),
    "set a gate": lambda api, path: api.call(
        "put", f"{path}/pipelines/main/gates/", {"target": "only", "comment": True}
    ),
    "set reasons": lambda api, path: api.call(
        "put", f"{path}/pipelines/main/lost-reasons/", {"items": [{"name": "Dear"}], "required": False}
    ),
    "read the board": lambda api, path: api.call("get", f"{path}/board/"),
    "move a record": lambda api, path: api.call(
        "post", f"{path}/records/{_record(api, path)}/move/", {"stage": "only"}
    ),
}


def _record(api: ApiClient, path: str) -> int:
    return int(api.call("post", f"{path}/records/", {"title": "Acme"}).json()["id"])


@pytest.mark.parametrize("door", DOORS)
def test_what_concerns_stages_is_refused_with_words_over_rest(process: Process, door: str) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    before = list(Stage.objects.values_list("pk", "name", "pipeline__name"))
    answer = DOORS[door](api, f"/processes/{process.key}")
    assert (answer.status_code, answer.json()["message"]) == (409, "This process has no stages.")
    assert list(Stage.objects.values_list("pk", "name", "pipeline__name")) == before


@pytest.mark.parametrize("name", ["process-stages", "stage-new", "process-moves"])
def test_pages_of_stages_are_refused_with_words(process: Process, admin: Client, name: str) -> None:
    page = admin.get(reverse(name, args=[process.key]))
    assert page.status_code == 409
    assert "This process has no stages." in page.text


def test_rest_makes_a_process_without_stages() -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    body = {"name": "Goods", "noun": "item", "noun_plural": "items", "key": "goods", "has_stages": False}
    made = api.call("post", "/processes/", body)
    assert (made.status_code, made.json()["has_stages"], made.json()["pipelines"]) == (201, False, [])
    assert api.call("get", "/processes/goods/").json()["has_stages"] is False
    assert api.call("get", "/processes/goods/pipelines/").json() == {"items": []}
    assert api.call("post", "/processes/goods/records/", {"title": "Nail"}).json()["stage"] is None
    staged = {**body, "key": "more", "stages": [STAGE]}
    assert api.call("post", "/processes/", staged).json()["details"]["fields"].keys() == {"stages"}


@pytest.mark.parametrize("has_stages", [True, False])
def test_stages_are_neither_given_to_a_living_process_nor_taken(admin: Client, has_stages: bool) -> None:
    draft = {"has_stages": has_stages} if has_stages else {"has_stages": False, "stages": (), "moves": None}
    process = make_process(**draft)
    api = client_of(make_admin(), "read", "write", "admin")
    path = f"/processes/{process.key}/"
    same = api.call("patch", path, {"has_stages": has_stages, "noun": "thing"})
    assert (same.status_code, same.json()["noun"]) == (200, "thing")
    other = api.call("patch", path, {"has_stages": not has_stages, "noun": "other"})
    assert (other.status_code, other.json()["details"]["fields"].keys()) == (400, {"has_stages"})
    process = Process.objects.get(pk=process.pk)
    assert (process.has_stages, process.noun) == (has_stages, "thing")
    page = admin.get(reverse("process-settings", args=[process.key])).text
    assert ("go through no stages" in page) is not has_stages
    assert "stays so" in page


def test_automation_page_speaks_of_no_stages(process: Process, admin: Client) -> None:
    stage = Stage.objects.get(pipeline__process=process)
    page = admin.get(reverse("process-automation", args=[process.key])).text
    assert stage.name not in page
    assert "Robots · run on creation" in page
    catalogue = admin.get(reverse("robot-catalogue", args=[process.key, stage.pk])).text
    assert "change_stage" not in catalogue
    assert "time_in_stage" not in catalogue
    assert "Automatic transitions" not in catalogue
    assert "webhook" in catalogue
    robot = admin.get(reverse("robot-new", args=[process.key, stage.pk, "add_comment"])).text
    assert "A record is created" in robot
    assert "enters the stage" not in robot
    assert 'name="keep_running"' not in robot
    trigger = admin.get(reverse("trigger-new", args=[process.key, stage.pk, "webhook"])).text
    assert 'name="allow_backward"' not in trigger
    assert "Any stage" not in admin.get(reverse("automation-log", args=[process.key])).text


def test_pages_save_robots_and_called_triggers_without_a_stage(process: Process, admin: Client) -> None:
    stage = Stage.objects.get(pipeline__process=process)
    robot = {"name": "Greet", "delay": "0", "unit": "60", "is_on": "on", "settings-text": "Hello"}
    assert admin.post(reverse("robot-new", args=[process.key, stage.pk, "add_comment"]), robot).status_code == 302
    hook = {"name": "Site", "is_on": "on", "settings-find_by": "title", "settings-find_path": "name",
            "settings-values": json.dumps({"phone": "phone"}), "settings-when_missing": "create"}  # fmt: skip
    url = reverse("trigger-new", args=[process.key, stage.pk, "webhook"])
    assert "whsec_" in admin.post(url, hook).text
    trigger = Trigger.objects.get()
    assert (Robot.objects.get().stage, trigger.stage, trigger.source) == (stage, stage, None)
    url = reverse("trigger-edit", args=[process.key, trigger.pk])
    assert admin.post(url, {**hook, "name": "Shop"}).status_code == 302
    trigger.refresh_from_db()
    assert trigger.name == "Shop"


def test_robots_over_rest_stand_on_no_stage(process: Process) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    base = f"/processes/{process.key}"
    body = {"kind": "add_comment", "settings": {"text": "Hello"}}
    made = api.call("post", f"{base}/robots/", body).json()
    assert (made["stage"], made["pipeline"]) == (None, None)
    assert [robot["stage"] for robot in api.call("get", f"{base}/robots/").json()["items"]] == [None]
    assert api.call("put", f"{base}/robot-order/", {"robots": [made["id"]]}).status_code == 204
    named = api.call("post", f"{base}/robots/", {**body, "stage": "only"})
    assert (named.status_code, named.json()["details"]["fields"].keys()) == (400, {"stage"})
    moving = api.call("post", f"{base}/robots/", {"kind": "change_stage", "settings": {"stage": "only"}})
    assert (moving.status_code, moving.json()["details"]["fields"]) == (400, {"kind": ["This process has no stages."]})
    for kind in ("field_changed", "time_in_stage", "condition_met", "comment_added"):
        answer = api.call("post", f"{base}/triggers/", {"kind": kind, "settings": {}})
        assert answer.json()["details"]["fields"] == {"kind": ["This process has no stages."]}
    settings = {"find_by": "title", "find_path": "name", "values": {"phone": "phone"}, "when_missing": "create"}
    hook = api.call("post", f"{base}/triggers/", {"kind": "webhook", "settings": settings}).json()
    assert (hook["stage"], hook["from_stage"], hook["pipeline"]) == (None, None, None)
    create_record(process.pk, values={"title": "Acme"}, actor=SYSTEM)
    settle()
    assert Comment.objects.get().text == "Hello"
