"""One person before every address: what they are answered, and what was written on the way."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from tests.security.routes import FILE, Table, Who
from tests.security.world import World

NOTED = {"accounts_session", "accounts_token"}
"""Tables in which the use of a session or a token is noted."""
WRITES = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
JSON = {"accept": "application/json"}


def parts_of(name: str) -> list[str]:
    """What an address is made of."""
    (_pattern, parts), *_others = get_resolver().reverse_dict.getlist(name)[0][0]
    return list(parts)


def rows(table: Table) -> Iterator[tuple[str, str, Any, Who]]:
    for name, lines in table.items():
        for method, body, who in lines:
            yield name, method, body, who


def told(wrong: list[Any]) -> str:
    """Every mistake on a line of its own."""
    return "\n".join(["", *map(str, wrong)])


class Door:
    """One person before the pages or before REST. What they do is undone at once."""

    def __init__(self, client: Client, world: World, *, is_rest: bool) -> None:
        self.client = client
        self.world = world
        self.is_rest = is_rest

    def send(self, name: str, method: str, body: Any = None, *, query: str = "", **ids: Any) -> tuple[Any, set[str]]:
        """The answer, and the tables into which something was written on the way."""
        known = {**self.world.ids, **self.world.special.get(name, {}), **ids}
        path = reverse(name, kwargs={part: known[part] for part in parts_of(name)})
        path += query or QUERY.get(name, "").format(**known)
        if method == "get" and body:
            path += ("&" if "?" in path else "?") + urlencode(_filled(body, known))
            body = None
        with transaction.atomic():
            before = _writes()
            data: dict[str, Any] = {} if body is None else {"data": _filled(body, known)}
            has_file = isinstance(body, dict) and FILE in body.values()
            if (self.is_rest or isinstance(body, bytes)) and not has_file:
                data["content_type"] = "application/json"
            answer = getattr(self.client, method)(path, headers=JSON, **data)
            self.client.cookies.pop("messages", None)  # What one answer leaves for the next page is of no matter here.
            answer.text_of = "" if answer.streaming else answer.text
            written = {table for table, count in _writes().items() if count != before.get(table, 0)} - NOTED
            transaction.set_rollback(True)
        return answer, written


def _writes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(WRITES)
        return dict(cursor.fetchall())


def _filled(body: Any, ids: Mapping[str, Any]) -> Any:
    if isinstance(body, bytes):
        return re.sub(r"\{(\w+)\}", lambda found: str(ids[found[1]]), body.decode())
    if isinstance(body, dict):
        return {key: _filled(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, ids) for value in body]
    if body == FILE:
        return SimpleUploadedFile("a.txt", b"words", "text/plain")
    return ids[body[1:-1]] if isinstance(body, str) and body.startswith("{") and body.endswith("}") else body


QUERY = {
    "record-gate": "?stage={stage_id}",
    "gate-edit": "?target={stage_id}",
    "api-process-why": "?person={person_id}",
    "access-places": "?line=view",
}


def whole(answer: Any) -> str:
    """The text of an answer, of a file too."""
    return b"".join(answer.streaming_content).decode(errors="replace") if answer.streaming else str(answer.text_of)
