"""Every address × everybody: what each is answered, and that whoever is refused has changed nothing.

tests/security/routes.py is the table. An address without a row fails here by its name; so does a method without one.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from api.throttling import buckets
from api.v1 import urls as rest_urls
from core.actor import SYSTEM
from processes.models import FieldLevel
from processes.operations import set_field_grants
from processes.queries import field_of
from records.operations import update_record
from tests.api.conftest import client_of
from tests.factories import signed_in
from tests.security.door import Door, parts_of, rows, told, whole
from tests.security.routes import ANYBODYS, OK, PAGES, REST, SIGNING_IN, Table, Who
from tests.security.world import HIDDEN, SECRET, World

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
SERVED = {200, 201, 202, 204, 302, 400, 405, 409, 412, 415, 422, 428}
VARYING = re.compile(r"[A-Za-z0-9]{64}|<code>[0-9a-f-]{8,}</code>")


@pytest.fixture
def world() -> World:
    buckets.clear()
    return World()


def walk(patterns: list[Any]) -> Iterator[URLPattern]:
    """All addresses below some patterns."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns)
        else:
            yield pattern


def names(patterns: list[Any]) -> set[str]:
    return {pattern.name or f"without a name: {pattern.pattern}" for pattern in walk(patterns)}


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    rest = names(rest_urls.urlpatterns)
    assert rest - ANYBODYS == set(REST)
    assert names(get_resolver().url_patterns) - rest - ANYBODYS == set(PAGES) | set(SIGNING_IN)


def test_every_method_has_a_row(world: World) -> None:
    """Whatever is not in the table is answered with 405, even to an administrator."""
    wrong = []
    for table, client, is_rest in ((PAGES, world.admin_pages, False), (REST, world.admin_client, True)):
        door = Door(client, world, is_rest=is_rest)
        for name, lines in table.items():
            if name == "set_language":
                continue  # Django's own: without a POST it changes nothing and leads back.
            for method in set(METHODS) - {method for method, _body, _who in lines}:
                answer, written = door.send(name, method, {} if method != "get" else None)
                if answer.status_code != 405 or written:
                    wrong.append((name, method, answer.status_code, written))
    assert not wrong, told(wrong)


def test_world_has_what_the_addresses_name(world: World) -> None:
    """An administrator gets everywhere; a 404 to others then says something."""
    wrong = []
    for table, client, is_rest in ((PAGES, world.admin_pages, False), (REST, world.admin_client, True)):
        door = Door(client, world, is_rest=is_rest)
        for name, method, body, _who in rows(table):
            answer, written = door.send(name, method, body)
            served = {200, 302} if method == "get" else SERVED
            if answer.status_code not in served or (method == "get" and written):
                wrong.append((name, method, answer.status_code, written, answer.text_of[:200]))
    assert not wrong, told(wrong)


def judge(door: Door, table: Table, expected: Callable[[Who], int]) -> list[Any]:
    """What is answered otherwise than the table says, or written though it was refused."""
    wrong: list[Any] = []
    for name, method, body, who in rows(table):
        wanted = expected(who)
        answer, written = door.send(name, method, body)
        status = answer.status_code
        is_right = status in SERVED and not _leads_to_sign_in(answer) if wanted == OK else status == wanted
        if wanted == 302:
            is_right = _leads_to_sign_in(answer)
        if not is_right:
            wrong.append((name, method, f"{status} instead of {wanted or 'served'}", answer.text_of[:120]))
        if written and (wanted != OK or method == "get"):
            wrong.append((name, method, "wrote", sorted(written)))
        if door.is_rest and status >= 400 and set(answer.json()) != {"code", "message", "details"}:
            wrong.append((name, method, "an error of another shape", answer.text_of[:120]))
        if wanted != OK and SECRET in answer.text_of:
            wrong.append((name, method, "told the secret"))
        if wanted == status == 404:
            wrong += _told_apart(door, answer, name, method, body)
    return wrong


def _leads_to_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")


def _told_apart(door: Door, answer: Any, name: str, method: str, body: Any) -> list[Any]:
    """What is there but foreign must be answered word for word as what is nowhere."""
    world = door.world
    ids = {**world.ids, **world.special.get(name, {})}
    named = [part for part in parts_of(name) if part in world.absent]
    # To whom the process is nothing, every address of it is nothing; to others single rows are.
    hidden = ["key"] if "key" in named and _is_nothing(door) else [part for part in named if part != "key"]
    found = []
    for part in hidden:
        other, _written = door.send(name, method, body, **{part: world.absent[part]})
        known = (ids[part], world.absent[part])
        if _plain(answer, *known) != _plain(other, *known):
            found.append((name, method, f"absent {part} differs", answer.text_of[-90:], other.text_of[-90:]))
    return found


def _is_nothing(door: Door) -> bool:
    name = "api-board" if door.is_rest else "board-totals"
    return door.send(name, "get")[0].status_code == 404


def _plain(answer: Any, *named: Any) -> str:
    """The answer without what differs from one to the next."""
    if answer.headers["Content-Type"] == "application/json":
        known = "|".join(re.escape(str(name)) for name in named)
        return re.sub(rf"(?<![\w-])({known})(?![\w-])", "…", answer.text_of)
    return VARYING.sub("", answer.text_of.replace(answer.request["PATH_INFO"], "…"))


NOBODY = ("stranger", "neighbour", "revoked")


EVERYBODY = (
    *("anonymous", "deactivated", *NOBODY, "reader", "own", "far", "elsewhere"),
    *("colleague", "hidden", "read_only"),
)
SERVICES = ("service", "bare")
COLUMNS = {
    **dict.fromkeys((*NOBODY, "bare"), "nobody"),
    "service": "colleague",
    **dict.fromkeys(("own", "far"), "scoped"),
    **dict.fromkeys(("hidden", "read_only"), "colleague"),
}
"""People → whose column of the table is theirs, where it is called otherwise."""


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize("is_rest", [False, True], ids=["pages", "rest"])
def test_everybody_gets_what_the_table_says(world: World, name: str, is_rest: bool) -> None:
    client = world.rest(name) if is_rest else world.pages(name)
    world.revoke()

    def expected(who: Who) -> int:
        if name in ("anonymous", "deactivated"):
            return OK if who.anonymous else (401 if is_rest else 302)
        if name == "hidden" and who.hidden is not None:
            return who.hidden
        return int(getattr(who, COLUMNS.get(name, name)))

    wrong = judge(Door(client, world, is_rest=is_rest), REST if is_rest else PAGES, expected)
    assert not wrong, told(wrong)


OF_A_PERSON = {"api-tokens", "api-token"}
UNDER_A_PERSON = {("api-views", "post")}


@pytest.mark.parametrize("name", SERVICES)
def test_service_token_gets_what_its_role_gives_and_nothing_that_takes_a_person(world: World, name: str) -> None:
    def expected(who: Who) -> int:
        return int(getattr(who, COLUMNS[name]))

    door, wrong = Door(world.rest(name), world, is_rest=True), []
    for address, lines in REST.items():
        if address in OF_A_PERSON:
            wrong += judge(door, {address: lines}, lambda _who: 403)
            continue
        refused = [row for row in lines if (address, row[0]) in UNDER_A_PERSON and expected(row[2]) == OK]
        wrong += judge(door, {address: refused}, lambda _who: 403)
        wrong += judge(door, {address: [row for row in lines if row not in refused]}, expected)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", ["anonymous", "reader"])
def test_pages_about_signing_in_know_only_the_person_of_the_session(world: World, name: str) -> None:
    client, wrong = world.pages(name), []
    for address, who in SIGNING_IN.items():
        given = {"uidb36": "1", "key": "x-1"}
        answer = client.get(reverse(address, kwargs={part: given[part] for part in parts_of(address)}))
        is_kept_out = _leads_to_sign_in(answer)
        if answer.status_code not in (200, 302, 404) or (name == "anonymous" and not who.anonymous and not is_kept_out):
            wrong.append((address, answer.status_code, answer.headers.get("Location")))
        if not answer.streaming and SECRET in answer.text:
            wrong.append((address, "told the secret"))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", ["admin", "reader", "keeper"])
def test_token_that_reads_writes_nothing(world: World, name: str) -> None:
    person = world.admin if name == "admin" else world.people[name]
    writes: Table = {name: [row for row in lines if row[0] != "get"] for name, lines in REST.items()}
    wrong = judge(Door(client_of(person, "read"), world, is_rest=True), writes, lambda _who: 403)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("is_rest", [False, True], ids=["pages", "rest"])
def test_own_process_opens_no_row_of_another(world: World, is_rest: bool) -> None:
    """Somebody who may do everything in their process uses its address with ids of another one."""
    client = world.rest("neighbour") if is_rest else world.pages("neighbour")
    door, wrong = Door(client, world, is_rest=is_rest), []
    for name, method, body, _who in rows(REST if is_rest else PAGES):
        parts = parts_of(name)
        if "key" not in parts:
            continue
        for foreign in set(parts) & set(world.absent) - {"key"}:
            ids = {**world.own_ids, foreign: world.ids[foreign]}
            answer, written = door.send(name, method, body, **ids)
            if answer.status_code not in (403, 404) or written or SECRET in answer.text_of:
                wrong.append((name, method, foreign, answer.status_code, written, answer.text_of[:150]))
    assert not wrong, told(wrong)


PRIVATE = ("api-docs", "profile", "tokens", "token-new")


@pytest.mark.parametrize("name", ["reader", "keeper"])
def test_whoever_looks_as_somebody_sees_their_pages_and_changes_nothing(world: World, name: str) -> None:
    themselves = Door(signed_in(world.people[name]), world, is_rest=False)
    world.admin_pages.post(reverse("view-begin"), {"person": world.people[name].pk})
    looking, wrong = Door(world.admin_pages, world, is_rest=False), []
    for address, method, body, who in rows(PAGES):
        if address in ("view-end",) or (who.anonymous and method == "get"):
            continue
        wanted = 403
        if method == "get" and address not in PRIVATE:
            wanted = themselves.send(address, method, body)[0].status_code
        answer, written = looking.send(address, method, body)
        if answer.status_code != wanted or written:
            wrong.append((address, method, f"{answer.status_code} instead of {wanted}", written))
    for address in SIGNING_IN:
        if address != "account_logout":
            given = {"uidb36": "1", "key": "x-1"}
            answer = world.admin_pages.get(reverse(address, kwargs={part: given[part] for part in parts_of(address)}))
            if answer.status_code != 403:
                wrong.append((address, answer.status_code))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", ["hidden", "keeper"])
def test_value_of_a_hidden_field_is_in_no_answer(world: World, name: str) -> None:
    """Neither whoever works with all records nor whoever designs the process is told what their role hides."""
    for words in (f"{HIDDEN} before", f"{HIDDEN} now"):
        update_record(world.process, world.ids["record_id"], values={"wombat": words}, actor=SYSTEM)
    levels = {world.roles[name].pk: {field_of(world.process, "wombat").pk: {None: FieldLevel.HIDDEN}}}
    set_field_grants(world.process, levels, actor=SYSTEM)
    told_to_admin, wrong = set(), []
    for table, theirs, admins, is_rest in (
        (PAGES, world.pages(name), world.admin_pages, False),
        (REST, world.rest(name), world.admin_client, True),
    ):
        for route, method, body, _who in rows(table):
            if HIDDEN in whole(Door(admins, world, is_rest=is_rest).send(route, method, body)[0]):
                told_to_admin.add(route)
            if HIDDEN in whole(Door(theirs, world, is_rest=is_rest).send(route, method, body)[0]):
                wrong.append((route, method))
    assert not wrong, told(wrong)
    pages = {"record-card", "record-activity", "process-list", "process-board"}
    assert pages | {"api-record", "api-records", "api-board", "api-record-timeline"} <= told_to_admin
