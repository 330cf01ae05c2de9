"""Records of a process: list, create, read, change, bin, restore, move."""

import json
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.codec import CREATABLE, UPDATABLE, incoming
from api.listing import PARAMETERS, SHAPE, flag_from, fresh_shape, limit_from, narrowing_from, shape_from
from api.passing import passing_from, passing_of
from api.schema import LIST_PARAMETERS, SHAPE_PARAMETERS, body_of, component
from api.v1.serializers import MoveBody
from api.views import ApiView, answer_of, with_version
from core.errors import Invalid, NotFound
from processes.permissions import Access
from records.operations import Answer, create_record, delete_record, move_record, restore_record, update_record
from records.queries.card import row_for
from records.queries.names import Names, names_for, wanted_by
from records.queries.table import table_for


class RecordView(ApiView):
    """Records of one process."""

    def shown(self, access: Access, row: Any, query: Mapping[str, str], status: int = 200) -> Response:
        """The answer that shows one record."""
        access, shape = fresh_shape(access, row, query)
        data = shape.reader(access)(row)
        if shape.with_names:
            data["names"] = _texts(names_for(access.actor, wanted_by([row], shape.fields_of(access, row))))
        return with_version(data, row.version, status)

    def kept(self, data: Any) -> Any:
        """Which record it was; no values are kept beside it."""
        return data and {"id": data["id"], "version": data["version"]}

    def repeated(self, answer: Answer, **kwargs: Any) -> Answer:
        """The record as it is now, and as one may see it now; which one it was where one does not see it any more."""
        if not answer.body:
            return answer
        access = self.access(kwargs["key"])
        try:
            row = row_for(access, json.loads(answer.body)["id"])
            response = self.shown(access, row, self.query(*SHAPE), answer.status)
        except (NotFound, Invalid):  # The record, or a field that is asked for, is not to be seen any more.
            return answer
        return answer_of(response, response.data)


class Records(RecordView):
    """All records that one may see."""

    @extend_schema(
        operation_id="records_list",
        summary="List records",
        parameters=LIST_PARAMETERS,
        responses={200: component("RecordPage")},
    )
    def get(self, request: Request, key: str) -> Response:
        """A page of records, filtered, searched and sorted."""
        query = self.query(*PARAMETERS)
        access = self.access(key)
        shape = shape_from(access, query)
        pairs = [(name, value) for name, values in request.query_params.lists() for value in values]
        table = table_for(
            access,
            narrowing_from(access, pairs, query),
            sort=query.get("sort") or "-id",
            cursor=query.get("cursor") or None,
            limit=limit_from(query),
            with_total=flag_from(query, "total", default=True),
            with_names=shape.with_names,
            fields=shape.fields,
            in_bin=flag_from(query, "deleted", default=False),
        )
        read = shape.reader(access)
        data: dict[str, Any] = {
            "items": [read(row) for row in table.rows],
            "next": table.next,
            "previous": table.previous,
            "total": table.total,
            "total_is_capped": table.total_is_capped,
        }
        if shape.with_names:
            data["names"] = _texts(table.names)
        return Response(data)

    @extend_schema(
        operation_id="records_create",
        summary="Create a record",
        parameters=SHAPE_PARAMETERS,
        request=body_of("RecordCreate"),
        responses={201: component("Record")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Create a record at the top of a stage, the first one unless `stage` says otherwise."""
        query = self.query(*SHAPE)
        access = self.access(key)
        data = self.json()
        passing = passing_from(data.get("passing"), with_fields=False)
        body = incoming(data, access, keys=CREATABLE)
        row = create_record(access.definition, values=body.values, stage=body.stage, passing=passing, actor=self.actor)
        return self.shown(access, row, query, status=201)


class OneRecord(RecordView):
    """One record."""

    @extend_schema(
        operation_id="records_read",
        summary="Read a record",
        parameters=SHAPE_PARAMETERS,
        responses={200: component("Record")},
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """One record with its values; `ETag` is its version."""
        query = self.query(*SHAPE)
        access = self.access(key)
        row = row_for(access, record_id)
        if request.META.get("HTTP_IF_NONE_MATCH") == f'"{row.version}"':
            return with_version(None, row.version, 304)
        return self.shown(access, row, query)

    @extend_schema(
        operation_id="records_update",
        summary="Change a record",
        parameters=SHAPE_PARAMETERS,
        request=body_of("RecordUpdate"),
        responses={200: component("Record")},
    )
    def patch(self, request: Request, key: str, record_id: int) -> Response:
        """Change the values that the body names; the others stay. `If-Match` refuses a version of yesterday."""
        query = self.query(*SHAPE)
        access = self.access(key)
        body = incoming(self.json(), access, keys=UPDATABLE)
        row = update_record(access.definition, record_id, values=body.values, version=self.version(), actor=self.actor)
        return self.shown(access, row, query)

    @extend_schema(operation_id="records_delete", summary="Put a record into the bin", responses={204: None})
    def delete(self, request: Request, key: str, record_id: int) -> Response:
        """Put a record into the bin, from where it can be restored."""
        access = self.access(key)
        delete_record(access.definition, record_id, version=self.version(), actor=self.actor)
        return Response(status=204)


class MoveRecord(RecordView):
    """A move."""

    @extend_schema(
        operation_id="records_move",
        summary="Move a record",
        request=MoveBody,
        parameters=SHAPE_PARAMETERS,
        responses={200: component("Record")},
    )
    def post(self, request: Request, key: str, record_id: int) -> Response:
        """Move a record to a stage of its pipeline, or to another place in its column.

        Where a gate is closed the answer is 400 with the code `gate`; `details.gate` says all that is missing.
        """
        query = self.query(*SHAPE)
        access = self.access(key)
        body = self.body(MoveBody)
        row = move_record(
            access.definition,
            record_id,
            to=body["stage"],
            after=body.get("after"),
            before=body.get("before"),
            version=self.version(),
            passing=passing_of(body.get("passing")),
            actor=self.actor,
        )
        return self.shown(access, row, query)


class RestoreRecord(RecordView):
    """A way out of the bin."""

    @extend_schema(
        operation_id="records_restore",
        summary="Restore a record",
        request=None,
        parameters=SHAPE_PARAMETERS,
        responses={200: component("Record")},
    )
    def post(self, request: Request, key: str, record_id: int) -> Response:
        """Take a record out of the bin, where it was."""
        query = self.query(*SHAPE)
        access = self.access(key)
        row = restore_record(access.definition, record_id, actor=self.actor)
        return self.shown(access, row, query)


def _texts(names: Names) -> dict[str, dict[str, str]]:
    return {family: {str(row_id): name for row_id, name in found.items()} for family, found in names.items()}
