"""Errors that speak to people and know nothing of HTTP.

The doors (REST, pages, commands) translate a kind to a status; see `api.exceptions` and `web.errors`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise

Text = str | Promise


class SmartCRMError(Exception):
    """A refusal that a person can read: a message, a stable `code`, and details by name."""

    code: ClassVar[str] = "error"

    def __init__(self, message: Text, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return str(self.message)

    def as_body(self) -> dict[str, Any]:
        """The one shape of every error that leaves the house: code, message, details."""
        return {"code": self.code, "message": str(self.message), "details": dict(self.details)}


class NotAllowed(SmartCRMError):
    """The actor lacks the right."""

    code = "not_allowed"


class NotFound(SmartCRMError):
    """Absent, or not for this actor: the two answer alike."""

    code = "not_found"


class Conflict(SmartCRMError):
    """The world is not as the caller supposes."""

    code = "conflict"


class Stale(SmartCRMError):
    """The caller's version is not the present one; details carry `version`, the present one."""

    code = "stale"


class Invalid(SmartCRMError):
    """Wrong input; `fields` maps a field key to the messages about it."""

    code = "invalid"

    def __init__(self, message: Text, fields: Mapping[str, list[Text]] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.fields: dict[str, list[Text]] = dict(fields or {})

    def as_body(self) -> dict[str, Any]:
        """The shape of every error, with the messages by place in `details.fields`."""
        body = super().as_body()
        if self.fields:
            body["details"]["fields"] = {key: [str(text) for text in texts] for key, texts in self.fields.items()}
        return body


class LimitReached(SmartCRMError):
    """Too much, too often; details may carry `retry_after` in seconds."""

    code = "limit_reached"
