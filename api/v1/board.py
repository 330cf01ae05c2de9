"""The board of a process for programs."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import narrowing_from
from api.schema import parameter
from api.views import ApiView
from core.errors import Conflict, Invalid
from processes.definition_types import PipelineDef
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.queries.board import Column, board_for
from records.queries.tiles import Shown, Tile

PARAMETERS = ("pipeline", "filter", "search")


class CardOut(serializers.Serializer[Any]):
    """A record at a glance; `lines` are the values that stand on its card, in words."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    version = serializers.IntegerField()
    assignee = serializers.IntegerField(allow_null=True)
    assignee_name = serializers.CharField()
    lines = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    open_tasks = serializers.IntegerField()
    next_due = serializers.DateTimeField(allow_null=True)
    can_move = serializers.BooleanField()


class ColumnOut(serializers.Serializer[Any]):
    """One stage: how many records, what they add up to, the first 25 of them.

    `standing` is what counts against `limit`, whatever the filter says; null without a limit, and for those who do not
    see all of it.
    """

    stage = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    count = serializers.IntegerField()
    sum = serializers.FloatField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)
    standing = serializers.IntegerField(allow_null=True)
    items = CardOut(many=True)


class BoardOut(serializers.Serializer[Any]):
    """One pipeline."""

    pipeline = serializers.CharField()
    total = serializers.IntegerField()
    sum_field = serializers.CharField(allow_null=True, help_text="The field that the sums are of.")
    columns = ColumnOut(many=True)


class Board(ApiView):
    """The board as one sees it."""

    @extend_schema(
        operation_id="board_read",
        summary="Read the board",
        parameters=[
            parameter("pipeline", "Key of a pipeline, the first one unless given."),
            parameter("filter", "A condition as JSON. Simple ones go as `filter[amount][ge]=100`."),
            parameter("search", "Words that the title contains."),
        ],
        responses={200: BoardOut},
    )
    def get(self, request: Request, key: str) -> Response:
        """Every stage of a pipeline with its count, its sum and its first 25 records."""
        query = self.query(*PARAMETERS)
        access = self.access(key)
        pairs = [(name, value) for name, values in request.query_params.lists() for value in values]
        board = board_for(access, _pipeline(access, query), narrowing_from(access, pairs, query))
        return Response(
            {
                "pipeline": board.pipeline.key,
                "total": board.total,
                "sum_field": board.sum_field.key if board.sum_field else None,
                "columns": [_column(column) for column in board.columns],
            }
        )


def _pipeline(access: Access, query: Mapping[str, str]) -> PipelineDef:
    if not access.definition.has_stages:
        raise Conflict(_("This process has no stages."))
    key, seen = query.get("pipeline"), visible_pipelines(access)
    found = next((pipeline for pipeline in seen if not key or pipeline.key == key), None)
    if found is None:
        message = _("There is no such pipeline.")
        raise Invalid(message, {"pipeline": [message]})
    return found


def _column(column: Column) -> dict[str, Any]:
    return {
        "stage": column.stage.key,
        "name": column.stage.name,
        "kind": column.stage.kind,
        "count": column.count,
        "sum": column.sum,
        "limit": column.stage.limit,
        "standing": column.standing,
        "items": [_card(tile) for tile in column.page.tiles],
    }


def _card(tile: Tile) -> dict[str, Any]:
    shown = (*tile.lines, *tile.chips, *([tile.amount] if tile.amount else ()))
    return {
        "id": tile.id,
        "title": tile.title,
        "version": tile.version,
        "assignee": tile.assignee_id,
        "assignee_name": tile.assignee,
        "lines": [_line(item) for item in shown],
        "open_tasks": tile.open_tasks,
        "next_due": tile.next_due,
        "can_move": tile.can_move,
    }


def _line(item: Shown) -> dict[str, str]:
    return {"label": item.label, "text": item.text}
