"""Robots, runs and notifications over REST."""

from typing import Any

from accounts.models import User
from automation.models import Robot
from core.actor import SYSTEM
from notifications.operations import Subject, notify
from processes.models import Process
from processes.permissions import Place
from records.models import Record
from tests.api.conftest import ApiClient
from tests.api.test_errors import refused

BODY: dict[str, Any] = {
    "stage": "in_work",
    "kind": "add_comment",
    "name": "Say hello",
    "settings": {"text": "Hello {{ title }}"},
    "condition": {"field": "amount", "op": "gt", "value": 5},
}


def test_robot_is_made_read_changed_ordered_and_removed(admin: ApiClient, process: Process) -> None:
    base = f"/processes/{process.key}/robots/"
    made = admin.call("post", base, BODY)
    assert made.status_code == 201, made.json()
    robot = made.json()
    assert (robot["stage"], robot["kind"], robot["settings"]) == ("in_work", "add_comment", BODY["settings"])
    assert admin.call("get", f"{base}{robot['id']}/").json() == robot
    changed = admin.call("patch", f"{base}{robot['id']}/", {"is_on": False, "delay_seconds": 60}).json()
    assert (changed["is_on"], changed["delay_seconds"], changed["settings"]) == (False, 60, BODY["settings"])
    assert [item["id"] for item in admin.call("get", base).json()["items"]] == [robot["id"]]
    order = {"stage": "in_work", "robots": [robot["id"]]}
    assert admin.call("put", f"/processes/{process.key}/robot-order/", order).status_code == 204
    assert admin.call("delete", f"{base}{robot['id']}/").status_code == 204
    refused(admin.call("get", f"{base}{robot['id']}/"), 404, "not_found")


def test_wrong_robot_is_refused_by_name(admin: ApiClient, process: Process) -> None:
    base = f"/processes/{process.key}/robots/"
    refused(admin.call("post", base, BODY | {"stage": "nowhere"}), 400, "invalid", "stage")
    refused(admin.call("post", base, BODY | {"kind": "explode"}), 400, "invalid", "kind")
    refused(admin.call("post", base, BODY | {"settings": {"nonsense": 1}}), 400, "invalid", "nonsense")
    refused(admin.call("post", base, BODY | {"delay_seconds": -1}), 400, "invalid", "delay_field")
    wrong = admin.call("post", base, BODY | {"condition": {"field": "nonsense", "op": "is", "value": 1}})
    refused(wrong, 400, "invalid_expression")
    assert not Robot.objects.exists()


def test_only_who_may_automate_sees_robots_and_runs(client_anna: ApiClient, process: Process) -> None:
    for path in ("robots/", "runs/"):
        refused(client_anna.call("get", f"/processes/{process.key}/{path}"), 403, "not_allowed")


def test_log_of_runs_answers(admin: ApiClient, process: Process) -> None:
    assert admin.call("get", f"/processes/{process.key}/runs/?state=failed").json() == {"items": [], "next": None}
    refused(admin.call("get", f"/processes/{process.key}/runs/?state=x"), 400, "invalid", "state")
    refused(admin.call("get", f"/processes/{process.key}/runs/1/"), 404, "not_found")
    refused(admin.call("post", f"/processes/{process.key}/runs/1/retry/"), 404, "not_found")


def test_notifications_are_listed_and_read(
    client_anna: ApiClient, anna: User, admin: ApiClient, records: str, process: Process
) -> None:
    record = Record.objects.get(pk=admin.call("post", records, {"title": "Printer"}).json()["id"])
    subject = Subject(process.pk, record.pk, record.title, Place.of(record, record.stage_id))
    notify([anna.pk], about=subject, kind="robot", text="Look", actor=SYSTEM)
    item = client_anna.call("get", "/notifications/").json()["items"][0]
    assert (item["text"], item["process"], item["record"], item["is_read"]) == ("Look", process.key, record.pk, False)
    refused(admin.call("post", f"/notifications/{item['id']}/read/"), 404, "not_found")
    assert client_anna.call("post", f"/notifications/{item['id']}/read/").status_code == 204
    assert client_anna.call("get", "/notifications/?unread=true").json()["items"] == []
    assert client_anna.call("post", "/notifications/read/").status_code == 204


def test_automatic_transition_is_made_with_the_stage_that_it_leaves(admin: ApiClient, process: Process) -> None:
    there = f"/processes/{process.key}/triggers/"
    body = {"stage": "in_work", "kind": "all_tasks_done", "from_stage": "received"}
    made = admin.call("post", there, body)
    assert (made.status_code, made.json()["stage"], made.json()["from_stage"]) == (201, "in_work", "received")
    assert admin.call("post", there, {**body, "from_stage": None}).json()["from_stage"] is None
    refused(admin.call("post", there, {**body, "from_stage": "nowhere"}), 400, "invalid")
