"""What the form of a new record begins with."""

from typing import Any

from processes.permissions import Access
from records.operations.values import default_of


def defaults_of(access: Access) -> dict[str, Any]:
    """Field key → the JSON value that a new record begins with, for the fields that have a default."""
    me = access.actor.user_id
    found = {f.key: default_of(f, me=me) for f in access.writable_fields if f.default is not None}
    return {key: raw for key, raw in found.items() if raw is not None}


def beginning_of(access: Access) -> dict[str, Any]:
    """Field key → what its input begins with, for the fields that have a default."""
    types = {field.key: field.type for field in access.definition.fields}
    return {key: types[key].form_value(types[key].from_json(raw)) for key, raw in defaults_of(access).items()}
