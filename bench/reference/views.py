"""The REST interface of requests."""

from typing import Any, ClassVar

from django.db.models import Count, QuerySet, Sum
from django_filters import rest_framework as filters
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from bench.reference.models import Request, Stage
from bench.reference.serializers import CardSerializer, RequestSerializer

CARDS = 25


class RequestFilter(filters.FilterSet):
    """By stage, people and values; keys compare as numbers, so no look-up of the row is needed."""

    stage = filters.NumberFilter(field_name="stage_id")
    assignee = filters.NumberFilter(field_name="assignee_id")

    class Meta:
        model = Request
        fields: ClassVar = {
            "source": ["exact"],
            "is_urgent": ["exact"],
            "estimate": ["exact", "gte", "lte"],
            "request_date": ["exact", "gte", "lte"],
            "city": ["exact"],
        }


class RequestViewSet(ModelViewSet[Request]):
    """Requests: list, create, read, change, delete, and their board."""

    queryset = Request.objects.all()
    serializer_class = RequestSerializer
    filterset_class = RequestFilter
    ordering_fields = ("id", "title", "estimate", "request_date", "created_at")
    ordering = ("-id",)

    def perform_create(self, serializer: BaseSerializer[Request]) -> None:
        """Who sends it is its author, and responsible unless the body says otherwise."""
        person = self.request.user
        serializer.save(author=person, assignee=serializer.validated_data.get("assignee", person))

    @action(detail=False)
    def board(self, request: ApiRequest) -> Response:
        """Counts, sums and the first cards of every stage."""
        totals = {
            row["stage_id"]: row
            for row in Request.objects.order_by().values("stage_id").annotate(count=Count("id"), sum=Sum("estimate"))
        }
        stages = list(Stage.objects.all())
        cards = CardSerializer(_first_cards(stages), many=True).data
        columns: dict[int, list[Any]] = {stage.pk: [] for stage in stages}
        for card in cards:
            columns[card["stage"]].append(card)
        return Response([_column(stage, totals.get(stage.pk, {}), columns[stage.pk]) for stage in stages])


def _first_cards(stages: list[Stage]) -> QuerySet[Request]:
    """The first cards of all stages in one statement."""
    cards = Request.objects.select_related("assignee")
    parts = [cards.filter(stage=stage).order_by("-stage_changed_at", "-id")[:CARDS] for stage in stages]
    return parts[0].union(*parts[1:], all=True)


def _column(stage: Stage, totals: dict[str, Any], cards: list[Any]) -> dict[str, Any]:
    return {"stage": stage.key, "count": totals.get("count", 0), "sum": totals.get("sum"), "cards": cards}
