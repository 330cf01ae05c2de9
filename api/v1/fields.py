"""Fields of a process: what there is, how it changes, what goes and comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import flag_from
from api.v1.field_shapes import (
    FieldAdd,
    FieldJobOut,
    FieldOut,
    FieldPatch,
    FieldTypeOut,
    RemovedFieldOut,
    RestoreBody,
    UseOut,
    described,
)
from api.v1.serializers import OrderBody
from api.v1.strict import items_of
from api.views import ApiView
from core.errors import Invalid, NotFound
from processes.drafts import FieldDraft
from processes.fieldtype import field_types
from processes.models import Process
from processes.operations import (
    add_field,
    cancel_job,
    purge_field,
    remove_field,
    reorder_fields,
    restore_field,
    retry_job,
    update_field,
)
from processes.queries import (
    field_of,
    field_uses,
    job_of,
    jobs_of,
    process_for,
    removed_field,
    removed_fields,
    section_of,
    stage_of,
)

CONFIRM = OpenApiParameter("confirm", OpenApiTypes.BOOL, description="Remove it although something speaks of it.")


class FieldTypes(ApiView):
    """Kinds of answers."""

    @extend_schema(
        operation_id="field_types_list", summary="List kinds of fields", responses={200: items_of(FieldTypeOut)}
    )
    def get(self, request: Request) -> Response:
        """Every kind of field, with the settings that it takes."""
        return Response({"items": FieldTypeOut(list(field_types), many=True).data})


class Fields(ApiView):
    """Questions that a process asks."""

    @extend_schema(operation_id="fields_list", summary="List fields", responses={200: items_of(FieldOut)})
    def get(self, request: Request, key: str) -> Response:
        """All fields in order that one may know of."""
        return Response({"items": FieldOut(self.access(key).known_fields, many=True).data})

    @extend_schema(operation_id="fields_create", summary="Add a field", request=FieldAdd, responses={201: FieldOut})
    def post(self, request: Request, key: str) -> Response:
        """Add a field: ready at once, `adding` while the table is in heavy use, or `filling` while it is computed."""
        body = self.body(FieldAdd)
        process = process_for(self.actor, key)
        field = add_field(process, FieldDraft(**_with_rows(process, body)), actor=self.actor)
        return Response(described(field), status=201)


class OneField(ApiView):
    """One field."""

    @extend_schema(
        operation_id="fields_update", summary="Change a field", request=FieldPatch, responses={200: FieldOut}
    )
    def patch(self, request: Request, key: str, field_key: str) -> Response:
        """Change its words, rules, places and settings; what the body does not name stays."""
        body = self.body(FieldPatch)
        process = process_for(self.actor, key)
        field = update_field(field_of(process, field_key), changes=_with_rows(process, body), actor=self.actor)
        return Response(described(field))

    @extend_schema(operation_id="fields_delete", summary="Remove a field", parameters=[CONFIRM], responses={204: None})
    def delete(self, request: Request, key: str, field_key: str) -> Response:
        """Hide it; for 30 days it can be restored. Where something speaks of it, 409 says what, until confirmed."""
        query = self.query("confirm")
        field = field_of(process_for(self.actor, key), field_key)
        remove_field(field, actor=self.actor, confirmed=flag_from(query, "confirm", default=False))
        return Response(status=204)


class FieldUses(ApiView):
    """What speaks of a field."""

    @extend_schema(operation_id="fields_uses", summary="What uses a field", responses={200: items_of(UseOut)})
    def get(self, request: Request, key: str, field_key: str) -> Response:
        """Robots, triggers, formulas and conditions that would miss it."""
        uses = field_uses(field_of(process_for(self.actor, key), field_key))
        return Response({"items": UseOut(uses, many=True).data})


class RemovedFields(ApiView):
    """Fields that were removed."""

    @extend_schema(
        operation_id="removed_fields_list", summary="List removed fields", responses={200: items_of(RemovedFieldOut)}
    )
    def get(self, request: Request, key: str) -> Response:
        """What can be restored, the latest first."""
        return Response({"items": RemovedFieldOut(removed_fields(process_for(self.actor, key)), many=True).data})


class OneRemovedField(ApiView):
    """One field that was removed."""

    @extend_schema(
        operation_id="removed_fields_restore",
        summary="Restore a field",
        request=RestoreBody,
        responses={200: FieldOut},
    )
    def post(self, request: Request, key: str, field_id: int) -> Response:
        """Show it again with its values; under another key where its own is taken by now."""
        field = removed_field(process_for(self.actor, key), field_id)
        return Response(described(restore_field(field, key=self.body(RestoreBody)["key"], actor=self.actor)))

    @extend_schema(operation_id="removed_fields_purge", summary="Delete a field for good", responses={202: FieldJobOut})
    def delete(self, request: Request, key: str, field_id: int) -> Response:
        """Throw its values away, by a job."""
        job = purge_field(removed_field(process_for(self.actor, key), field_id), actor=self.actor)
        return Response(FieldJobOut(job).data, status=202)


class FieldJobs(ApiView):
    """Long changes of fields."""

    @extend_schema(operation_id="field_jobs_list", summary="List changes", responses={200: items_of(FieldJobOut)})
    def get(self, request: Request, key: str) -> Response:
        """The latest changes with their progress, newest first."""
        return Response({"items": FieldJobOut(jobs_of(process_for(self.actor, key)), many=True).data})


class ActOnFieldJob(ApiView):
    """What a person does with a long change."""

    operations: ClassVar[dict[str, Any]] = {"cancel": cancel_job, "retry": retry_job}

    @extend_schema(
        operation_id="field_jobs_act", summary="Stop or retry a change", request=None, responses={200: FieldJobOut}
    )
    def post(self, request: Request, key: str, job_id: int, job_act: str) -> Response:
        """Stop what has not happened yet, or have a failed change tried again."""
        job = job_of(process_for(self.actor, key), job_id)
        return Response(FieldJobOut(self.operations[job_act](job, actor=self.actor)).data)


class FieldOrder(ApiView):
    """The order of the fields."""

    @extend_schema(operation_id="fields_reorder", summary="Reorder fields", request=OrderBody, responses={204: None})
    def put(self, request: Request, key: str) -> Response:
        """Put all fields in this order."""
        keys = self.body(OrderBody)["keys"]
        reorder_fields(process_for(self.actor, key), keys, actor=self.actor)
        return Response(status=204)


def _with_rows(process: Process, body: dict[str, Any]) -> dict[str, Any]:
    """The body with the stage and the section that it names in place of their ids. Raises Invalid."""
    found = dict(body)
    if found.get("required_from") is not None:
        with _named("required_from", _("Choose a stage of this process.")):
            found["required_from"] = stage_of(process, found["required_from"])
    if found.get("section") is not None:
        with _named("section", _("Choose a section of this process.")):
            found["section"] = section_of(process, found["section"])
    return found


@contextmanager
def _named(key: str, message: str) -> Iterator[None]:
    """What the body names and is not there is a mistake in the body."""
    try:
        yield
    except NotFound as error:
        raise Invalid(message, {key: [message]}) from error
