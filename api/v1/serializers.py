"""Bodies and answers about processes, their stages, and moves of records: what keys there are. Whether values are
right, the domain says; other topics have their own `…_shapes`.
"""

from typing import Any

from rest_framework import serializers

from api.v1.access_shapes import SCOPES_HELP
from api.v1.field_shapes import FieldBody, FieldOut
from api.v1.strict import Seconds, Strict, optional_text, text
from processes.definition_types import StageDef
from processes.models import Pipeline, Stage


class OrderBody(Strict):
    """All keys, each once, in their new order."""

    keys = serializers.ListField(child=serializers.CharField(), max_length=1000)


LOCKED_HELP = "Keys of the fields that people do not change here; robots and triggers do."


class StageOut(serializers.Serializer[Any]):
    """One step of a process."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Stage.Kind.choices)
    color = serializers.CharField()
    hint = serializers.CharField()
    limit = serializers.IntegerField(allow_null=True, help_text="How many records may stand here at once.")
    is_limit_hard = serializers.BooleanField(help_text="Whether the limit refuses one more, or only warns.")
    time_limit = Seconds(allow_null=True, help_text="Seconds that a record should stay here at most.")
    locked_fields = serializers.SerializerMethodField(help_text="Keys of the fields that people do not change here.")

    def get_locked_fields(self, stage: StageDef) -> list[str]:
        """Of the fields that one may know of: all, or those that the context's `told` has."""
        told = self.context.get("told", stage.locked_fields)
        return [key for key in stage.locked_fields if key in told]


class StageBody(Strict):
    """A stage to be; the key is made from the name unless given."""

    name = text()
    kind = serializers.ChoiceField(choices=Stage.Kind.choices, default=Stage.Kind.OPEN)
    color = optional_text()
    key = optional_text()
    hint = optional_text()
    limit = serializers.IntegerField(allow_null=True, default=None, min_value=1)
    is_limit_hard = serializers.BooleanField(default=False)
    time_limit = Seconds(allow_null=True, default=None, help_text="Seconds that a record should stay here at most.")
    locked_fields = serializers.ListField(
        child=serializers.CharField(), default=list, max_length=500, help_text=LOCKED_HELP
    )


class StagePatch(Strict):
    """What may change of a stage."""

    name = text(required=False)
    kind = serializers.ChoiceField(choices=Stage.Kind.choices, required=False)
    color = text(required=False)
    hint = text(required=False, allow_blank=True)
    limit = serializers.IntegerField(allow_null=True, required=False, min_value=1)
    is_limit_hard = serializers.BooleanField(required=False)
    time_limit = Seconds(allow_null=True, required=False)
    locked_fields = serializers.ListField(
        child=serializers.CharField(), required=False, max_length=500, help_text=LOCKED_HELP
    )


class MovePair(serializers.ListField):
    """From one stage to another."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(), min_length=2, max_length=2, **kwargs)


class MovesBody(Strict):
    """Which moves are allowed: pairs of stage keys, or null for any."""

    moves = serializers.ListField(child=MovePair(), allow_null=True, max_length=2500)


class ReasonOut(serializers.Serializer[Any]):
    """Why a record may end in failure; a retired reason is not offered any more."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    retired = serializers.BooleanField(source="is_retired")


class PipelineOut(serializers.Serializer[Any]):
    """An ordered path of stages. `moves` lists pairs of stage keys; null means between any."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    stages = StageOut(many=True)
    moves = serializers.SerializerMethodField()
    lost_reasons = ReasonOut(source="reasons", many=True)
    is_reason_required = serializers.BooleanField()
    is_open = serializers.BooleanField(
        help_text="Whether roles have the same rights here as in the process; otherwise only those given here."
    )

    def get_moves(self, pipeline: Any) -> list[list[str]] | None:
        """Pairs of stage keys."""
        if pipeline.moves == Pipeline.Moves.ANY:
            return None
        keys = {stage.id: stage.key for stage in pipeline.stages}
        return [[keys[source.id], keys[target]] for source in pipeline.stages for target in _sorted(pipeline, source)]


def _sorted(pipeline: Any, source: Any) -> list[int]:
    return sorted(pipeline.targets[source.id])


class ProcessOut(serializers.Serializer[Any]):
    """A kind of work, with everything that reading and writing its records needs. `may` says what one may do."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    noun = serializers.CharField()
    noun_plural = serializers.CharField()
    noun_many = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
    color = serializers.CharField()
    status = serializers.CharField()
    has_stages = serializers.BooleanField(help_text="Whether records go through stages; set once.")
    fields = FieldOut(many=True)  # type: ignore[assignment]
    pipelines = PipelineOut(many=True, source="shown_pipelines", help_text="None where records go through no stages.")


class ProcessBody(Strict):
    """A process to be, with stages, moves, fields and rights at once. Without stages it gets four."""

    name = text()
    noun = text(help_text="One piece of work: “request”.")
    noun_plural = text(help_text="Many of them: “requests”.")
    noun_many = optional_text()
    key = optional_text()
    description = optional_text()
    icon = serializers.CharField(default="layout-kanban")
    color = serializers.CharField(default="blue")
    has_stages = serializers.BooleanField(
        default=True, help_text="Whether records go through stages (contacts do not). It stays as it is for good."
    )
    stages = StageBody(many=True, required=False, default=list)
    fields = FieldBody(many=True, required=False, default=list)  # type: ignore[assignment]
    moves = serializers.ListField(child=MovePair(), allow_null=True, default=None, max_length=2500)
    reasons = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        max_length=50,
        help_text="Why records fail; where there are some, whoever lets a record fail chooses one.",
    )
    grants = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        default=dict,
        help_text=SCOPES_HELP,
    )


class ProcessPatch(Strict):
    """How a process is called and looks. `has_stages` may be named, but not changed."""

    name = text(required=False)
    noun = text(required=False)
    noun_plural = text(required=False)
    noun_many = text(required=False, allow_blank=True)
    description = text(required=False, allow_blank=True)
    icon = text(required=False)
    color = text(required=False)
    has_stages = serializers.BooleanField(required=False)


class GateTermsOut(serializers.Serializer[Any]):
    """What is missing for a move: what a refusal with the code `gate` says in `details.gate`."""

    fields = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    hidden_fields = serializers.IntegerField(help_text="How many fields are empty that one may not see.")
    refusals = serializers.ListField(child=serializers.CharField())
    checklist = serializers.ListField(child=serializers.DictField())
    comment = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.DictField())
    roles = serializers.ListField(child=serializers.CharField(), help_text="Only they may pass.")
    obstacles = serializers.ListField(
        child=serializers.CharField(), help_text="What of it you may not give, and why, in words."
    )
    can_override = serializers.BooleanField()


class PassingBody(Strict):
    """What comes along for the gates on the way: values, a comment, the keys of confirmed lines, the id of a reason for
    a failure; or why the gates are overridden.
    """

    fields = serializers.DictField(required=False, default=dict)  # type: ignore[assignment]
    comment = optional_text()
    checked = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    reason = serializers.IntegerField(required=False, allow_null=True, default=None)
    override = optional_text()


class MoveBody(Strict):
    """Where a record goes: the stage, and its place there (below `after`, else above `before`, else on top)."""

    stage = serializers.CharField(
        help_text="Key of a stage of the record's pipeline, or “pipeline.stage” to go into another one."
    )
    after = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    before = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    passing = PassingBody(required=False)


class BulkBody(Strict):
    """Up to 1,000 operations: `{"op": "create", "record": {…}}`, `{"op": "update", "id": 1, "record": {…}}`,
    `{"op": "move", "id": 1, "stage": "won", "passing": {…}}` or, by where the record stands, with
    `{"stages": {"main.new": "service.new", …}}`, `{"op": "delete", "id": 1}`; with `version` all but a creation refuse
    another version.
    """

    operations = serializers.ListField(child=serializers.DictField(), max_length=1000)
    quiet = serializers.BooleanField(default=False, help_text="Whether it sets off no robot and tells nobody.")


class BulkResultOut(serializers.Serializer[Any]):
    """What became of one operation."""

    status = serializers.IntegerField(help_text="As a single call would have answered.")
    id = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False)
    error = serializers.DictField(required=False)


class BulkOut(serializers.Serializer[Any]):
    """One result for every operation, in order."""

    results = BulkResultOut(many=True)
    refused = serializers.IntegerField()
