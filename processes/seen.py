"""What pages show of a definition, for the marks that they send along (core.seen)."""

from typing import Any

from processes.definition_types import GateDef, PipelineDef
from processes.models import Process

PROCESS_WORDS = ("name", "noun", "noun_plural", "noun_many", "description", "icon", "color")


def words_of(process: Process) -> dict[str, str]:
    """How a process is called and looks, as its page shows it."""
    return {word: getattr(process, word) for word in PROCESS_WORDS}


def gate_on(pipeline: PipelineDef, source_id: int | None, target_id: int) -> GateDef | None:
    """The gate of a way, from a stage or from anywhere."""
    way = (source_id, target_id)
    return next((gate for gate in pipeline.gates if (gate.source_id, gate.target_id) == way), None)


def moves_of(pipeline: PipelineDef) -> Any:
    """Which moves a pipeline allows, as its page shows them."""
    return pipeline.moves, {stage: sorted(targets) for stage, targets in pipeline.targets.items()}


def reasons_of(pipeline: PipelineDef) -> Any:
    """The reasons for a failure, as their form shows them."""
    return pipeline.reasons, pipeline.is_reason_required
