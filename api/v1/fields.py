"""Fields of a process."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.serializers import FieldBody, FieldOut, FieldPatch, OrderBody, items_of
from api.views import ApiView
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.operations import add_field, remove_field, reorder_fields, update_field
from processes.queries import field_of, process_for


class Fields(ApiView):
    """Questions that a process asks."""

    @extend_schema(operation_id="fields_list", summary="List fields", responses={200: items_of(FieldOut)})
    def get(self, request: Request, key: str) -> Response:
        """All fields in order."""
        return Response({"items": FieldOut(self.access(key).definition.fields, many=True).data})

    @extend_schema(operation_id="fields_create", summary="Add a field", request=FieldBody, responses={201: FieldOut})
    def post(self, request: Request, key: str) -> Response:
        """Add a field; it is empty in every record that exists, and can be used at once."""
        draft = FieldDraft(**self.body(FieldBody))
        process = process_for(self.actor, key)
        field = add_field(process, draft, actor=self.actor)
        return Response(FieldOut(definition_of(process).field_by_key[field.key]).data, status=201)


class OneField(ApiView):
    """One field."""

    @extend_schema(
        operation_id="fields_update", summary="Change a field", request=FieldPatch, responses={200: FieldOut}
    )
    def patch(self, request: Request, key: str, field_key: str) -> Response:
        """Change its words, places and settings; what the body does not name stays."""
        body = self.body(FieldPatch)
        process = process_for(self.actor, key)
        field = field_of(process, field_key)
        update_field(field, changes=body, actor=self.actor)
        return Response(FieldOut(definition_of(process).field_by_key[field_key]).data)

    @extend_schema(operation_id="fields_delete", summary="Remove a field", responses={204: None})
    def delete(self, request: Request, key: str, field_key: str) -> Response:
        """Hide it at once; its values are kept until they are purged."""
        remove_field(field_of(process_for(self.actor, key), field_key), actor=self.actor)
        return Response(status=204)


class FieldOrder(ApiView):
    """The order of the fields."""

    @extend_schema(operation_id="fields_reorder", summary="Reorder fields", request=OrderBody, responses={204: None})
    def put(self, request: Request, key: str) -> Response:
        """Put all fields in this order."""
        keys = self.body(OrderBody)["keys"]
        reorder_fields(process_for(self.actor, key), keys, actor=self.actor)
        return Response(status=204)
