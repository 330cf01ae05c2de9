"""Pipelines of a process: their stages and the moves between them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import parameter
from api.v1.pipeline_shapes import MovedOut, PipelineBody, PipelinePatch, PipelineRemoval, StageUsesOut
from api.v1.serializers import MovesBody, OrderBody, PipelineOut, StageBody, StageOut, StagePatch
from api.v1.strict import items_of
from api.views import ApiView
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Process, Stage
from processes.operations import (
    add_pipeline,
    add_stage,
    duplicate_stage,
    remove_pipeline,
    remove_stage,
    reorder_pipelines,
    reorder_stages,
    set_moves,
    update_pipeline,
    update_stage,
)
from processes.permissions import Access
from processes.queries import pipeline_of, process_for, stage_in, stage_named, usage_of, visible_pipelines


class Pipelines(ApiView):
    """Paths of stages."""

    @extend_schema(operation_id="pipelines_list", summary="List pipelines", responses={200: items_of(PipelineOut)})
    def get(self, request: Request, key: str) -> Response:
        """All pipelines that one may see, with stages and moves."""
        return Response({"items": pipelines_told(self.access(key))})

    @extend_schema(
        operation_id="pipelines_create", summary="Add a pipeline", request=PipelineBody, responses={201: PipelineOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Add a pipeline at the end. Closed until access is set, unless `is_open` (for those who manage access too)."""
        body = self.body(PipelineBody)
        process = process_for(self.actor, key)
        like = body.pop("like")
        stages = tuple(StageDraft(**stage) for stage in body.pop("stages"))
        pipeline = add_pipeline(
            process, stages=stages, like=pipeline_of(process, like) if like else None, actor=self.actor, **body
        )
        return Response(PipelineOut(definition_of(process).pipeline(pipeline.key)).data, status=201)


class OnePipeline(ApiView):
    """One path of stages."""

    @extend_schema(
        operation_id="pipelines_update",
        summary="Change a pipeline",
        request=PipelinePatch,
        responses={200: PipelineOut},
    )
    def patch(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Change its name, open or close it (which is for those who manage access too); the key stays."""
        process = process_for(self.actor, key)
        pipeline = pipeline_of(process, pipeline_key)
        update_pipeline(pipeline, **{"name": pipeline.name, **self.body(PipelinePatch)}, actor=self.actor)
        return Response(PipelineOut(definition_of(process).pipeline(pipeline_key)).data)


class RemovePipeline(ApiView):
    """The end of a pipeline."""

    @extend_schema(
        operation_id="pipelines_remove",
        summary="Remove a pipeline",
        request=PipelineRemoval,
        responses={200: MovedOut},
    )
    def post(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Remove it; its records go where `stages` says. Refused while automation or fields use its stages."""
        given = self.body(PipelineRemoval)["stages"]
        process = process_for(self.actor, key)
        pipeline = pipeline_of(process, pipeline_key)
        places = {_stage(process, pipeline_key, stage).pk: stage_named(process, to) for stage, to in given.items()}
        return Response({"records": remove_pipeline(pipeline, places=places, actor=self.actor)})


class PipelineOrder(ApiView):
    """The order of the pipelines."""

    @extend_schema(
        operation_id="pipelines_reorder", summary="Reorder pipelines", request=OrderBody, responses={204: None}
    )
    def put(self, request: Request, key: str) -> Response:
        """Put all pipelines in this order; new records begin in the first one."""
        reorder_pipelines(process_for(self.actor, key), self.body(OrderBody)["keys"], actor=self.actor)
        return Response(status=204)


class Stages(ApiView):
    """Stages of a pipeline."""

    @extend_schema(operation_id="stages_create", summary="Add a stage", request=StageBody, responses={201: StageOut})
    def post(self, request: Request, key: str, pipeline_key: str) -> Response:
        """Add a stage at the end."""
        draft = StageDraft(**self.body(StageBody))
        pipeline = pipeline_of(process_for(self.actor, key), pipeline_key)
        return _answer(add_stage(pipeline, draft, actor=self.actor), status=201)


class OneStage(ApiView):
    """One stage."""

    @extend_schema(
        operation_id="stages_update", summary="Change a stage", request=StagePatch, responses={200: StageOut}
    )
    def patch(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """Change its name, kind, colour, hint, limits and locked fields; what the body does not name stays."""
        body = self.body(StagePatch)
        stage = _stage(process_for(self.actor, key), pipeline_key, stage_key)
        return _answer(update_stage(stage, **body, actor=self.actor))

    @extend_schema(
        operation_id="stages_delete",
        summary="Remove a stage",
        parameters=[
            parameter("to", "Where its records go: a stage that stays, `pipeline.stage` for another pipeline.")
        ],
        responses={204: None},
    )
    def delete(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """Remove a stage; its records go to the stage `to` in the same change, at most 2,000 of them."""
        to = self.query("to").get("to", "")
        process = process_for(self.actor, key)
        stage = _stage(process, pipeline_key, stage_key)
        remove_stage(stage, to=stage_named(process, to) if to else None, actor=self.actor)
        return Response(status=204)


class DuplicateStage(ApiView):
    """A stage like another one."""

    @extend_schema(
        operation_id="stages_duplicate", summary="Duplicate a stage", request=None, responses={201: StageOut}
    )
    def post(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """Put a stage like this one behind it; rights, gates and robots do not come along."""
        stage = _stage(process_for(self.actor, key), pipeline_key, stage_key)
        return _answer(duplicate_stage(stage, actor=self.actor), status=201)


class StageUses(ApiView):
    """What hangs on a stage."""

    @extend_schema(operation_id="stages_uses", summary="What uses a stage", responses={200: StageUsesOut})
    def get(self, request: Request, key: str, pipeline_key: str, stage_key: str) -> Response:
        """How many records stand in it and what speaks of it; what `holds` must be changed before it can go."""
        usage = usage_of(_stage(process_for(self.actor, key), pipeline_key, stage_key))
        uses = [(use, True) for use in usage.holding] + [(use, False) for use in usage.going]
        told = [{"kind": str(use.kind), "name": use.name, "holds": holds} for use, holds in uses]
        return Response({"records": usage.count, "uses": told})


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


def pipelines_told(access: Access) -> Any:
    """The pipelines that one sees, without what one may not know of them."""
    told = frozenset(field.key for field in access.known_fields)
    return PipelineOut(visible_pipelines(access), many=True, context={"told": told}).data


def _answer(stage: Stage, *, status: int = 200) -> Response:
    """A stage as it is now."""
    found = definition_of(stage.pipeline.process_id).stage(stage.pk)
    return Response(StageOut(found).data, status=status)


def _stage(process: Process, pipeline_key: str, stage_key: str) -> Stage:
    return stage_in(pipeline_of(process, pipeline_key), stage_key)
