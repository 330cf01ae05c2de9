"""Requests as JSON."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers

from bench.reference.models import Request
from bench.workload import FIELDS


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request with all its values; the stage may be written, times and author may not."""

    class Meta:
        model = Request
        fields: ClassVar = [
            *("id", "title", "stage", "assignee", "author", "created_at", "updated_at", "stage_changed_at"),
            *(key for key, _type in FIELDS),
        ]
        read_only_fields: ClassVar = ["author", "created_at", "updated_at", "stage_changed_at"]

    def update(self, instance: Request, validated_data: Any) -> Request:
        """A request that changes its stage comes to the top of the column."""
        if validated_data.get("stage", instance.stage_id) not in (instance.stage_id, instance.stage):
            instance.stage_changed_at = timezone.now()
        return super().update(instance, validated_data)


class CardSerializer(serializers.ModelSerializer[Request]):
    """What a card of the board shows."""

    assignee_name = serializers.CharField(source="assignee.first_name", default="")

    class Meta:
        model = Request
        fields: ClassVar = [
            *("id", "title", "stage", "assignee", "assignee_name", "stage_changed_at"),
            *("customer", "estimate", "request_date", "source"),
        ]
