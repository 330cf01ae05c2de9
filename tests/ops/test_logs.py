"""Log lines carry the id of their request."""

import json
import logging
import sys

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from smartcrm.logs import JsonFormatter, RequestIdFilter, RequestIdMiddleware, request_id


def record(message: str, exception: bool = False) -> logging.LogRecord:
    info = sys.exc_info() if exception else None
    made = logging.LogRecord("records", logging.INFO, __file__, 1, message, (), info)
    RequestIdFilter().filter(made)
    return made


def test_an_answer_names_its_request(client: Client) -> None:
    first, second = client.get("/health/live"), client.get("/health/live")

    assert len(first["X-Request-ID"]) == 32
    assert first["X-Request-ID"] != second["X-Request-ID"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("proxy-42.abc", True),
        ("short", False),
        ("x" * 65, False),
        ('"}{"level":"', False),
        ("a b c d e f", False),
    ],
)
def test_only_a_proper_id_is_taken_over(client: Client, given: str, kept: bool) -> None:
    answered = client.get("/health/live", headers={"X-Request-ID": given})["X-Request-ID"]

    assert (answered == given) is kept


def test_a_log_line_is_one_json_object_with_the_id_of_the_request(rf: RequestFactory) -> None:
    lines: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        lines.append(JsonFormatter().format(record("Ёлка\nв два ряда")))
        return HttpResponse()

    answer = RequestIdMiddleware(view)(rf.get("/"))

    line = json.loads(lines[0])
    assert "\n" not in lines[0]
    assert (line["message"], line["level"], line["logger"]) == ("Ёлка\nв два ряда", "INFO", "records")
    assert line["request_id"] == answer["X-Request-ID"]
    assert request_id() == "-"


def test_a_log_line_keeps_the_traceback() -> None:
    try:
        raise ValueError("why")
    except ValueError:
        line = json.loads(JsonFormatter().format(record("failed", exception=True)))

    assert line["exception"].endswith("ValueError: why")
