"""Imports: a CSV file or a workbook is sent, its columns are chosen, it is checked, it runs."""

from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import number_from
from api.renderers import JsonOnly
from api.schema import next_number, parameter
from api.v1.strict import Strict, items_of
from api.views import ApiView
from records.exchange.source import DELIMITERS, ENCODINGS
from records.exchange.writers import CONTENT_TYPES
from records.models import ExportJob, ImportJob
from records.operations.imports import (
    begin_import,
    cancel_import,
    check_import,
    choose_sheet,
    import_access,
    plan_import,
    read_import_anew,
    run_import,
)
from records.queries.imports import columns_of, import_of, imports_of, problems_of, rejected_csv

XLSX = CONTENT_TYPES[ExportJob.Format.XLSX]
KINDS = ("text/csv", XLSX)


class FileParser(BaseParser):
    """Takes a file as it is; what it is shows itself."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The bytes of the body. Raises RequestDataTooBig."""
        content: bytes = stream.read(settings.IMPORT_MOST_BYTES + 1)
        if len(content) > settings.IMPORT_MOST_BYTES:
            raise RequestDataTooBig
        return content


class TablesIn(JsonOnly):
    """JSON goes out; a CSV file or a workbook comes in."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser:
        """The parser of files for a file."""
        content_type = str(request.content_type or "").partition(";")[0].strip().lower()
        if content_type not in KINDS:
            raise UnsupportedMediaType(content_type, _("Send the file with Content-Type: %s.") % " / ".join(KINDS))
        return FileParser()


class ImportColumnOut(serializers.Serializer[Any]):
    """A column of the file."""

    index = serializers.IntegerField()
    header = serializers.CharField()
    samples = serializers.ListField(child=serializers.CharField(), help_text="The first values, at most three.")
    target = serializers.CharField(allow_null=True, help_text="Where it goes: a field's key, or a base key.")


class ImportOut(serializers.Serializer[Any]):
    """An import. The counts belong to the last check or run and add up to `position`."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ImportJob.State.choices)
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    encoding = serializers.CharField()
    delimiter = serializers.CharField(trim_whitespace=False)
    sheets = serializers.ListField(
        child=serializers.CharField(), help_text="Sheets of a workbook to choose from; none where there is no choice."
    )
    sheet = serializers.CharField(allow_blank=True, help_text="The sheet of a workbook that is read.")
    key = serializers.CharField(allow_blank=True, help_text="The target by which present records are found.")
    run_robots = serializers.BooleanField(help_text="Whether robots run and people are told.")
    total = serializers.IntegerField(help_text="Rows of the file.")
    position = serializers.IntegerField(help_text="Rows dealt with.")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    rejected = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True, help_text="Why it failed as a whole.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ImportDetailOut(ImportOut):
    """An import with the columns of its file."""

    columns = ImportColumnOut(many=True)


class ImportPlanBody(Strict):
    """What the columns mean, and how the file is read. What is absent stays."""

    targets = serializers.ListField(
        child=serializers.CharField(allow_null=True, allow_blank=True),
        required=False,
        max_length=settings.IMPORT_MOST_COLUMNS,
        help_text="For each column a field's key, `title`, `stage`, `assignee`, `id`, or null to leave it out.",
    )
    key = serializers.CharField(
        required=False, allow_blank=True, help_text="Update the records found by this target; empty always creates."
    )
    run_robots = serializers.BooleanField(required=False)
    encoding = serializers.ChoiceField(choices=list(ENCODINGS), required=False)
    delimiter = serializers.ChoiceField(choices=list(DELIMITERS), required=False)
    sheet = serializers.CharField(required=False, trim_whitespace=False, max_length=100)


class ImportReasonOut(serializers.Serializer[Any]):
    """Why a row is rejected."""

    column = serializers.IntegerField(allow_null=True, help_text="Index of the column; null for the row as a whole.")
    message = serializers.CharField()


class ImportProblemOut(serializers.Serializer[Any]):
    """A rejected row."""

    row = serializers.IntegerField(help_text="Below the header, from 1.")
    line = serializers.IntegerField(help_text="The line of the file on which it begins.")
    reasons = ImportReasonOut(many=True)


class ImportView(ApiView):
    """One import of the caller."""

    def job(self, key: str, import_id: int) -> ImportJob:
        """The import. Raises NotFound, NotAllowed."""
        return import_of(import_access(self.actor, key, needs_use=False), import_id)

    def shown(self, job: ImportJob, status: int = 200) -> Response:
        """The answer that shows an import with its columns."""
        return Response(
            {**ImportOut(job).data, "columns": ImportColumnOut(columns_of(job), many=True).data}, status=status
        )


class Imports(ImportView):
    """The caller's imports into a process."""

    content_negotiation_class = TablesIn

    @extend_schema(operation_id="imports_list", summary="List your imports", responses={200: items_of(ImportOut)})
    def get(self, request: Request, key: str) -> Response:
        """Your newest imports into the process."""
        self.query()
        access = import_access(self.actor, key, needs_use=False)
        return Response({"items": ImportOut(imports_of(access), many=True).data})

    @extend_schema(
        operation_id="imports_create",
        summary="Send a CSV file or a workbook",
        parameters=[parameter("name", "How the file is called.")],
        request=dict.fromkeys(KINDS, OpenApiTypes.BINARY),
        responses={201: ImportDetailOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Send a file; the answer says how it is read and where its columns seem to go. Nothing is imported yet."""
        query = self.query("name")
        access = import_access(self.actor, key)
        name = query.get("name", "import.csv")
        # REST framework gives a dict where there is no body.
        content = cast(Any, request.data) or b""
        return self.shown(begin_import(access.definition, name=name, content=content, actor=self.actor), 201)


class OneImport(ImportView):
    """One import."""

    @extend_schema(operation_id="imports_read", summary="Read an import", responses={200: ImportDetailOut})
    def get(self, request: Request, key: str, import_id: int) -> Response:
        """The import as it is now."""
        return self.shown(self.job(key, import_id))

    @extend_schema(
        operation_id="imports_plan",
        summary="Say what the columns mean",
        request=ImportPlanBody,
        responses={200: ImportDetailOut},
    )
    def patch(self, request: Request, key: str, import_id: int) -> Response:
        """Choose columns, the key and how the file is read.

        Another sheet, encoding or delimiter guesses the columns anew.
        """
        job = self.job(key, import_id)
        body = self.body(ImportPlanBody)
        if body.get("sheet", job.sheet) != job.sheet:
            job = choose_sheet(job, sheet=body["sheet"], actor=self.actor)
        encoding, delimiter = body.get("encoding", job.encoding), body.get("delimiter", job.delimiter)
        if (encoding, delimiter) != (job.encoding, job.delimiter):
            job = read_import_anew(job, encoding=encoding, delimiter=delimiter, actor=self.actor)
        if {"targets", "key", "run_robots"} & body.keys():
            job = plan_import(
                job,
                targets=body.get("targets", job.targets),
                key=body.get("key", job.key),
                quiet=not body.get("run_robots", not job.quiet),
                actor=self.actor,
            )
        return self.shown(job)


class CheckImport(ImportView):
    """A check."""

    @extend_schema(operation_id="imports_check", summary="Check every row", request=None, responses={200: ImportOut})
    def post(self, request: Request, key: str, import_id: int) -> Response:
        """Look at every row and write nothing. Ask again until `state` is `checked`."""
        return Response(ImportOut(check_import(self.job(key, import_id), actor=self.actor)).data)


class RunImport(ImportView):
    """A run."""

    @extend_schema(operation_id="imports_run", summary="Bring the rows in", request=None, responses={200: ImportOut})
    def post(self, request: Request, key: str, import_id: int) -> Response:
        """Bring in what was checked. Ask again until `state` is `done`."""
        return Response(ImportOut(run_import(self.job(key, import_id), actor=self.actor)).data)


class CancelImport(ImportView):
    """A stop."""

    @extend_schema(operation_id="imports_cancel", summary="Stop an import", request=None, responses={200: ImportOut})
    def post(self, request: Request, key: str, import_id: int) -> Response:
        """Stop it; the rows brought in so far stay."""
        return Response(ImportOut(cancel_import(self.job(key, import_id), actor=self.actor)).data)


class ImportProblems(ImportView):
    """Rejected rows."""

    @extend_schema(
        operation_id="imports_problems",
        summary="List rejected rows",
        parameters=[parameter("after", "`next` of the page before.", int)],
        responses={200: items_of(ImportProblemOut, next=next_number())},
    )
    def get(self, request: Request, key: str, import_id: int) -> Response:
        """Rows that were, or would be, rejected, with the reasons by column."""
        after = number_from(self.query("after"), "after") or 0
        page = problems_of(self.job(key, import_id), after=after)
        return Response({"items": ImportProblemOut(page.items, many=True).data, "next": page.next})


class RejectedRows(ImportView):
    """Rejected rows as a file."""

    @extend_schema(
        operation_id="imports_rejected",
        summary="Rejected rows as CSV",
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str, import_id: int) -> HttpResponse:
        """The rejected rows with their columns as they came, and the reason; to correct and send again."""
        job = self.job(key, import_id)
        return HttpResponse("".join(rejected_csv(job)), content_type="text/csv; charset=utf-8")
