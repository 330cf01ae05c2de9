"""Sections of the card and the form, and where every field stands."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.strict import Strict, items_of, text
from api.views import ApiView
from processes.operations import add_section, arrange_fields, remove_section, update_section
from processes.queries import process_for, section_of


class SectionOut(serializers.Serializer[Any]):
    """A part of the card and the form."""

    id = serializers.IntegerField()
    label = serializers.CharField(source="name.text")  # type: ignore[assignment]
    labels = serializers.DictField(source="name.translations", child=serializers.CharField())
    fields = serializers.ListField(  # type: ignore[assignment]
        source="keys", child=serializers.CharField(), help_text="Keys of its fields in their order."
    )


class SectionRowOut(serializers.Serializer[Any]):
    """A section as it was made or changed."""

    id = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    labels = serializers.DictField(child=serializers.CharField())


class SectionBody(Strict):
    """A section to be."""

    label = text()  # type: ignore[assignment]
    labels = serializers.DictField(child=serializers.CharField(), default=dict)


class SectionPatch(Strict):
    """What may change of a section."""

    label = text(required=False)  # type: ignore[assignment]
    labels = serializers.DictField(child=serializers.CharField(), required=False)


class LayoutPart(Strict):
    """A section with its fields; without a section, the fields that stand in none."""

    section = serializers.IntegerField(allow_null=True)
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]


class LayoutBody(Strict):
    """All sections and all fields in their order."""

    layout = LayoutPart(many=True)


class Sections(ApiView):
    """Parts of the card and the form."""

    @extend_schema(operation_id="sections_list", summary="List sections", responses={200: items_of(SectionOut)})
    def get(self, request: Request, key: str) -> Response:
        """All sections in order, with the keys of those of their fields that one may know of."""
        access = self.access(key)
        rows = [
            {
                "id": section.id,
                "name": section.name,
                "keys": [field.key for field in access.known_fields if field.section_id == section.id],
            }
            for section in access.definition.sections
        ]
        return Response({"items": SectionOut(rows, many=True).data})

    @extend_schema(
        operation_id="sections_create", summary="Add a section", request=SectionBody, responses={201: SectionRowOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Add an empty section at the end."""
        section = add_section(process_for(self.actor, key), **self.body(SectionBody), actor=self.actor)
        return Response(SectionRowOut(section).data, status=201)


class OneSection(ApiView):
    """One section."""

    @extend_schema(
        operation_id="sections_update", summary="Rename a section", request=SectionPatch, responses={200: SectionRowOut}
    )
    def patch(self, request: Request, key: str, section_id: int) -> Response:
        """Change its words; what the body does not name stays."""
        body = self.body(SectionPatch)
        section = section_of(process_for(self.actor, key), section_id)
        return Response(SectionRowOut(update_section(section, changes=body, actor=self.actor)).data)

    @extend_schema(operation_id="sections_delete", summary="Remove a section", responses={204: None})
    def delete(self, request: Request, key: str, section_id: int) -> Response:
        """Remove it; its fields stand without a section then."""
        remove_section(section_of(process_for(self.actor, key), section_id), actor=self.actor)
        return Response(status=204)


class FieldLayout(ApiView):
    """Where every field stands."""

    @extend_schema(
        operation_id="fields_arrange", summary="Arrange sections and fields", request=LayoutBody, responses={204: None}
    )
    def put(self, request: Request, key: str) -> Response:
        """Put all sections, and all fields in them, in this order."""
        layout = [(part["section"], part["fields"]) for part in self.body(LayoutBody)["layout"]]
        arrange_fields(process_for(self.actor, key), layout, actor=self.actor)
        return Response(status=204)
