"""Log lines: readable while developing, JSON in production, always with the id of the request."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

import orjson
from django.http import HttpRequest, HttpResponse

_request_id: ContextVar[str] = ContextVar("request_id", default="-")

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """Return the id of the request being answered, "-" outside a request."""
    return _request_id.get()


class RequestIdMiddleware:
    """Gives every request an id, takes over a proper one from the proxy, and says it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identifier = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        token = _request_id.set(identifier)
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(token)
        response["X-Request-ID"] = identifier
        return response


class RequestIdFilter(logging.Filter):
    """Puts the request id on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            "process": record.process,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()
