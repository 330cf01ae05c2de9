"""What bodies and answers are made of: keys that nobody would read are refused by name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

MOST_SECONDS = 10**9


class Strict(serializers.Serializer[Any]):
    """Refuses keys that nobody would read, by name."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked body."""
        if isinstance(data, Mapping):
            unknown = [key for key in data if key not in self.fields]
            if unknown:
                raise ValidationError({str(key): [_("There is no such key.")] for key in unknown})
        return super().to_internal_value(data)


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
