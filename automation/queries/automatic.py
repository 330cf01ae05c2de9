"""The moves that happen by themselves."""

from automation.models import Trigger
from processes.definition_types import PipelineDef


def automatic_moves(pipeline: PipelineDef) -> list[tuple[int, int, str]]:
    """Source stage, target stage and name of every automatic transition that is on. One query."""
    ids = [stage.id for stage in pipeline.stages]
    rows = Trigger.objects.filter(source__in=ids, stage__in=ids, removed_at=None, is_on=True).order_by("position", "pk")
    return list(rows.values_list("source_id", "stage_id", "name"))
