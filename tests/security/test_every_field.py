"""Every place where a request names a field × a role that hides it and a role that only reads it.

tests/security/naming.py is the table; an address that treats the key of a field otherwise than any word, and has no row
there, fails here by its name.
"""

import re
from itertools import zip_longest
from typing import Any

import pytest

from api.throttling import buckets
from core.actor import SYSTEM
from processes.models import Operation, Scope
from processes.operations import set_grants
from tests.security.door import Door, parts_of, rows, told, whole
from tests.security.naming import NAMINGS, Naming
from tests.security.routes import PAGES, REST
from tests.security.world import HIDDEN, World

pytestmark = pytest.mark.django_db

ABSENT = "no_field"
VARYING = re.compile(
    r'[A-Za-z0-9]{64}|value="[\w-]{43}"|"id":\s?\d+|nonce="[^"]+"|/(exports|records|imports|bulk)/\d+/'
    r"|\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?"
)
COUNTED = re.compile(r"scrm_[\w-]+|\d+([.,]\d+)?")
"""What differs between two answers to the very same request."""
QUERIES = ("filter[@]=x", "sort=@", "fields=@", "field=@", "columns=@", "@=1")
NO_RIGHT = "You have no right to change this field."
EDITORS = {("record-field", "get"): 403, ("bulk-edit", "get"): 422}
"""Pages that offer to change a value, and what whoever only reads it is answered."""


@pytest.fixture
def world() -> World:
    buckets.clear()
    made = World()
    set_grants(made.linked, {role.pk: {Operation.VIEW: Scope.ALL} for role in made.roles.values()}, actor=SYSTEM)
    return made


def doors(world: World, name: str) -> dict[bool, Door]:
    """Somebody before the pages and before REST."""
    return {
        False: Door(world.pages(name), world, is_rest=False),
        True: Door(world.rest(name), world, is_rest=True),
    }


def send(door: Door, name: str, naming: Naming, key: str) -> tuple[int, str, set[str]]:
    """Status, text without what varies and without the key, and the tables that were written."""
    body, query, ids = naming.of(key)
    world = door.world
    if "import_id" in parts_of(naming.route):
        ids["import_id"] = world.imports[name]
    answer, written = door.send(
        naming.route,
        naming.method,
        body,
        query=query.replace("{linked_id}", str(world.linked_id)).replace("{stage_id}", str(world.ids["stage_id"])),
        **ids,
    )
    return answer.status_code, plain(answer, naming.key), written


def plain(answer: Any, key: str) -> str:
    """The answer without what differs from one to the next, and as if the absent field had been called so."""
    text = whole(answer) + answer.headers.get("Location", "")
    return VARYING.sub("…", text.replace(ABSENT, key))


def _difference(one: Any, other: Any) -> tuple[Any, ...]:
    lines = zip_longest(one[1].splitlines(), other[1].splitlines())
    return one[0], other[0], one[2] ^ other[2], [(a, b) for a, b in lines if a != b][:3]


def test_hidden_field_is_answered_like_one_that_does_not_exist(world: World) -> None:
    hidden, free, wrong = doors(world, "hidden"), doors(world, "colleague"), []
    for naming in NAMINGS:
        is_rest = naming.route in REST
        there, absent = (send(hidden[is_rest], "hidden", naming, key) for key in (naming.key, ABSENT))
        if there != absent:
            wrong.append((naming.name, *_difference(there, absent)))
        if naming.writes and there[2]:
            wrong.append((naming.name, "wrote", there))
        known, unknown = (send(free[is_rest], "colleague", naming, key)[:2] for key in (naming.key, ABSENT))
        if known == unknown and not naming.is_mute:
            wrong.append(
                (
                    naming.name,
                    "names no field: whoever sees it is answered as if there were none",
                    known[0],
                    known[1][-200:],
                )
            )
    assert not wrong, told(wrong)


def test_field_that_one_only_reads_is_refused_by_name_and_no_row_changes(world: World) -> None:
    """Of a record as well as of a new one; what names the field without writing it is answered as to a colleague."""
    readers, free, wrong = doors(world, "read_only"), doors(world, "colleague"), []
    for naming in NAMINGS:
        status, text, written = send(readers[naming.route in REST], "read_only", naming, naming.key)
        full = send(free[naming.route in REST], "colleague", naming, naming.key)
        if not naming.writes:
            if status != EDITORS.get((naming.route, naming.method), full[0]):
                wrong.append((naming.name, f"{status} where a colleague is answered {full[0]}", text[-200:]))
            continue
        is_named = any(name in text for name in (naming.key, "Wombat", "targets.1", "target-1-error"))
        if NO_RIGHT not in text or not is_named or status not in (200, 400, 422) or written:
            wrong.append((naming.name, status, text[-300:], written, text.count("There is no such field")))
        if not full[2]:
            wrong.append((naming.name, "a colleague writes nothing either", *full))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("is_rest", [False, True], ids=["pages", "rest"])
def test_every_address_that_knows_keys_of_fields_has_a_row(world: World, is_rest: bool) -> None:
    """An address is asked with the key of a field and with a word: where it makes a difference, there is a row."""
    door, wrong = doors(world, "colleague")[is_rest], set()
    named = {(naming.route, naming.method) for naming in NAMINGS}
    for name, method, body, _who in rows(REST if is_rest else PAGES):
        # REST refuses a parameter that it does not know, pages take no notice of it.
        queries = [f"?{query}" for query in QUERIES] if is_rest else ["?" + "&".join(QUERIES)]
        probes: list[tuple[Any, str]] = [(body, query) for query in queries] if method == "get" else []
        if isinstance(body, dict):
            probes += [({**body, "@": "x"}, ""), ({**body, "fields": {"@": "x"}}, "")]
        if method != "get":
            probes += [(body, "?fields=@")]
        for asked, query in probes:
            naming = Naming(name, method, asked, query)
            known, absent = (COUNTED.sub("#", str(send(door, "colleague", naming, k)[:2])) for k in ("wombat", ABSENT))
            if known != absent and (name, method) not in named:
                wrong.add((name, method, query or "body"))
    assert not wrong, told(sorted(wrong))


def test_colleague_with_a_hidden_field_is_told_neither_its_name_nor_its_value(world: World) -> None:
    wrong = []
    told_to_colleague = set()
    for is_rest, door in doors(world, "hidden").items():
        other = doors(world, "colleague")[is_rest]
        for name, method, body, _who in rows(REST if is_rest else PAGES):
            text = whole(door.send(name, method, body)[0])
            if "wombat" in text.lower() or HIDDEN in text:
                wrong.append((name, method))
            if "wombat" in whole(other.send(name, method, body)[0]).lower():
                told_to_colleague.add(name)
    assert not wrong, told(wrong)
    assert {"record-card", "record-new", "process-list", "api-fields", "api-process-schema"} <= told_to_colleague
