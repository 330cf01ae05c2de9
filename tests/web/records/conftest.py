"""A process, the people around it, and a browser without scripts for each of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.operations import create_record
from tests.factories import EMPLOYEE, make_process, make_role, make_user, signed_in


@pytest.fixture
def process() -> Process:
    return make_process(name="Requests", key="requests")


@pytest.fixture
def employee(process: Process) -> User:
    """Sees all, changes own."""
    person = make_user("Anna Petrova")
    grants = {**EMPLOYEE, Operation.DELETE: Scope.OWN, Operation.RESTORE: Scope.OWN}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def reader(process: Process) -> User:
    """Sees, and changes nothing."""
    person = make_user("Rita Reader")
    set_grants(process, {make_role(people=(person,)).pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    return person


@pytest.fixture
def stranger() -> User:
    return make_user("Sam Stranger")


class Visitor:
    """Somebody who is signed in. Scripts ask with `script=True` (JSON) or `part=True` (a fragment)."""

    def __init__(self, user: User | None) -> None:
        self.client = Client() if user is None else signed_in(user)

    def get(self, path: str, *, part: bool = False, script: bool = False, **query: Any) -> Any:
        return self.client.get(path, query, headers=_headers(part, script))

    def post(self, path: str, data: Any = None, *, part: bool = False, script: bool = False) -> Any:
        return self.client.post(path, data or {}, headers=_headers(part, script))

    def send(self, path: str, body: Any) -> Any:
        return self.client.post(path, json.dumps(body), content_type="application/json", headers=_headers(False, True))


def _headers(part: bool, script: bool) -> dict[str, str]:
    return {**({"HX-Request": "true"} if part else {}), **({"Accept": "application/json"} if script else {})}


@pytest.fixture
def visit() -> Callable[[User | None], Visitor]:
    return Visitor


Create = Callable[..., int]


@pytest.fixture
def create(process: Process) -> Create:
    """`create("Paper", amount=5, actor=…)`; the id of the new record."""

    def make(title: str, *, actor: Any = SYSTEM, stage: str | None = None, **values: Any) -> int:
        return create_record(process, values={"title": title, **values}, actor=actor, stage=stage).pk

    return make


def text_of(response: HttpResponse) -> str:
    return response.content.decode()
