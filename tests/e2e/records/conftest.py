"""A process with committed rows, somebody who works in it, and hands for mouse and board."""

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.models import Record
from records.operations import create_record
from tests.factories import EMPLOYEE, make_process, make_role, make_user


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(name="Requests", key="requests")


@pytest.fixture
def employee(process: Process) -> User:
    """Sees all, changes own."""
    person = make_user("Anna Petrova")
    grants = {**EMPLOYEE, Operation.DELETE: Scope.OWN, Operation.RESTORE: Scope.OWN}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


def create(process: Process, title: str, person: User, **values: object) -> Record:
    """A record that the person is responsible for."""
    row = create_record(process, values={"title": title, "assignee": person.pk, **values}, actor=SYSTEM)
    return Record.objects.get(pk=row.pk)
