"""Whose sign-in is tried: what failed attempts are counted by, beside where they come from."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def address_tried(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The e-mail address that was typed, in one case; the same whether somebody has it or not."""
    typed = (credentials or {}).get("email") or request.POST.get("login", "")
    return str(typed).strip().lower()[:255]
