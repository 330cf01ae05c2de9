"""Pipelines of a process: their stages and the moves between them."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.serializers import MovesBody, OrderBody, PipelineOut, StageBody, StageOut, StagePatch
from api.v1.strict import items_of
from api.views import ApiView
from core.errors import NotFound
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Pipeline, Process, Stage
from processes.operations import add_stage, remove_stage, reorder_stages, set_moves, update_stage
from processes.queries import pipeline_of, process_for


class Pipelines(ApiView):
    """Paths of stages."""

    @extend_schema(operation_id="pipelines_list", summary="List pipelines", responses={200: items_of(PipelineOut)})
    def get(self, request: Request, key: str) -> Response:
        """All pipelines with stages and moves."""
        return Response({"items": PipelineOut(self.access(key).definition.pipelines, many=True).data})


class Stages(ApiView):
    """Stages of a pipeline."""

    @extend_schema(operation_id="stages_create", summary="Add a stage", request=StageBody, responses={201: StageOut})
    def post(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Add a stage at the end."""
        draft = StageDraft(**self.body(StageBody))
        pipeline = pipeline_of(process_for(self.actor, key), pipeline_key)
        return Response(StageOut(add_stage(pipeline, draft, actor=self.actor)).data, status=201)


class OneStage(ApiView):
    """One stage."""

    @extend_schema(
        operation_id="stages_update", summary="Change a stage", request=StagePatch, responses={200: StageOut}
    )
    def patch(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """Change its name, kind, colour and hint; what the body does not name stays."""
        body = self.body(StagePatch)
        stage = _stage(process_for(self.actor, key), pipeline_key, stage_key)
        changes = {name: body.get(name, getattr(stage, name)) for name in ("name", "kind", "color", "hint")}
        return Response(StageOut(update_stage(stage, **changes, actor=self.actor)).data)

    @extend_schema(operation_id="stages_delete", summary="Remove a stage", responses={204: None})
    def delete(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """Remove an empty stage."""
        remove_stage(_stage(process_for(self.actor, key), pipeline_key, stage_key), actor=self.actor)
        return Response(status=204)


class StageOrder(ApiView):
    """The order of the stages."""

    @extend_schema(operation_id="stages_reorder", summary="Reorder stages", request=OrderBody, responses={204: None})
    def put(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Put all stages of the pipeline in this order; the first must be open."""
        keys = self.body(OrderBody)["keys"]
        reorder_stages(pipeline_of(process_for(self.actor, key), pipeline_key), keys, actor=self.actor)
        return Response(status=204)


class Moves(ApiView):
    """The moves that a pipeline allows."""

    @extend_schema(
        operation_id="moves_replace", summary="Replace moves", request=MovesBody, responses={200: PipelineOut}
    )
    def put(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Allow only these moves, or any with null."""
        moves: Any = self.body(MovesBody)["moves"]
        process = process_for(self.actor, key)
        pairs = None if moves is None else [(source, target) for source, target in moves]
        set_moves(pipeline_of(process, pipeline_key), pairs, actor=self.actor)
        return Response(PipelineOut(definition_of(process).pipeline(pipeline_key)).data)


def _stage(process: Process, pipeline_key: str, stage_key: str) -> Stage:
    pipeline: Pipeline = pipeline_of(process, pipeline_key)
    found = Stage.objects.select_related("pipeline__process").filter(pipeline=pipeline, key=stage_key).first()
    if found is None:
        raise NotFound(_("There is no such stage."), stage=stage_key)
    return found
