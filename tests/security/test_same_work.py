"""Absent and foreign cost the same: the same statements in the same order, so that no clock can tell them apart."""

import re
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from axes.models import AccessFailureLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.operations import deactivate_person
from api.throttling import buckets
from core.actor import SYSTEM
from processes.models import Operation, Scope
from processes.models.access import PROCESS_WIDE
from processes.operations import set_grants
from records.operations import create_record, delete_record
from tests.api.conftest import client_of
from tests.factories import PASSWORD, actor_of, make_role, make_user, signed_in
from tests.security.door import Door, parts_of, rows, told
from tests.security.routes import PAGES, REST
from tests.security.world import ABSENT, OF_RECORDS, World

pytestmark = pytest.mark.django_db

PARTS = ("record_id", "task_id", "file_id", "import_id", "export_id")
"""Parts of addresses that name what somebody else may have."""
NOTING = re.compile(r"^(UPDATE|SELECT).*accounts_(session|token)|relname, n_tup_ins")


@pytest.fixture
def world() -> World:
    buckets.clear()
    return World()


def work_of(door: Door, name: str, method: str, body: Any, ids: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The status and what was asked of the database, without values."""
    with CaptureQueriesContext(connection) as asked:
        answer, _written = door.send(name, method, body, **ids)
    statements = [re.sub(r"'[^']*'|s\d+_x\d+|\b\d+\b|\{[^}]*\}", "?", query["sql"]) for query in asked.captured_queries]
    return answer.status_code, [text for text in statements if not NOTING.search(text)]


def compare(door: Door, name: str, method: str, body: Any, named: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """What is answered with other work, or otherwise, than what is nowhere."""
    work_of(door, name, method, body, named["absent"])  # what is remembered afterwards is remembered for all
    status, wanted = work_of(door, name, method, body, named["absent"])
    wrong: list[Any] = []
    for case, ids in named.items():
        found, asked = work_of(door, name, method, body, ids)
        if (found, asked) != (status, wanted):
            more, less = [s for s in asked if s not in wanted], [s for s in wanted if s not in asked]
            wrong.append(
                (name, method, case, found, status, len(asked), len(wanted), [s[:300] for s in (*more, *less)])
            )
    return wrong


@pytest.mark.parametrize("is_rest", [False, True], ids=["pages", "rest"])
def test_absent_and_foreign_rows_are_the_same_work(world: World, is_rest: bool) -> None:
    """For somebody who may do everything with their own records, but take none of them out of the bin."""
    person = make_user("Worker")
    rights = {op: Scope.ALL if op in PROCESS_WIDE else Scope.OWN for op in OF_RECORDS}
    del rights[Operation.RESTORE]
    set_grants(world.process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    binned = create_record(world.process, values={"title": "Mine"}, actor=actor_of(person))
    delete_record(world.process, binned.pk, actor=SYSTEM)
    elsewhere = create_record(world.other, values={"title": "Elsewhere"}, actor=SYSTEM)
    door = Door(client_of(person) if is_rest else signed_in(person), world, is_rest=is_rest)
    wrong: list[Any] = []
    for name, method, body, who in rows(REST if is_rest else PAGES):
        for part in set(parts_of(name)) & set(PARTS) if who.scoped == 404 or who.elsewhere == 404 else ():
            foreign = {**world.ids, **world.special.get(name, {})}[part]
            named = {"absent": {part: ABSENT}, "foreign": {part: foreign}}
            if part == "record_id":
                named |= {"binned": {part: binned.pk}, "of another process": {part: elsewhere.pk}}
            wrong += compare(door, name, method, body, named)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("is_rest", [False, True], ids=["pages", "rest"])
def test_absent_and_closed_processes_are_the_same_work(world: World, is_rest: bool) -> None:
    door = Door(world.rest("stranger") if is_rest else world.pages("stranger"), world, is_rest=is_rest)
    wrong: list[Any] = []
    for name, method, body, _who in rows(REST if is_rest else PAGES):
        if "key" in parts_of(name):
            wrong += compare(
                door, name, method, body, {"absent": {"key": "nowhere"}, "closed": {"key": world.process.key}}
            )
    assert not wrong, told(wrong)


def test_signing_in_hashes_once_whoever_it_is() -> None:
    """An unknown address, a wrong password, somebody without one, somebody deactivated: one hash, the same answer."""
    known, gone = make_user("Known"), make_user("Gone")
    deactivate_person(gone, actor=SYSTEM)
    never = make_user("Never")
    never.set_unusable_password()
    never.save()
    seen = {}
    for case, email, password in (
        ("unknown", "nobody@example.test", PASSWORD),
        ("wrong", known.email, "wrong"),
        ("without", never.email, PASSWORD),
        ("deactivated", gone.email, "wrong"),
    ):
        AccessFailureLog.objects.all().delete()
        with (
            patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode) as hashing,
            CaptureQueriesContext(connection) as asked,
        ):
            answer = Client().post(reverse("account_login"), {"login": email, "password": password})
        seen[case] = (answer.status_code, hashing.call_count, len(asked))
    assert len(set(seen.values())) == 1, seen
    assert seen["unknown"][1] == 1
