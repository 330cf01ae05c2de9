"""Files: sent first, then named by a value; fetched by whoever may read that value."""

from collections.abc import Iterable
from typing import Any, cast

from django.http import FileResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.renderers import JsonOnly
from api.v1.strict import items_of
from api.views import ApiView, Handler
from core.errors import Invalid
from processes.definition_types import FieldDef
from records.files import HEADERS, open_content, served_type
from records.models import Attachment
from records.operations.files import Upload, upload_files
from records.queries.files import file_for, files_of


class FilesIn(JsonOnly):
    """JSON goes out; files come in."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The parser of forms with files."""
        content_type = str(request.content_type or "").partition(";")[0].strip().lower()
        if content_type != MultiPartParser.media_type:
            raise UnsupportedMediaType(content_type, _("Send files with Content-Type: multipart/form-data."))
        return MultiPartParser()


class FileOut(serializers.Serializer[Any]):
    """A file. Write its `id` into the value of its field; until then only you may fetch it, for a day."""

    id = serializers.IntegerField()
    field = serializers.CharField(help_text="Key of its field.")
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    content_type = serializers.CharField(help_text="As the content says, not who sent it.")
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()


FILES = items_of(FileOut)


class Files(ApiView):
    """Files that wait for a record."""

    content_negotiation_class = FilesIn

    @extend_schema(
        operation_id="files_create",
        summary="Send files",
        request={"multipart/form-data": OpenApiTypes.OBJECT},
        responses={201: FILES},
    )
    def post(self, request: Request, key: str) -> Response:
        """Send one or several files, each as a part that is called by the key of its field.

        Then write the ids into the field's value: `{"fields": {"scan": [17, 18]}}`. What no record holds is deleted
        after a day.
        """
        self.query()
        access = self.access(key)
        # REST framework gives an empty dict where there is no body.
        files = cast("MultiValueDict[str, Any]", request.FILES)
        if unknown := sorted(set(cast(Any, request.data)) - set(files)):
            raise Invalid(_("Only files are expected."), {name: [_("A file is expected.")] for name in unknown})
        uploads = [Upload(name, file.name, file.size, file) for name in files for file in files.getlist(name)]
        made = upload_files(access.definition, uploads, actor=self.actor)
        fields = access.definition.field_by_id
        return Response({"items": [shown(file, fields[file.field_id or 0]) for file in made]}, status=201)

    def _once(self, key: str, handler: Handler) -> Handler:
        """A file that is sent again is another file; what nobody holds goes."""
        return handler


class OneFile(ApiView):
    """One file."""

    @extend_schema(
        operation_id="files_read",
        summary="Fetch a file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str, file_id: int) -> FileResponse:
        """The content, if you may read the value that names it (or uploaded it and no record holds it yet)."""
        self.query()
        file = file_for(self.actor, file_id, process_id=self.access(key).definition.id)
        # Compressing on the way would hold a thread for as long as a slow client takes.
        request.META["HTTP_ACCEPT_ENCODING"] = ""
        return FileResponse(
            open_content(file.path),
            as_attachment=True,
            filename=file.name,
            content_type=served_type(file.content_type),
            headers=HEADERS,
        )


class RecordFiles(ApiView):
    """Files of a record."""

    @extend_schema(operation_id="record_files_list", summary="List a record's files", responses={200: FILES})
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """The files that its values name, field by field."""
        self.query()
        found = files_of(self.access(key), record_id)
        return Response({"items": [shown(held.file, held.field) for held in found]})


def shown(file: Attachment, field: FieldDef) -> dict[str, Any]:
    """A file as `FileOut` describes it."""
    names = ("id", "name", "size", "content_type", "created_at")
    return {**{name: getattr(file, name) for name in names}, "field": field.key, "sha256": file.digest}
