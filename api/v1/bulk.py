"""Many records in one call."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.codec import CREATABLE, UPDATABLE, codec_for, incoming
from api.exceptions import status_of
from api.passing import passing_from
from api.v1.serializers import BulkBody, BulkOut
from api.views import ApiView
from core.errors import Invalid, NotFound, SmartCRMError
from processes.permissions import Access
from processes.queries import visible_stage
from records.operations import Outcome, RecordChange, change_records

KEYS = {
    "create": frozenset({"op", "record"}),
    "update": frozenset({"op", "id", "version", "record"}),
    "move": frozenset({"op", "id", "version", "stage", "stages", "passing"}),
    "delete": frozenset({"op", "id", "version"}),
}
MOST_ID = 10**18


class BulkRecords(ApiView):
    """Many changes at once."""

    @extend_schema(
        operation_id="records_bulk",
        summary="Create, change, move and delete many records",
        request=BulkBody,
        responses={200: BulkOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Up to 1,000 operations in order, each done or refused by itself; one result for each."""
        access = self.access(key)
        body = self.body(BulkBody)
        operations = body["operations"]
        changes = [_change(operation, access) for operation in operations]
        actor = self.actor.quieted() if body["quiet"] else self.actor
        outcomes = change_records(access.definition, changes, actor=actor)
        results = [_result(operation, found) for operation, found in zip(operations, outcomes, strict=True)]
        return Response({"results": results, "refused": sum("error" in result for result in results)})


def _change(operation: Mapping[str, Any], access: Access) -> RecordChange | SmartCRMError:
    """The change that one operation describes, or why it describes none."""
    try:
        op = operation.get("op")
        if not isinstance(op, str) or op not in KEYS:
            raise Invalid(_("An operation is create, update, move or delete."), {"op": [_("Choose one of the four.")]})
        unknown = sorted(key for key in operation if key not in KEYS[op])
        if unknown:
            raise Invalid(_("Unknown keys."), {key: [_("There is no such key.")] for key in unknown})
        if op == "create":
            record = _record(operation)
            passing = passing_from(record.get("passing"), with_fields=False)
            body = incoming(record, access, keys=CREATABLE)
            return RecordChange(values=body.values, stage=body.stage, passing=passing)
        number, version = _number(operation, "id"), _number(operation, "version", required=False)
        if op == "move":
            return _move(operation, access, number, version)
        if op == "delete":
            return RecordChange(record_id=number, version=version, delete=True)
        values = incoming(_record(operation), access, keys=UPDATABLE).values
        return RecordChange(record_id=number, version=version, values=values)
    except Invalid as error:
        return error


def _move(operation: Mapping[str, Any], access: Access, number: int | None, version: int | None) -> RecordChange:
    """To one stage, or by `stages`: from which stage to which."""
    passing, given = passing_from(operation.get("passing")), operation.get("stages", {})
    if not isinstance(given, dict) or (given and "stage" in operation):
        raise Invalid(_("Say where to."), {"stage": [_("Give either “stage” or “stages”.")]})
    if given:
        return RecordChange(record_id=number, version=version, places=places_from(given, access), passing=passing)
    return RecordChange(record_id=number, version=version, to=_stage(operation), passing=passing)


def places_from(given: Mapping[str, Any], access: Access) -> dict[int, int]:
    """Where records go, by the stage where they stand: from keys of stages. Raises Invalid."""
    return {_place(access, key): _place(access, to) for key, to in given.items()}


def _place(access: Access, key: object) -> int:
    try:
        if not isinstance(key, str) or not key:
            raise NotFound(_("There is no such stage."))
        return visible_stage(access, key).id
    except NotFound as error:
        raise Invalid(error.message, {"stages": [error.message]}) from error


def _record(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    record = operation.get("record")
    if not isinstance(record, dict):
        raise Invalid(_("A record is expected."), {"record": [_("An object is expected.")]})
    return record


def _stage(operation: Mapping[str, Any]) -> str:
    stage = operation.get("stage")
    if not isinstance(stage, str) or not stage:
        raise Invalid(_("A key is expected."), {"stage": [_("A key is expected.")]})
    return stage


def _number(operation: Mapping[str, Any], key: str, *, required: bool = True) -> int | None:
    number = operation.get(key)
    if number is None and not required:
        return None
    if type(number) is not int or not 0 < number < MOST_ID:
        raise Invalid(_("A number is expected."), {key: [_("A number is expected.")]})
    return number


def _result(operation: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    if outcome.error is not None:
        return {"status": int(status_of(outcome.error)), "error": outcome.error.as_body()}
    if outcome.row is None:
        return {"status": 204, "id": operation["id"]}
    definition = outcome.row.definition
    record = codec_for(definition, (), frozenset()).read(outcome.row)
    return {"status": 201 if operation["op"] == "create" else 200, **record}
