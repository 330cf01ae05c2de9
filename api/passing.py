"""What comes along for gates, as a body says it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from api.v1.serializers import PassingBody
from core.errors import Invalid, Text
from records.gates import NOTHING, Passing


def passing_of(checked: Mapping[str, Any] | None) -> Passing:
    """The checked part of a body; nothing where it is absent."""
    if not checked:
        return NOTHING
    return Passing(
        values=checked["fields"],
        comment=checked["comment"],
        checked=frozenset(checked["checked"]),
        reason=checked["reason"],
        override=checked["override"],
    )


def passing_from(raw: object, *, with_fields: bool = True) -> Passing:
    """The same from a body that nobody has looked at yet. Raises Invalid."""
    if raw is None:
        return NOTHING
    if not isinstance(raw, Mapping):
        raise Invalid(_("Some values are wrong."), {"passing": [_("An object is expected.")]})
    if "fields" in raw and not with_fields:
        raise Invalid(_("Some values are wrong."), {"passing.fields": [_("The record has its own fields.")]})
    body = PassingBody(data=raw)
    if not body.is_valid():
        problems: dict[str, list[Text]] = {
            f"passing.{name}": [str(text) for text in texts] for name, texts in body.errors.items()
        }
        raise Invalid(_("Some values are wrong."), problems)
    return passing_of(body.validated_data)
