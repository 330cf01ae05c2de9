"""Exports: a list is asked for as a file, a worker makes it, whoever asked fetches it."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import checked_search, tree_from
from api.v1.strict import Strict, items_of
from api.views import ApiView
from processes.permissions import Access
from records.exchange.source import DELIMITERS, Form
from records.exchange.writers import CONTENT_TYPES, ENCODINGS_OUT
from records.files import HEADERS, open_content
from records.models import ExportJob
from records.operations.exports import USUAL, begin_export, cancel_export, export_access
from records.queries.exports import MOST_CHOSEN, export_of, exported_file, exports_of
from records.queries.filters import all_of, condition_from
from records.queries.narrowing import Narrowing


class ExportOut(serializers.Serializer[Any]):
    """An export. The file is there when `state` is `done`, and goes at `expires_at`."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ExportJob.State.choices)
    name = serializers.CharField(help_text="How the file is called.")
    format = serializers.ChoiceField(choices=ExportJob.Format.choices)
    columns = serializers.ListField(child=serializers.CharField())
    sort = serializers.CharField()
    total = serializers.IntegerField(help_text="Records when it began.")
    position = serializers.IntegerField(help_text="Records read.")
    written = serializers.IntegerField(help_text="Records in the file, which is written after all are read.")
    cut = serializers.IntegerField(help_text="Cells that were longer than a workbook's cell can be.")
    size = serializers.IntegerField(help_text="Bytes of the file; 0 until it is there.")
    error = serializers.CharField(allow_blank=True, help_text="Why it failed.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(help_text="When the file goes.")


class ExportBody(Strict):
    """What is exported, and as what. Without anything but the format: everything that one sees."""

    format = serializers.ChoiceField(choices=ExportJob.Format.choices)
    columns = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        max_length=1000,
        help_text="Keys of fields and base keys, in their order; all that you may read unless given.",
    )
    filter = serializers.DictField(required=False, allow_null=True, help_text="A condition, as lists take it.")
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        min_length=1,
        max_length=MOST_CHOSEN,
        help_text="Only these records.",
    )
    search = serializers.CharField(required=False, allow_blank=True, max_length=200, trim_whitespace=False)
    overdue = serializers.BooleanField(required=False, help_text="Only records with a task past its time.")
    sort = serializers.CharField(required=False, max_length=60, help_text="As lists take it; `-id` unless given.")
    encoding = serializers.ChoiceField(
        choices=list(ENCODINGS_OUT), required=False, help_text="Of CSV: `utf-8-sig` begins with a byte order mark."
    )
    delimiter = serializers.ChoiceField(
        choices=list(DELIMITERS), required=False, help_text="Of CSV; what spreadsheets of your language expect."
    )


class ExportView(ApiView):
    """One export of the caller."""

    def job(self, key: str, export_id: int) -> ExportJob:
        """The export. Raises NotFound, NotAllowed."""
        return export_of(export_access(self.actor, key), export_id)


class Exports(ExportView):
    """The caller's exports of a process."""

    @extend_schema(operation_id="exports_list", summary="List your exports", responses={200: items_of(ExportOut)})
    def get(self, request: Request, key: str) -> Response:
        """Your newest exports whose files are still kept."""
        self.query()
        return Response({"items": ExportOut(exports_of(export_access(self.actor, key)), many=True).data})

    @extend_schema(
        operation_id="exports_create", summary="Export records", request=ExportBody, responses={201: ExportOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Ask for records as a file. Few are a file at once; else ask again until `state` is `done`."""
        self.query()
        access, body = export_access(self.actor, key), self.body(ExportBody)
        job = begin_export(
            access.definition,
            file_format=body["format"],
            form=Form(body.get("encoding", USUAL.encoding), body.get("delimiter", USUAL.delimiter)),
            columns=body.get("columns", ()),
            narrowing=_narrowing(access, body),
            sort=body.get("sort", "-id"),
            actor=self.actor,
        )
        return Response(ExportOut(job).data, status=201)


def _narrowing(access: Access, body: Mapping[str, Any]) -> Narrowing:
    conditions = [tree_from(access, body.get("filter"))]
    if "ids" in body:
        conditions.append(condition_from(access, {"field": "id", "op": "in", "value": body["ids"]}))
    return Narrowing(all_of(conditions), checked_search(body.get("search", "")), body.get("overdue", False))


class OneExport(ExportView):
    """One export."""

    @extend_schema(operation_id="exports_read", summary="Read an export", responses={200: ExportOut})
    def get(self, request: Request, key: str, export_id: int) -> Response:
        """The export as it is now."""
        self.query()
        return Response(ExportOut(self.job(key, export_id)).data)


class CancelExport(ExportView):
    """A stop."""

    @extend_schema(operation_id="exports_cancel", summary="Stop an export", request=None, responses={200: ExportOut})
    def post(self, request: Request, key: str, export_id: int) -> Response:
        """Stop it; nothing of it stays."""
        return Response(ExportOut(cancel_export(self.job(key, export_id), actor=self.actor)).data)


class ExportFile(ExportView):
    """The file."""

    @extend_schema(
        operation_id="exports_file",
        summary="Fetch the file of an export",
        responses={(200, kind.partition(";")[0]): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
    )
    def get(self, request: Request, key: str, export_id: int) -> FileResponse:
        """The file, for who asked for it, as long as their rights are what they were."""
        self.query()
        job = exported_file(export_access(self.actor, key), export_id)
        return FileResponse(
            open_content(job.path),
            as_attachment=True,
            filename=job.name,
            content_type=CONTENT_TYPES[job.format],
            headers=HEADERS,
        )
