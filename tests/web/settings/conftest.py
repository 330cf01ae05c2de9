"""People who sign in, and a process to change."""

import pytest
from django.test import Client

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import set_grants
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> User:
    return make_admin("Boss")


@pytest.fixture
def admin(boss: User) -> Client:
    return signed_in(boss)


@pytest.fixture
def process(db: None) -> Process:
    return make_process(name="Requests", key="requests")


@pytest.fixture
def worker(process: Process) -> User:
    """Somebody who works in the process and changes nothing about it."""
    person = make_user("Worker")
    set_grants(process, {make_role("Employee", people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    return person


@pytest.fixture
def employee(worker: User) -> Client:
    return signed_in(worker)
