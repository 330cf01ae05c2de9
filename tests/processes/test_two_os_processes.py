"""A process of the operating system that was started before uses what another one has just made."""

from http import HTTPStatus
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.operations import add_field
from records.operations import create_record, update_record
from tests.factories import make_admin, make_process, session_of
from tests.stack import Stack

pytestmark = pytest.mark.django_db(transaction=True)


def page(address: str, cookie: str, path: str) -> str:
    request = Request(address + path, headers={"Cookie": cookie})
    with urlopen(request, timeout=30) as response:
        assert response.status == HTTPStatus.OK
        text: str = response.read().decode()
    return text


def test_running_server_serves_a_process_and_a_field_made_elsewhere(stack: Stack) -> None:
    address = stack.web()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(make_admin())}"
    process = make_process()
    row = create_record(process, values={"title": "Broken printer"}, actor=SYSTEM)
    board = page(address, cookie, f"/p/{process.key}/")
    assert "Broken printer" in board
    assert "In work" in board
    add_field(process, FieldDraft("Room", "text", key="room", on_card=True), actor=SYSTEM)
    update_record(process, row.pk, values={"room": "Blue room"}, actor=SYSTEM)
    assert "Blue room" in page(address, cookie, f"/p/{process.key}/")
