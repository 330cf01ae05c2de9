"""What the form of a new record begins with."""

from typing import Any

from processes.permissions import Access
from records.operations.values import default_of
from records.queries.filters import readable_fields


def beginning_of(access: Access) -> dict[str, Any]:
    """Field key → what its input begins with, for the fields that have a default."""
    found: dict[str, Any] = {}
    for field in readable_fields(access):
        raw = default_of(field, me=access.actor.user_id) if field.default is not None else None
        if raw is not None:
            found[field.key] = field.type.form_value(field.type.from_json(raw))
    return found
