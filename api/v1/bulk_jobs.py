"""Bulk changes: the same change to all records that a filter finds, by a worker; stopped, or taken back."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.codec import UPDATABLE, incoming
from api.listing import checked_search, narrowing_from, number_from, tree_from
from api.passing import passing_of
from api.schema import next_number, parameter
from api.v1.bulk import places_from
from api.v1.serializers import PassingBody
from api.v1.strict import Strict, items_of
from api.views import ApiView
from core.errors import Invalid, NotFound, Text
from processes.permissions import Access
from processes.queries import visible_stage
from records.models import BulkJob
from records.operations import RecordChange
from records.operations.bulk_jobs import begin_bulk, stop_bulk, undo_bulk
from records.queries.bulk_jobs import bulk_job_of, bulk_jobs_of, refused_of
from records.queries.filters import all_of
from records.queries.narrowing import Narrowing

PARTS: Mapping[str, frozenset[str]] = {
    "update": frozenset({"record"}),
    "move": frozenset({"stage", "stages", "passing"}),
    "delete": frozenset(),
}
"""What is done → the keys that say more of it."""


class BulkJobOut(serializers.Serializer[Any]):
    """A bulk change: `position` of `total` records have been dealt with, each changed, left as it was or refused."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=BulkJob.Kind.choices)
    state = serializers.ChoiceField(choices=BulkJob.State.choices)
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True, help_text="The bulk change it takes back.")
    quiet = serializers.BooleanField()
    total = serializers.IntegerField(help_text="Records that matched when it began.")
    position = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text="Records that were so already.")
    refused = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True, help_text="Why it failed as a whole.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undo_until = serializers.DateTimeField(help_text="Until when it can be undone, if it has changed anything.")


class RefusedOut(serializers.Serializer[Any]):
    """A record that was refused, and why."""

    record = serializers.IntegerField(source="record_id")
    reason = serializers.CharField()


class BulkJobBody(Strict):
    """What is done to every record that `filter`, `search`, `overdue` and the filters of the address find together:
    `{"op": "update", "record": {…}}`, `{"op": "move", "stage": "won", "passing": {…}}` or `{"op": "delete"}`.
    """

    op = serializers.ChoiceField(choices=list(PARTS))
    record = serializers.DictField(required=False, help_text="Of an update: as the single call takes it.")
    stage = serializers.CharField(required=False, help_text="Of a move: a key, or “pipeline.stage”.")
    stages = serializers.DictField(
        required=False, child=serializers.CharField(), help_text="Of a move, instead: from which stage to which."
    )
    passing = PassingBody(required=False, help_text="Of a move: what comes along for gates, without values.")
    filter = serializers.DictField(required=False, allow_null=True, help_text="A condition, as lists take it.")
    search = serializers.CharField(required=False, allow_blank=True, max_length=200, trim_whitespace=False)
    overdue = serializers.BooleanField(required=False, help_text="Only records with a task past its time.")
    all = serializers.BooleanField(default=False, help_text="Must be true where nothing is filtered.")
    quiet = serializers.BooleanField(default=False, help_text="Whether it sets off no robot and tells nobody.")


class BulkJobs(ApiView):
    """Bulk changes of a process."""

    @extend_schema(
        operation_id="bulk_jobs_list", summary="List your bulk changes", responses={200: items_of(BulkJobOut)}
    )
    def get(self, request: Request, key: str) -> Response:
        """The newest ones that you asked for; administrators see everybody's."""
        self.query()
        return Response({"items": BulkJobOut(bulk_jobs_of(self.access(key)), many=True).data})

    @extend_schema(
        operation_id="bulk_jobs_create",
        summary="Change all records that match",
        parameters=[
            parameter("filter", "A condition as JSON. Simple ones go as `filter[amount][ge]=100`."),
            parameter("search", "Words that the title contains."),
        ],
        request=BulkJobBody,
        responses={202: BulkJobOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Do the same to every record that matches now; a worker does it, under your rights of that moment."""
        query = self.query("filter", "search")
        access, body = self.access(key), self.body(BulkJobBody)
        pairs = [(name, value) for name, values in request.query_params.lists() for value in values]
        narrowing = _narrowing(access, narrowing_from(access, pairs, query), body)
        actor = self.actor.quieted() if body["quiet"] else self.actor
        job = begin_bulk(access.definition, _change(access, body), narrowing=narrowing, actor=actor)
        return Response(BulkJobOut(job).data, status=202)


class BulkJobView(ApiView):
    """One bulk change of the caller's."""

    def job(self, key: str, bulk_id: int) -> BulkJob:
        """Raises NotFound."""
        return bulk_job_of(self.access(key), bulk_id)


class OneBulkJob(BulkJobView):
    """One bulk change."""

    @extend_schema(operation_id="bulk_jobs_read", summary="Read a bulk change", responses={200: BulkJobOut})
    def get(self, request: Request, key: str, bulk_id: int) -> Response:
        """The bulk change as it is now."""
        self.query()
        return Response(BulkJobOut(self.job(key, bulk_id)).data)


class RefusedRecords(BulkJobView):
    """Refused records."""

    @extend_schema(
        operation_id="bulk_jobs_refused",
        summary="List refused records",
        parameters=[parameter("after", "`next` of the page before.", int)],
        responses={200: items_of(RefusedOut, next=next_number())},
    )
    def get(self, request: Request, key: str, bulk_id: int) -> Response:
        """Records that stay as they were, with the reasons."""
        after = number_from(self.query("after"), "after") or 0
        access = self.access(key)
        page = refused_of(access, bulk_job_of(access, bulk_id), after=after)
        return Response({"items": RefusedOut(page.items, many=True).data, "next": page.next})


class StopBulkJob(BulkJobView):
    """A stop."""

    @extend_schema(
        operation_id="bulk_jobs_stop", summary="Stop a bulk change", request=None, responses={200: BulkJobOut}
    )
    def post(self, request: Request, key: str, bulk_id: int) -> Response:
        """Stop it; what it has changed stays so."""
        self.query()
        return Response(BulkJobOut(stop_bulk(self.job(key, bulk_id), actor=self.actor)).data)


class UndoBulkJob(BulkJobView):
    """The way back."""

    @extend_schema(
        operation_id="bulk_jobs_undo", summary="Undo a bulk change", request=None, responses={202: BulkJobOut}
    )
    def post(self, request: Request, key: str, bulk_id: int) -> Response:
        """Give every record that nobody has changed since what it had before: a bulk change of its own, which is
        returned."""
        self.query()
        return Response(BulkJobOut(undo_bulk(self.job(key, bulk_id), actor=self.actor)).data, status=202)


def _narrowing(access: Access, asked: Narrowing, body: Mapping[str, Any]) -> Narrowing:
    """The address and the body together. Raises Invalid where nothing is filtered, unless all are meant."""
    conditions = [tree_from(access, body.get("filter")), *([asked.condition] if asked.condition is not None else [])]
    words = f"{asked.search} {checked_search(body.get('search', ''))}".strip()
    narrowing = Narrowing(all_of(conditions), words, body.get("overdue", False))
    if not narrowing.asks and not body["all"]:
        raise Invalid(_("Give a filter, or say that all records are meant."), {"all": [_("Say true.")]})
    return narrowing


def _change(access: Access, body: Mapping[str, Any]) -> RecordChange:
    wrong = sorted({"record", "stage", "stages", "passing"} & body.keys() - PARTS[body["op"]])
    if wrong:
        raise Invalid(_("Unknown keys."), {key: [_("There is no such key.")] for key in wrong})
    if body["op"] == "delete":
        return RecordChange(delete=True)
    if body["op"] == "update":
        return RecordChange(values=incoming(body.get("record", {}), access, keys=UPDATABLE).values)
    passing, message = passing_of(body.get("passing")), _("Values are changed by a bulk change of their own.")
    problems: dict[str, list[Text]] = {"passing.fields": [message]} if passing.values else {}
    if "stage" in body and "stages" in body:
        problems["stages"] = [_("Give either “stage” or “stages”.")]
    elif body.get("stages") and not problems:
        return RecordChange(places=places_from(body["stages"], access), passing=passing)
    stage = body.get("stage", "")
    try:
        visible_stage(access, stage)
    except NotFound as error:
        problems["stage"] = [error.message]
    if not stage:
        problems["stage"] = [_("A key is expected.")]
    if problems:
        raise Invalid(_("Some values are wrong."), problems)
    return RecordChange(to=stage, passing=passing)
