"""The other side of links: records that name a record."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.strict import items_of
from api.views import ApiView
from records.queries.backlinks import Backlinks, backlinks_of

MOST = 50


class LinkedRecordOut(serializers.Serializer[Any]):
    """A record that names this one."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    stage = serializers.CharField()
    assignee = serializers.IntegerField(allow_null=True)


class BacklinksOut(serializers.Serializer[Any]):
    """Records of a process that name this one in a field: the newest, and how many you may see.

    All of them: `GET /processes/<process>/records/?filter[<field>]=<id>`.
    """

    process = serializers.CharField(help_text="Key of the process.")
    field = serializers.CharField(help_text="Key of the field there.")
    records = LinkedRecordOut(many=True)
    total = serializers.IntegerField()
    total_is_capped = serializers.BooleanField(help_text="Whether there are more than that.")


class LinkedRecords(ApiView):
    """Records that name this one."""

    @extend_schema(
        operation_id="record_linked_list",
        summary="List the records that link to a record",
        responses={200: items_of(BacklinksOut)},
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """Process by process, field by field, only what you may see; 50 records of each."""
        self.query()
        found = backlinks_of(self.access(key), record_id, limit=MOST)
        return Response({"items": [_shown(backlinks) for backlinks in found]})


def _shown(backlinks: Backlinks) -> dict[str, Any]:
    return {
        "process": backlinks.process.key,
        "field": backlinks.field.key,
        "records": [
            {
                "id": record.id,
                "title": record.title,
                "stage": record.stage.key,
                "assignee": record.assignee.id if record.assignee else None,
            }
            for record in backlinks.records
        ],
        "total": backlinks.total,
        "total_is_capped": backlinks.total_is_capped,
    }
