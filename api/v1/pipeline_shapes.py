"""Bodies and answers about whole pipelines, and about what hangs on their stages."""

from typing import Any

from rest_framework import serializers

from api.v1.serializers import StageBody
from api.v1.strict import Strict, optional_text, text


class PipelineBody(Strict):
    """A pipeline to be: with `stages`, with all that the pipeline `like` is made of, or with four ordinary stages."""

    name = text()
    key = optional_text()
    stages = StageBody(many=True, required=False, default=list)
    like = optional_text(help_text="Key of the pipeline whose stages, moves and gates it gets.")
    is_open = serializers.BooleanField(
        default=False, help_text="Whether roles have the same rights here as in the process; closed to them otherwise."
    )


class PipelinePatch(Strict):
    """How a pipeline is called, and whether what roles may do in the process holds in it."""

    name = text(required=False)
    is_open = serializers.BooleanField(
        required=False, help_text="Whether roles have the same rights here as in the process."
    )


class PipelineRemoval(Strict):
    """Where the records of a pipeline go when it is removed: its stages and the stages of others, by key."""

    stages = serializers.DictField(
        child=serializers.CharField(), default=dict, help_text='`{"new": "main.received"}`: from which stage to which.'
    )


class MovedOut(serializers.Serializer[Any]):
    """How many records went along."""

    records = serializers.IntegerField()


class StageUseOut(serializers.Serializer[Any]):
    """Something that speaks of a stage. What `holds` keeps the stage from being removed; the rest goes with it."""

    kind = serializers.CharField()
    name = serializers.CharField()
    holds = serializers.BooleanField()


class StageUsesOut(serializers.Serializer[Any]):
    """What there is of a stage, before it is removed."""

    records = serializers.IntegerField(help_text="Records that stand in it, the bin included.")
    uses = StageUseOut(many=True)
