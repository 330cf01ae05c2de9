"""Gates of a pipeline, reasons for a failure, and the moves that are open to a record."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.serializers import GateTermsOut, ReasonOut
from api.v1.strict import Strict, items_of, optional_text, text
from api.views import ApiView
from core.errors import Invalid, NotFound
from processes.definition import definition_of
from processes.definition_types import GateDef, PipelineDef, StageDef
from processes.drafts import GateDraft, LineDraft, ReasonDraft
from processes.models import Gate, Pipeline, Stage
from processes.operations import remove_gate, set_gate, set_lost_reasons
from processes.permissions import Access
from processes.queries import pipeline_of, process_for, stage_in, visible_pipelines
from processes.seen import gate_on
from records.operations.passing import told_terms
from records.queries.card import row_for
from records.queries.moves import PossibleMove, moves_elsewhere, moves_of
from records.typed import TypedRecord


class LineOut(serializers.Serializer[Any]):
    """A line of a checklist."""

    key = serializers.CharField()
    text = serializers.CharField()


class GateOut(serializers.Serializer[Any]):
    """What must hold on a way into a stage; without a source from anywhere, new records included."""

    id = serializers.IntegerField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    target = serializers.CharField()
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    roles = serializers.ListField(child=serializers.IntegerField())
    condition = serializers.JSONField(allow_null=True)
    refusal = serializers.CharField()
    checklist = LineOut(many=True)
    comment = serializers.BooleanField()


class LineBody(Strict):
    """A line of a checklist to be; one with its key keeps it."""

    key = optional_text()
    text = text()


class GateBody(Strict):
    """What must hold on a way into a stage: filled fields, roles, a condition, a checklist, a comment."""

    source = serializers.CharField(required=False, allow_null=True, default=None)  # type: ignore[assignment]
    target = serializers.CharField()
    fields = serializers.ListField(child=serializers.CharField(), required=False, default=list)  # type: ignore[assignment]
    roles = serializers.ListField(child=serializers.IntegerField(), required=False, default=list)
    condition = serializers.DictField(required=False, allow_null=True, default=None)
    refusal = optional_text()
    checklist = LineBody(many=True, required=False, default=list)
    comment = serializers.BooleanField(required=False, default=False)


class ReasonBody(Strict):
    """A reason to be, or one to be renamed."""

    id = serializers.IntegerField(required=False, allow_null=True, default=None)
    name = text()


class ReasonsBody(Strict):
    """All reasons in order; those that are left out are retired, or deleted where no record speaks of them."""

    items = ReasonBody(many=True)
    required = serializers.BooleanField()  # type: ignore[assignment]


class ReasonsOut(serializers.Serializer[Any]):
    """The reasons for a failure, retired ones last seen in the history included."""

    items = ReasonOut(many=True)
    required = serializers.BooleanField()  # type: ignore[assignment]


class PossibleMoveOut(serializers.Serializer[Any]):
    """A stage as a target. `gate` says what is missing, null when nothing is; `reasons` may be given for a failure."""

    stage = serializers.CharField()
    pipeline = serializers.CharField()
    name = serializers.CharField()
    allowed = serializers.BooleanField()
    why_not = serializers.CharField()
    gate = GateTermsOut(allow_null=True)
    reasons = ReasonOut(many=True)


class Gates(ApiView):
    """What must hold on the ways of a pipeline."""

    @extend_schema(operation_id="gates_list", summary="List gates", responses={200: items_of(GateOut)})
    def get(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Every gate of the pipeline; for designers."""
        pipeline = _pipeline(pipeline_of(process_for(self.actor, key), pipeline_key))
        return Response({"items": [_shown(key, pipeline, gate) for gate in pipeline.gates]})

    @extend_schema(operation_id="gates_set", summary="Set a gate", request=GateBody, responses={200: GateOut})
    def put(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Say what must hold on one way; replaces what was said of it."""
        body = self.body(GateBody)
        pipeline = pipeline_of(process_for(self.actor, key), pipeline_key)
        source = _stage(pipeline, body["source"], "source") if body["source"] else None
        target = _stage(pipeline, body["target"], "target")
        set_gate(target, _draft(body), source=source, actor=self.actor)
        present = _pipeline(pipeline)
        gate = gate_on(present, source.pk if source else None, target.pk)
        if gate is None:
            raise NotFound(_("There is no such gate."))
        return Response(_shown(key, present, gate))


class OneGate(ApiView):
    """One gate."""

    @extend_schema(operation_id="gates_delete", summary="Remove a gate", responses={204: None})
    def delete(self, request: Request, key: str, pipeline_key: str, gate_id: int) -> Response:
        """Let everybody pass who may move."""
        pipeline = pipeline_of(process_for(self.actor, key), pipeline_key)
        rows = Gate.objects.select_related("source", "target__pipeline__process")
        gate = rows.filter(target__pipeline=pipeline, pk=gate_id).first()
        if gate is None:
            raise NotFound(_("There is no such gate."), gate=gate_id)
        remove_gate(gate, actor=self.actor)
        return Response(status=204)


class LostReasons(ApiView):
    """Why records of a pipeline may end in failure."""

    @extend_schema(operation_id="reasons_list", summary="List reasons for a failure", responses={200: ReasonsOut})
    def get(self, request: Request, key: str, pipeline_key: str) -> Response:
        """All reasons in order; retired ones stay in the history and are not offered."""
        seen = visible_pipelines(self.access(key))
        pipeline = next((pipeline for pipeline in seen if pipeline.key == pipeline_key), None)
        if pipeline is None:
            raise NotFound(_("There is no such pipeline."), pipeline=pipeline_key)
        return Response({"items": ReasonOut(pipeline.reasons, many=True).data, "required": pipeline.is_reason_required})

    @extend_schema(
        operation_id="reasons_replace", summary="Replace reasons", request=ReasonsBody, responses={200: ReasonsOut}
    )
    def put(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Name all reasons that are to be offered, in order."""
        body = self.body(ReasonsBody)
        pipeline = pipeline_of(process_for(self.actor, key), pipeline_key)
        drafts = [ReasonDraft(item["name"], item["id"]) for item in body["items"]]
        set_lost_reasons(pipeline, drafts, is_required=body["required"], actor=self.actor)
        return self.get(request, key, pipeline_key)


class RecordMoves(ApiView):
    """Where a record may go."""

    @extend_schema(
        operation_id="records_moves", summary="List possible moves", responses={200: items_of(PossibleMoveOut)}
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """Every other stage: whether one may move it there, and what that asks for beforehand.

        First those of its own pipeline, by key; then those of others that one sees, as `pipeline.stage`.
        """
        access = self.access(key)
        row = row_for(access, record_id)
        others = (move for _pipeline, moves in moves_elsewhere(access, row) for move in moves)
        return Response({"items": [_told(access, row, move) for move in (*moves_of(access, row), *others)]})


def _told(access: Access, row: TypedRecord, move: PossibleMove) -> dict[str, Any]:
    pipeline = access.definition.pipeline_by_id[move.stage.pipeline_id]
    gate = told_terms(access, row, move.terms, can_override=move.can_override) if move.terms else None
    return {
        "stage": move.stage.key if pipeline.id == row.pipeline_id else f"{pipeline.key}.{move.stage.key}",
        "pipeline": pipeline.key,
        "name": move.stage.name,
        "allowed": not move.why_not,
        "why_not": move.why_not,
        "gate": gate,
        "reasons": ReasonOut(move.reasons, many=True).data,
    }


def _draft(body: dict[str, Any]) -> GateDraft:
    return GateDraft(
        fields=body["fields"],
        roles=body["roles"],
        condition=body["condition"],
        refusal=body["refusal"],
        checklist=[LineDraft(line["text"], line["key"]) for line in body["checklist"]],
        is_comment_required=body["comment"],
    )


def _pipeline(pipeline: Pipeline) -> PipelineDef:
    return definition_of(pipeline.process).pipeline(pipeline.key)


def _stage(pipeline: Pipeline, key: str, place: str) -> Stage:
    try:
        return stage_in(pipeline, key)
    except NotFound as error:
        message = _("There is no such stage in this pipeline.")
        raise Invalid(message, {place: [message]}) from error


def _shown(key: str, pipeline: PipelineDef, gate: GateDef) -> dict[str, Any]:
    stages: dict[int, StageDef] = {stage.id: stage for stage in pipeline.stages}
    fields = definition_of(key).field_by_id
    return {
        "id": gate.id,
        "source": None if gate.source_id is None else stages[gate.source_id].key,
        "target": stages[gate.target_id].key,
        "fields": [fields[field_id].key for field_id in gate.field_ids if field_id in fields],
        "roles": sorted(gate.role_ids),
        "condition": gate.condition,
        "refusal": gate.refusal,
        "checklist": LineOut(gate.checklist, many=True).data,
        "comment": gate.is_comment_required,
    }
