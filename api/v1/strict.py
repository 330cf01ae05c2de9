"""What bodies and answers are made of: keys that nobody would read are refused by name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

MOST_SECONDS = 10**9


JSON_TYPES: Mapping[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...]] = {
    serializers.CharField: (str,),
    serializers.BooleanField: (bool,),
    serializers.IntegerField: (int,),
}
"""What values are in JSON; REST framework would read 7 as “7”, "yes" as true and "3" as 3."""


class Strict(serializers.Serializer[Any]):
    """Refuses keys that nobody would read, and values of another type than they have in JSON, by name."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked body."""
        if isinstance(data, Mapping):
            unknown = {str(key): [_("There is no such key.")] for key in data if key not in self.fields}
            known = {key: (self.fields[key], value) for key, value in data.items() if key in self.fields}
            if problems := unknown | _mistyped(known):
                raise ValidationError(problems)
        return super().to_internal_value(data)


def _mistyped(values: Mapping[Any, tuple[Any, Any]]) -> dict[Any, Any]:
    """What is wrong with the types of values, each with its field, by key."""
    return {key: problem for key, (field, value) in values.items() if (problem := _problem(field, value))}


def _problem(field: Any, value: Any) -> Any:
    """What is wrong with the type of a value, or by key with those inside; None or empty where nothing is."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return _mistyped({place: (field.child, item) for place, item in enumerate(value)})
    if isinstance(field, serializers.DictField) and isinstance(value, Mapping):
        return _mistyped({key: (field.child, item) for key, item in value.items()})
    expected = next((types for kind, types in JSON_TYPES.items() if isinstance(field, kind)), None)
    if value is None or expected is None or type(value) in expected:
        return None
    return [field.error_messages["invalid"]]


def items_of(serializer: type[serializers.Serializer[Any]], **more: serializers.Field[Any, Any, Any, Any]) -> Any:
    """The answer of a list: `items`, and what comes with them."""
    name = serializer.__name__.removesuffix("Out") + "List"
    return inline_serializer(name, {"items": serializer(many=True), **more})


def text(**options: Any) -> serializers.CharField:
    """Text as given; the domain trims and checks it."""
    return serializers.CharField(trim_whitespace=False, **options)


def optional_text(**options: Any) -> serializers.CharField:
    """Text that may be absent or empty."""
    return text(required=False, allow_blank=True, default="", **options)


class Seconds(serializers.IntegerField):
    """A stretch of time, as seconds."""

    def to_internal_value(self, data: Any) -> Any:
        """Seconds → the stretch."""
        seconds = super().to_internal_value(data)
        if not 0 < seconds <= MOST_SECONDS:
            raise ValidationError(_("A number from 1 to %d is expected.") % MOST_SECONDS)
        return timedelta(seconds=seconds)

    def to_representation(self, value: Any) -> Any:
        """The stretch → seconds."""
        return int(value.total_seconds())
