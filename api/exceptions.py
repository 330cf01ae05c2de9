"""One shape for every error: `{"code", "message", "details"}`, whoever raised it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions as rest
from rest_framework.response import Response

from core.errors import Conflict, Invalid, LimitReached, NotAllowed, NotFound, SmartCRMError, Stale
from records.operations.idempotency import KeyReused

logger = logging.getLogger(__name__)

STATUS: Sequence[tuple[type[SmartCRMError], HTTPStatus]] = (
    (KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (Stale, HTTPStatus.PRECONDITION_FAILED),
    (Invalid, HTTPStatus.BAD_REQUEST),
    (LimitReached, HTTPStatus.TOO_MANY_REQUESTS),
)
"""Kinds of refusals and their statuses; the first that fits."""

REST_CODES: Sequence[tuple[type[rest.APIException], str]] = (
    (rest.NotAuthenticated, "not_authenticated"),
    (rest.AuthenticationFailed, "not_authenticated"),
    (rest.PermissionDenied, "not_allowed"),
    (rest.NotFound, "not_found"),
    (rest.MethodNotAllowed, "method_not_allowed"),
    (rest.UnsupportedMediaType, "unsupported_media_type"),
    (rest.ParseError, "malformed"),
    (rest.ValidationError, "invalid"),
    (rest.Throttled, "limit_reached"),
)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any error of a view. An unforeseen one is logged and answered with 500, without its words."""
    if isinstance(error, SmartCRMError):
        return refusal(error)
    if isinstance(error, rest.APIException):
        return _rest_error(error)
    if isinstance(error, Http404):
        return answer(HTTPStatus.NOT_FOUND, "not_found", _("There is nothing here."))
    if isinstance(error, PermissionDenied):
        return answer(HTTPStatus.FORBIDDEN, "not_allowed", _("This is not allowed."))
    if isinstance(error, RequestDataTooBig):
        return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("The body is too large."))
    if isinstance(error, SuspiciousOperation):
        return answer(HTTPStatus.BAD_REQUEST, "malformed", _("The request is malformed."))
    if isinstance(error, OperationalError):
        return _busy(error)
    return _unforeseen(error, context)


def refusal(error: SmartCRMError) -> Response:
    """The answer to a refusal of the domain."""
    response = Response(error.as_body(), status=status_of(error))
    if "retry_after" in error.details:
        response["Retry-After"] = str(error.details["retry_after"])
    return response


def status_of(error: SmartCRMError) -> HTTPStatus:
    """The HTTP status of a refusal."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def answer(status: int, code: str, message: str, **details: Any) -> Response:
    """An error in the one shape."""
    return Response({"code": code, "message": message, "details": details}, status=status)


def _rest_error(error: rest.APIException) -> Response:
    code = next((code for kind, code in REST_CODES if isinstance(error, kind)), "error")
    if isinstance(error, rest.ValidationError):
        fields = dict(_flat(error.detail))
        response = answer(error.status_code, code, _("Some values are wrong."), fields=fields)
    else:
        response = answer(error.status_code, code, str(error.detail))
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(wait)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _busy(error: OperationalError) -> Response:
    """A dead lock, a statement that took too long, a database that is away: to be tried again."""
    logger.warning("The database refused: %s", error)
    response = answer(HTTPStatus.SERVICE_UNAVAILABLE, "busy", _("The database is busy; try again in a moment."))
    response["Retry-After"] = "1"
    return response


def _flat(detail: Any, place: str = "") -> Iterator[tuple[str, list[str]]]:
    """Nested messages by place: `stages.0.name`."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from _flat(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(detail, list) and any(isinstance(item, Mapping) for item in detail):
        for index, inner in enumerate(detail):
            yield from _flat(inner, f"{place}.{index}")
    elif detail:
        yield place, [str(text) for text in (detail if isinstance(detail, list) else [detail])]


def _unforeseen(error: Exception, context: Mapping[str, Any]) -> Response:
    logger.error("A view failed", exc_info=error)
    got_request_exception.send(sender=type(context.get("view")), request=context.get("request"))
    message = _("Something went wrong on our side. The log knows it under the X-Request-ID of this answer.")
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "error", message)
