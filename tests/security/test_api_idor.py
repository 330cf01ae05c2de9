"""Every address of the API × {anonymous, stranger, reading token, deactivated}: what each is answered.

An address without a row fails; so does a row without its address.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.operations import create_department, deactivate_person, set_department
from api import urls as api_urls
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from processes.operations import set_grants
from records.operations import add_comment, create_record, create_task
from records.operations.exports import begin_export
from records.operations.imports import begin_import
from tests.api.conftest import ApiClient, client_of
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user

SEEN, HIDDEN, ADMINS = "seen", "hidden", "admins"
"""What a stranger may do with an address: use it as everybody, not know of it, or not as only administrators may."""

ROUTES: dict[str, list[tuple[str, Any, str]]] = {
    "api-me": [("get", None, SEEN)],
    "api-openapi": [("get", None, SEEN)],
    "api-people": [("get", None, SEEN), ("post", {"name": "N", "email": "n@example.test"}, ADMINS)],
    "api-person-invitation": [("post", {}, ADMINS), ("delete", None, ADMINS)],
    "api-departments": [("get", None, SEEN), ("post", {"name": "D"}, ADMINS)],
    "api-department": [("get", None, SEEN), ("patch", {"name": "D"}, ADMINS), ("delete", None, ADMINS)],
    "api-department-move": [("post", {"parent": None}, ADMINS)],
    "api-department-people": [("get", None, SEEN), ("post", {"person": "{person}"}, ADMINS)],
    "api-department-person": [("delete", None, ADMINS)],
    "api-roles": [("get", None, SEEN), ("post", {"name": "R"}, ADMINS)],
    "api-role": [("patch", {"name": "R"}, ADMINS), ("delete", None, ADMINS)],
    "api-role-people": [("post", {"person": "{person}"}, ADMINS)],
    "api-role-person": [("delete", None, ADMINS)],
    "api-role-departments": [("post", {"department": "{department}"}, ADMINS)],
    "api-role-department": [("delete", None, ADMINS)],
    "api-tokens": [("get", None, SEEN), ("post", {"name": "T", "scopes": ["read"]}, SEEN)],
    "api-token": [("delete", None, HIDDEN)],
    "api-processes": [("get", None, SEEN), ("post", {"name": "P", "noun": "p", "noun_plural": "ps"}, ADMINS)],
    "api-process": [("get", None, HIDDEN), ("patch", {"name": "P"}, HIDDEN)],
    "api-process-archive": [("post", None, HIDDEN)],
    "api-process-publish": [("post", None, HIDDEN)],
    "api-process-schema": [("get", None, HIDDEN)],
    "api-process-access": [("get", None, HIDDEN), ("put", {"grants": {}}, HIDDEN)],
    "api-fields": [("get", None, HIDDEN), ("post", {"label": "F", "type": "text"}, HIDDEN)],
    "api-field": [("patch", {"label": "F"}, HIDDEN), ("delete", None, HIDDEN)],
    "api-field-types": [("get", None, SEEN)],
    "api-field-uses": [("get", None, HIDDEN)],
    "api-field-targets": [("get", None, HIDDEN)],
    "api-conversions": [("get", None, HIDDEN), ("post", {"field": "amount", "type": "text"}, HIDDEN)],
    "api-conversion-check": [("post", {"field": "amount", "type": "text"}, HIDDEN)],
    "api-conversion": [("get", None, HIDDEN), ("delete", None, HIDDEN)],
    "api-conversion-revert": [("post", None, HIDDEN)],
    "api-conversion-unconverted": [("get", None, HIDDEN)],
    "api-removed-fields": [("get", None, HIDDEN)],
    "api-removed-field": [("post", {}, HIDDEN), ("delete", None, HIDDEN)],
    "api-field-jobs": [("get", None, HIDDEN)],
    "api-field-job-act": [("post", None, HIDDEN)],
    "api-field-order": [("put", {"keys": []}, HIDDEN)],
    "api-field-layout": [("put", {"layout": []}, HIDDEN)],
    "api-sections": [("get", None, HIDDEN), ("post", {"label": "S"}, HIDDEN)],
    "api-section": [("patch", {"label": "S"}, HIDDEN), ("delete", None, HIDDEN)],
    "api-formula-check": [("post", {"formula": "1"}, HIDDEN)],
    "api-pipelines": [("get", None, HIDDEN), ("post", {"name": "P"}, HIDDEN)],
    "api-pipeline": [("patch", {"name": "P"}, HIDDEN)],
    "api-pipeline-remove": [("post", {}, HIDDEN)],
    "api-pipeline-order": [("put", {"keys": []}, HIDDEN)],
    "api-stage-duplicate": [("post", None, HIDDEN)],
    "api-stage-uses": [("get", None, HIDDEN)],
    "api-stages": [("post", {"name": "S"}, HIDDEN)],
    "api-stage": [("patch", {"name": "S"}, HIDDEN), ("delete", None, HIDDEN)],
    "api-stage-order": [("put", {"keys": []}, HIDDEN)],
    "api-moves": [("put", {"moves": None}, HIDDEN)],
    "api-gates": [("get", None, HIDDEN), ("put", {"target": "in_work", "comment": True}, HIDDEN)],
    "api-gate": [("delete", None, HIDDEN)],
    "api-lost-reasons": [("get", None, HIDDEN), ("put", {"items": [], "required": False}, HIDDEN)],
    "api-board": [("get", None, HIDDEN)],
    "api-records": [("get", None, HIDDEN), ("post", {"title": "x"}, HIDDEN)],
    "api-records-bulk": [("post", {"operations": [{"op": "create", "record": {}}]}, HIDDEN)],
    "api-record": [("get", None, HIDDEN), ("patch", {"title": "x"}, HIDDEN), ("delete", None, HIDDEN)],
    "api-record-move": [("post", {"stage": "in_work"}, HIDDEN)],
    "api-record-moves": [("get", None, HIDDEN)],
    "api-record-restore": [("post", None, HIDDEN)],
    "api-record-timeline": [("get", None, HIDDEN)],
    "api-record-comments": [("get", None, HIDDEN), ("post", {"text": "x"}, HIDDEN)],
    "api-record-tasks": [("get", None, HIDDEN), ("post", {"title": "x"}, HIDDEN)],
    "api-task-complete": [("post", None, HIDDEN)],
    "api-task-reopen": [("post", None, HIDDEN)],
    "api-files": [("post", {}, HIDDEN)],
    "api-file": [("get", None, HIDDEN)],
    "api-record-linked": [("get", None, HIDDEN)],
    "api-record-files": [("get", None, HIDDEN)],
    "api-imports": [("get", None, HIDDEN), ("post", {}, HIDDEN)],
    "api-import": [("get", None, HIDDEN), ("patch", {"targets": ["title"]}, HIDDEN)],
    "api-import-check": [("post", None, HIDDEN)],
    "api-import-run": [("post", None, HIDDEN)],
    "api-import-cancel": [("post", None, HIDDEN)],
    "api-import-problems": [("get", None, HIDDEN)],
    "api-import-rejected": [("get", None, HIDDEN)],
    "api-exports": [("get", None, HIDDEN), ("post", {"format": "csv"}, HIDDEN)],
    "api-export": [("get", None, HIDDEN)],
    "api-export-cancel": [("post", None, HIDDEN)],
    "api-export-file": [("get", None, HIDDEN)],
    "api-robots": [("get", None, HIDDEN), ("post", {"stage": "in_work", "kind": "add_comment"}, HIDDEN)],
    "api-robot": [("get", None, HIDDEN), ("patch", {"is_on": False}, HIDDEN), ("delete", None, HIDDEN)],
    "api-robot-start": [("post", None, HIDDEN)],
    "api-robot-order": [("put", {"stage": "in_work", "robots": []}, HIDDEN)],
    "api-triggers": [("get", None, HIDDEN), ("post", {"stage": "in_work", "kind": "task_done"}, HIDDEN)],
    "api-trigger": [("get", None, HIDDEN), ("patch", {"is_on": False}, HIDDEN), ("delete", None, HIDDEN)],
    "api-trigger-start": [("post", None, HIDDEN)],
    "api-trigger-renew-secret": [("post", None, HIDDEN)],
    "api-trigger-order": [("put", {"stage": "in_work", "triggers": []}, HIDDEN)],
    "api-runs": [("get", None, HIDDEN)],
    "api-run": [("get", None, HIDDEN)],
    "api-run-act": [("post", None, HIDDEN)],
    "api-notifications": [("get", None, SEEN)],
    "api-notifications-read": [("post", None, SEEN)],
    "api-notification-read": [("post", None, HIDDEN)],
}
OPEN = {"api-docs", "api-unknown", "api-hook"}
"""Addresses that hold nothing of anybody; a hook asks for a signature (tests/automation/test_webhooks.py)."""

CASES = [(name, method, body, kind) for name, rows in ROUTES.items() for method, body, kind in rows]


class World:
    """A process with a record of somebody else, and the ids that fill addresses."""

    def __init__(self) -> None:
        self.admin = make_admin()
        self.stranger = make_user("Stranger")
        self.reader = make_user("Reader")
        self.role = make_role(people=(self.reader,))
        self.department = create_department(name="Sales", actor=SYSTEM)
        set_department(self.reader, department=self.department, actor=SYSTEM)
        self.process: Process = make_process()
        set_grants(self.process, {self.role.pk: EMPLOYEE}, actor=SYSTEM)
        record = create_record(self.process, values={"title": "secret words"}, actor=SYSTEM)
        add_comment(self.process, record.pk, text="secret words", actor=SYSTEM)
        task = create_task(self.process, record.pk, title="secret words", actor=SYSTEM)
        token_client = client_of(self.admin)
        token_id = token_client.call("get", "/tokens/").json()["items"][0]["id"]
        self.ids: dict[str, Any] = {
            "key": self.process.key,
            "field_key": "amount",
            "field_id": 1,
            "job_id": 1,
            "job_act": "retry",
            "section_id": 1,
            "pipeline_key": "main",
            "stage_key": "in_work",
            "gate_id": 1,
            "record_id": record.pk,
            "task_id": task.pk,
            "role_id": self.role.pk,
            "person_id": self.reader.pk,
            "department_id": self.department.pk,
            "token_id": token_id,
            "import_id": begin_import(
                self.process, name="f.csv", content=b"Title\nsecret words\n", actor=actor_of(self.admin)
            ).pk,
            "export_id": begin_export(self.process, file_format="csv", actor=actor_of(self.admin)).pk,
            "file_id": 1,
            "robot_id": 1,
            "trigger_id": 1,
            "run_id": 1,
            "act": "retry",
            "notification_id": 1,
        }

    def path(self, name: str) -> str:
        """The address with this world's ids."""
        (_pattern, wanted), *_others = get_resolver().reverse_dict.getlist(name)[0][0]
        return reverse(name, kwargs={key: self.ids[key] for key in wanted}).removeprefix("/api/v1")

    def body(self, body: Any) -> Any:
        """The body with this world's ids."""
        filled = {"person": self.stranger.pk, "department": self.department.pk}
        return {key: filled.get(key, value) for key, value in body.items()} if isinstance(body, dict) else body


@pytest.fixture
def world(db: None) -> World:
    return World()


def routes(patterns: list[Any]) -> Iterator[str]:
    """Names of all addresses below some patterns."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or str(pattern.pattern)


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert set(routes(api_urls.urlpatterns)) - OPEN == set(ROUTES)


def answered(client: ApiClient, world: World, name: str, method: str, body: Any) -> Any:
    """The answer, checked to change nothing and to tell nothing of the record."""
    before = Event.objects.count()
    answer = client.call(method, world.path(name), world.body(body))
    assert "secret words" not in answer.content.decode()
    if answer.status_code >= 400:
        assert Event.objects.count() == before
        assert set(answer.json()) == {"code", "message", "details"}
    return answer


@pytest.mark.parametrize(("name", "method", "body", "kind"), CASES)
def test_anonymous_gets_nothing(world: World, name: str, method: str, body: Any, kind: str) -> None:
    assert answered(ApiClient(), world, name, method, body).status_code == 401


@pytest.mark.parametrize(("name", "method", "body", "kind"), CASES)
def test_stranger_gets_not_found(world: World, name: str, method: str, body: Any, kind: str) -> None:
    status = answered(client_of(world.stranger), world, name, method, body).status_code
    assert status in {SEEN: (200, 201, 204), HIDDEN: (404,), ADMINS: (403,)}[kind]


@pytest.mark.parametrize(("name", "method", "body", "kind"), [case for case in CASES if case[1] != "get"])
def test_reading_token_writes_nothing(world: World, name: str, method: str, body: Any, kind: str) -> None:
    for person in (world.reader, world.admin):
        assert answered(client_of(person, "read"), world, name, method, body).status_code == 403


@pytest.mark.parametrize(("name", "method", "body", "kind"), CASES)
def test_deactivated_person_gets_nothing(world: World, name: str, method: str, body: Any, kind: str) -> None:
    client = client_of(world.reader)
    person: User = deactivate_person(world.reader, actor=SYSTEM)
    assert not person.is_active
    assert answered(client, world, name, method, body).status_code == 401
