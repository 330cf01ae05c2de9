"""Two who design at once, each with a connection of their own: no change is lost, and nobody meets an error of ours."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import Department, Role, RoleAssignment, User
from processes.models import Gate, Pipeline, Process, Stage
from tests.api.conftest import ApiClient, client_of
from tests.factories import make_admin, make_process, make_user

ROUNDS = 3
Call = tuple[str, str, Any]
"""Method, path, body."""


@pytest.fixture
def secret(committed: None) -> str:
    return token_of(make_admin())


def token_of(person: User) -> str:
    client = client_of(person, "read", "write", "admin")
    return client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")


@pytest.fixture
def process(secret: str) -> Process:
    return make_process(moves=None)


def at_once(secret: str | Sequence[str], calls: Sequence[Call]) -> list[Any]:
    """The answers to calls that begin together, in the order of the calls; by one token, or each by its own."""
    together = Barrier(len(calls))
    secrets = [secret] * len(calls) if isinstance(secret, str) else secret

    def work(call: Call, secret: str) -> Any:
        client = ApiClient(secret)
        together.wait()
        try:
            return client.call(*call)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(work, calls, secrets))


def added(secret: str, path: str, name: str) -> Any:
    """What a call has made."""
    answer = ApiClient(secret).call("post", path, {"name": name})
    assert answer.status_code == 201, answer.content
    return answer.json()


def stage_duel(other: Callable[[str, str, str], Call]) -> Callable[[str, str, int], list[Call]]:
    """One removes a fresh stage, the other does something with it (base, pipeline path, key)."""

    def calls(secret: str, base: str, number: int) -> list[Call]:
        pipeline = f"{base}/pipelines/main"
        key = added(secret, f"{pipeline}/stages/", f"Step {number}")["key"]
        return [("delete", f"{pipeline}/stages/{key}/", None), other(base, pipeline, key)]

    return calls


def pipeline_duel(other: Callable[[str, str], Call]) -> Callable[[str, str, int], list[Call]]:
    """One removes a fresh pipeline, the other does something with it (its path, its key)."""

    def calls(secret: str, base: str, number: int) -> list[Call]:
        key = added(secret, f"{base}/pipelines/", f"Path {number}")["key"]
        path = f"{base}/pipelines/{key}"
        return [("post", f"{path}/remove/", {}), other(path, key)]

    return calls


def into_each_other(secret: str, base: str, number: int) -> list[Call]:
    path = f"{base}/pipelines/main/stages"
    one, two = (added(secret, f"{path}/", f"{name} {number}")["key"] for name in ("One", "Two"))
    for key in (one, two):
        ApiClient(secret).call("post", f"{base}/records/", {"title": "x", "stage": key})
    return [("delete", f"{path}/{one}/?to={two}", None), ("delete", f"{path}/{two}/?to={one}", None)]


def role_duel(path: str) -> Callable[[str, str, int], list[Call]]:
    """One deletes a fresh role, the other gives it."""

    def calls(secret: str, base: str, number: int) -> list[Call]:
        role = added(secret, "/roles/", f"Role {number}")["id"]
        holder = User.objects.get(name="Holder").pk if path == "people" else Department.objects.get(name="Home").pk
        body = {"person" if path == "people" else "department": holder}
        return [("delete", f"/roles/{role}/", None), ("post", f"/roles/{role}/{path}/", body)]

    return calls


def role_and_gate(secret: str, base: str, number: int) -> list[Call]:
    role = added(secret, "/roles/", f"Role {number}")["id"]
    return [
        ("delete", f"/roles/{role}/", None),
        ("put", f"{base}/pipelines/main/gates/", {"target": "in_work", "roles": [role]}),
    ]


def role_and_view(secret: str, base: str, number: int) -> list[Call]:
    role = added(secret, "/roles/", f"Role {number}")["id"]
    shared = {"page": "list", "name": f"View {number}", "audience": "roles", "role_ids": [role]}
    return [("delete", f"/roles/{role}/", None), ("post", f"{base}/views/", shared)]


def robot_in(key: str) -> Any:
    return {"stage": key, "kind": "add_comment", "name": "Hello", "settings": {"text": "Hello"}}


def button_into(key: str) -> Any:
    return {"stage": key, "kind": "button", "name": "Press", "settings": {"text": "Press"}}


def department_duel(other: Callable[[int], Call]) -> Callable[[str, str, int], list[Call]]:
    """One deletes a fresh department, the other uses it (its id)."""

    def calls(secret: str, base: str, number: int) -> list[Call]:
        made = added(secret, "/departments/", f"Department {number}")["id"]
        return [("delete", f"/departments/{made}/", None), other(made)]

    return calls


def person_into(department: int) -> Call:
    return ("post", f"/departments/{department}/people/", {"person": User.objects.get(name="Holder").pk})


def role_for(department: int) -> Call:
    return ("post", f"/roles/{Role.objects.get(name='Ready').pk}/departments/", {"department": department})


DUELS: dict[str, Callable[[str, str, int], list[Call]]] = {
    "stage and its name": stage_duel(lambda base, path, key: ("patch", f"{path}/stages/{key}/", {"name": "Other"})),
    "stage and its copy": stage_duel(lambda base, path, key: ("post", f"{path}/stages/{key}/duplicate/", None)),
    "stage and its gate": stage_duel(
        lambda base, path, key: ("put", f"{path}/gates/", {"target": key, "comment": True})
    ),
    "stage and a gate from it": stage_duel(
        lambda base, path, key: ("put", f"{path}/gates/", {"source": key, "target": "in_work", "comment": True})
    ),
    "stage and the moves": stage_duel(lambda base, path, key: ("put", f"{path}/moves/", {"moves": [["in_work", key]]})),
    "stage and its robot": stage_duel(lambda base, path, key: ("post", f"{base}/robots/", robot_in(key))),
    "stage and its trigger": stage_duel(lambda base, path, key: ("post", f"{base}/triggers/", button_into(key))),
    "two stages into each other": into_each_other,
    "pipeline and its name": pipeline_duel(lambda path, key: ("patch", f"{path}/", {"name": "Other"})),
    "pipeline and a new stage": pipeline_duel(lambda path, key: ("post", f"{path}/stages/", {"name": "More"})),
    "pipeline and its moves": pipeline_duel(lambda path, key: ("put", f"{path}/moves/", {"moves": []})),
    "pipeline and its reasons": pipeline_duel(
        lambda path, key: ("put", f"{path}/lost-reasons/", {"items": [{"name": "Price"}], "required": True})
    ),
    "pipeline and its order of stages": pipeline_duel(
        lambda path, key: ("put", f"{path}/stage-order/", {"keys": ["new", "in_work", "rejected", "completed"]})
    ),
    "role and a person": role_duel("people"),
    "role and a department": role_duel("departments"),
    "role and a gate": role_and_gate,
    "role and a shared view": role_and_view,
    "department and a person": department_duel(person_into),
    "department and a role": department_duel(role_for),
    "department and its name": department_duel(lambda pk: ("patch", f"/departments/{pk}/", {"name": f"Other {pk}"})),
    "department and its head": department_duel(
        lambda pk: ("patch", f"/departments/{pk}/", {"head": User.objects.get(name="Holder").pk})
    ),
    "department and one below": department_duel(lambda pk: ("post", "/departments/", {"name": "Low", "parent": pk})),
}


@pytest.mark.parametrize("duel", DUELS)
def test_what_is_removed_meanwhile_is_refused_in_words(duel: str, secret: str, process: Process) -> None:
    make_user("Holder")
    Role.objects.create(key="ready", name="Ready")
    Department.objects.create(name="Home")
    for number in range(ROUNDS):
        answers = at_once(secret, DUELS[duel](secret, f"/processes/{process.key}", number))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {200, 201, 204, 400, 404, 409}, [answer.content for answer in answers]
        assert any(status < 300 for status in statuses), [answer.content for answer in answers]
    assert not Gate.objects.exclude(target__in=Stage.objects.all()).exists()
    assert not RoleAssignment.objects.exclude(role__in=Role.objects.all()).exists()


def test_only_one_of_four_removes(secret: str, process: Process) -> None:
    stages = f"/processes/{process.key}/pipelines/main/stages/"
    paths = [
        f"{stages}{added(secret, stages, 'More')['key']}/",
        f"/roles/{added(secret, '/roles/', 'Role')['id']}/",
        f"/departments/{added(secret, '/departments/', 'Home')['id']}/",
    ]
    for path in paths:
        statuses = sorted(answer.status_code for answer in at_once(secret, [("delete", path, None)] * 4))
        assert statuses == [204, 404, 404, 404], path


def test_partial_changes_of_one_stage_both_stay(secret: str, process: Process) -> None:
    path = f"/processes/{process.key}/pipelines/main/stages/in_work/"
    for number in range(ROUNDS * 3):
        hint, limit = f"Hint {number}", number + 5
        answers = at_once(secret, [("patch", path, {"hint": hint}), ("patch", path, {"limit": limit})])
        assert [answer.status_code for answer in answers] == [200, 200]
        stage = Stage.objects.get(key="in_work")
        assert (stage.hint, stage.limit) == (hint, limit)


def test_partial_changes_of_one_process_both_stay(secret: str, process: Process) -> None:
    path = f"/processes/{process.key}/"
    for number in range(ROUNDS * 3):
        name, said = f"Name {number}", f"Said {number}"
        answers = at_once(secret, [("patch", path, {"name": name}), ("patch", path, {"description": said})])
        assert [answer.status_code for answer in answers] == [200, 200]
        found = Process.objects.get(pk=process.pk)
        assert (found.name, found.description) == (name, said)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/roles/", {"name": "Twin"}), ("/processes/", {"name": "Twin", "noun": "twin", "noun_plural": "twins"})],
    ids=["roles", "processes"],
)
def test_two_of_one_name_get_keys_of_their_own(path: str, body: Any, secret: str, process: Process) -> None:
    answers = at_once(secret, [("post", path, body)] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4, [answer.content for answer in answers]
    assert sorted(answer.json()["key"] for answer in answers) == ["twin", "twin_2", "twin_3", "twin_4"]
    assert Pipeline.objects.count() >= 1


def test_four_begin_a_bulk_change_and_an_export_at_once(secret: str, process: Process) -> None:
    base = f"/processes/{process.key}"
    secrets = [secret, *(token_of(make_admin(f"Boss {number}")) for number in range(3))]
    added_record = ApiClient(secret).call("post", f"{base}/records/", {"title": "x"})
    assert added_record.status_code == 201
    change = {"op": "update", "record": {"title": "y"}, "all": True}
    for path, body in ((f"{base}/bulk-jobs/", change), (f"{base}/exports/", {"format": "csv"})):
        for _round in range(ROUNDS + 1):
            answers = at_once(secrets, [("post", path, body)] * 4)
            assert {answer.status_code for answer in answers} <= {201, 202}, [answer.content for answer in answers]
