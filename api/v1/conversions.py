"""Changes of a field's type: what they would do, how far they are, what did not convert, the way back."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import number_from
from api.schema import next_number, parameter
from api.v1.field_shapes import FieldJobOut, FieldOut, FieldTypeOut, UseOut, described
from api.v1.strict import Strict, items_of
from api.views import ApiView
from processes.conversion import targets_for
from processes.definition import field_def
from processes.permissions import Access, access_for
from processes.queries import field_of, process_for
from records.operations import convert_field, forget_former_form, revert_field
from records.queries.conversion import (
    ConversionState,
    conversion_of,
    conversions_of,
    unconverted,
)
from records.queries.conversion_preview import preview_conversion

STATES = "`converted`: the field has its new type, and a way back until `kept_until`."


class FieldTargetOut(FieldTypeOut):
    """A type to which the values of a field convert."""


class ConversionBody(Strict):
    """Which field is to be of which type."""

    field = serializers.CharField(help_text="Its key.")
    type = serializers.CharField()
    settings = serializers.DictField(
        required=False,
        default=dict,
        help_text="As the type takes them. Options that are not given are made of the values.",
    )


class ConversionStart(ConversionBody):
    """The same, to be done."""

    confirm = serializers.BooleanField(
        required=False, default=False, help_text="Begin although the way back from the last change of type is lost."
    )


class SampleOut(serializers.Serializer[Any]):
    """The value of a record, and what would become of it."""

    record = serializers.IntegerField(source="record_id")
    title = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    why = serializers.CharField(help_text="Why it does not convert.")


class FailingOut(serializers.Serializer[Any]):
    """A value that does not convert."""

    value = serializers.CharField()
    records = serializers.IntegerField(help_text="Records that have it.")


class ConversionPreviewOut(serializers.Serializer[Any]):
    """What would become of the values. Numbers are of the records that were looked at; values of those that you see."""

    type = serializers.CharField()
    settings = serializers.JSONField(help_text="As they would be, options made of the values included.")
    records = serializers.IntegerField(help_text="Records of the process, the bin included.")
    looked_at = serializers.IntegerField(help_text="Of very many records every second, third … one is looked at.")
    filled = serializers.IntegerField(help_text="Those that have a value.")
    converts = serializers.IntegerField()
    fails = serializers.IntegerField()
    good = SampleOut(many=True)
    bad = SampleOut(many=True)
    failing = FailingOut(many=True)
    breaks = UseOut(many=True, help_text="What uses the field and could not be read any more.")
    lost = serializers.ListField(child=serializers.CharField(), help_text="Rules that the new type cannot have.")
    has_way_back = serializers.BooleanField(help_text="Whether a way back from the last change of type would be lost.")


class ConversionOut(serializers.Serializer[Any]):
    """A field whose type changes, or has changed and can be changed back."""

    field = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=ConversionState.choices, help_text=STATES)
    from_type = serializers.CharField(source="before.type")
    to_type = serializers.CharField(source="after.type")
    settings = serializers.JSONField(source="after.settings")
    unconverted = serializers.IntegerField(help_text="Records whose value did not convert (so far), the bin included.")
    changed_at = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(allow_null=True, help_text="Until when it can be changed back.")
    job = FieldJobOut(allow_null=True)


class ConversionView(ApiView):
    """What concerns those who design a process."""

    def designing(self, key: str) -> Access:
        """The caller's access to a process that they may change. Raises NotFound, NotAllowed."""
        return access_for(self.actor, process_for(self.actor, key))


class Conversions(ConversionView):
    """Fields that have two forms."""

    @extend_schema(
        operation_id="conversions_list", summary="List changes of types", responses={200: items_of(ConversionOut)}
    )
    def get(self, request: Request, key: str) -> Response:
        """Fields whose type changes, or has changed and can be changed back."""
        self.query()
        return Response({"items": ConversionOut(conversions_of(self.designing(key)), many=True).data})

    @extend_schema(
        operation_id="conversions_create",
        summary="Change the type of a field",
        request=ConversionStart,
        responses={202: FieldJobOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Begin; a job converts the values while the process is used. 409 `way_back` until that loss is confirmed."""
        body = self.body(ConversionStart)
        field = field_of(process_for(self.actor, key), body["field"])
        job = convert_field(
            field, type=body["type"], settings=body["settings"], confirmed=body["confirm"], actor=self.actor
        )
        return Response(FieldJobOut(job).data, status=202)


class CheckConversion(ConversionView):
    """A look at what would happen."""

    @extend_schema(
        operation_id="conversions_check",
        summary="Preview a change of type",
        request=ConversionBody,
        responses={200: ConversionPreviewOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """How many values would convert, and some of those that would not; nothing is changed."""
        body = self.body(ConversionBody)
        process = process_for(self.actor, key)
        field = field_of(process, body["field"])
        found = preview_conversion(access_for(self.actor, process), field, body["type"], body["settings"])
        return Response(ConversionPreviewOut(found).data)


class FieldTargets(ConversionView):
    """What a field can become."""

    @extend_schema(
        operation_id="fields_targets", summary="What a field can become", responses={200: items_of(FieldTargetOut)}
    )
    def get(self, request: Request, key: str, field_key: str) -> Response:
        """The types to which values of the field convert."""
        self.query()
        field = field_of(process_for(self.actor, key), field_key)
        return Response({"items": FieldTargetOut(targets_for(field_def(field)), many=True).data})


class OneConversion(ConversionView):
    """One field that has two forms."""

    @extend_schema(operation_id="conversions_read", summary="Read a change of type", responses={200: ConversionOut})
    def get(self, request: Request, key: str, field_key: str) -> Response:
        """How far it is. It is stopped, or tried again after a failure, by `field-jobs`."""
        self.query()
        return Response(ConversionOut(conversion_of(self.designing(key), field_key)).data)

    @extend_schema(operation_id="conversions_forget", summary="Give up the way back", responses={202: FieldJobOut})
    def delete(self, request: Request, key: str, field_key: str) -> Response:
        """Throw away what the field held before its type changed, by a job."""
        job = forget_former_form(field_of(process_for(self.actor, key), field_key), actor=self.actor)
        return Response(FieldJobOut(job).data, status=202)


class RevertConversion(ConversionView):
    """The way back."""

    @extend_schema(
        operation_id="conversions_revert", summary="Change a type back", request=None, responses={200: FieldOut}
    )
    def post(self, request: Request, key: str, field_key: str) -> Response:
        """Give the field its former type at once, with the values that it had; what was written since is converted."""
        return Response(described(revert_field(field_of(process_for(self.actor, key), field_key), actor=self.actor)))


class UnconvertedRecords(ConversionView):
    """What did not convert."""

    @extend_schema(
        operation_id="conversions_unconverted",
        summary="List what did not convert",
        parameters=[parameter("after", "`next` of the page before.", int)],
        responses={200: items_of(SampleOut, next=next_number())},
    )
    def get(self, request: Request, key: str, field_key: str) -> Response:
        """Records that you see and that lost their value with the change of type, until somebody gives them another."""
        after = number_from(self.query("after"), "after") or 0
        access = self.designing(key)
        page = unconverted(access, conversion_of(access, field_key).field, after=after)
        return Response({"items": SampleOut(page.items, many=True).data, "next": page.next})
