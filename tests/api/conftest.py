"""A process, people and clients with tokens."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.operations import create_token
from api.throttling import buckets
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import set_grants
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user

V1 = "/api/v1"


class ApiClient(Client):
    """Speaks JSON with a token; paths are below /api/v1."""

    def __init__(self, secret: str = "", **defaults: Any) -> None:
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        super().__init__(headers=headers, **defaults)

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """The response to a call; header names with underscores."""
        body = {} if data is None else {"data": data, "content_type": "application/json"}
        return getattr(self, method)(V1 + path, headers=headers or None, **body)


def client_of(user: User, *scopes: str) -> ApiClient:
    """A client with a fresh token of the person."""
    _token, secret = create_token(user, name="test", scopes=scopes or ("read", "write"), actor=SYSTEM)
    return ApiClient(secret)


@pytest.fixture(autouse=True)
def full_buckets() -> Iterator[None]:
    buckets.clear()
    yield
    buckets.clear()


@pytest.fixture
def process(db: None) -> Process:
    return make_process()


@pytest.fixture
def admin(db: None) -> ApiClient:
    return client_of(make_admin(), "read", "write", "admin")


@pytest.fixture
def anna(process: Process) -> User:
    person = make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return person


@pytest.fixture
def client_anna(anna: User) -> ApiClient:
    return client_of(anna)


@pytest.fixture
def records(process: Process) -> str:
    return f"/processes/{process.key}/records/"
