"""Making a record in somebody else's name takes the right to assign, by every door."""

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.operations.imports import begin_import
from tests.api.conftest import client_of
from tests.api.test_errors import refused
from tests.factories import actor_of, make_process, make_role, make_user
from tests.records.exchange.conftest import checked, imported, reasons, rows_in

pytestmark = pytest.mark.django_db

CLERK = dict.fromkeys((Operation.VIEW, Operation.CREATE, Operation.IMPORT, Operation.BULK), Scope.ALL)


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def clerk(process: Process) -> User:
    person = make_user("Clara Clerk")
    set_grants(process, {make_role(people=(person,)).pk: CLERK}, actor=SYSTEM)
    return person


def test_rest_refuses_somebody_else_and_nobody(process: Process, clerk: User) -> None:
    other, program = make_user("Otto Other"), client_of(clerk)
    there = f"/processes/{process.key}/records/"
    for given in (other.pk, None):
        refused(program.call("post", there, {"title": "theirs", "assignee": given}), 403, "not_allowed")
    bulk = {"operations": [{"op": "create", "record": {"title": "theirs", "assignee": other.pk}}]}
    outcome = program.call("post", f"{there}bulk/", bulk).json()["results"][0]
    assert (outcome["status"], outcome["error"]["code"]) == (403, "not_allowed")
    assert rows_in(process) == []
    own = [program.call("post", there, body) for body in ({"title": "a"}, {"title": "b", "assignee": clerk.pk})]
    assert [made.status_code for made in own] == [201, 201]
    assert {row.assignee_id for row in rows_in(process)} == {clerk.pk}


def test_assigner_makes_a_record_for_somebody_else(process: Process, clerk: User) -> None:
    other = make_user("Otto Other")
    set_grants(process, {make_role(people=(clerk,)).pk: {Operation.ASSIGN: Scope.OWN}}, actor=SYSTEM)
    made = client_of(clerk).call(
        "post", f"/processes/{process.key}/records/", {"title": "theirs", "assignee": other.pk}
    )
    assert (made.status_code, made.json()["assignee"]) == (201, other.pk)


def test_import_says_it_of_the_row(process: Process, clerk: User) -> None:
    actor = actor_of(clerk)
    other = make_user("Otto Other")
    content = f"Title,Assignee\ntheirs,{other.email}\nmine,{clerk.email}\nnobody's,\n".encode()
    job = checked(begin_import(process, name="f.csv", content=content, actor=actor), actor)
    assert list(reasons(job)) == [(1, None, "You have no right to assign this record.")]
    imported(job, actor)
    assert [(row.title, row.assignee_id) for row in rows_in(process)] == [("mine", clerk.pk), ("nobody's", clerk.pk)]
