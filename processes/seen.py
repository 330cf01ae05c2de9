"""Marks of what a page shows of a definition. Whoever saves a whole dialog sends its mark along and is refused when
somebody else has changed meanwhile what it shows; otherwise the dialog would put back what it once was.
"""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Conflict
from processes.definition_types import GateDef, PipelineDef
from processes.models import Process

PROCESS_WORDS = ("name", "noun", "noun_plural", "noun_many", "description", "icon", "color")


def mark_of(shown: Any) -> str:
    """A short mark of values; another one as soon as one of them differs."""
    text = json.dumps(shown, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def require_as_seen(mark: str, shown: Any) -> None:
    """Raise Conflict unless the values are as the mark says; an empty mark says nothing."""
    if mark and mark != mark_of(shown):
        raise Conflict(_("Somebody changed this meanwhile. Look at the present state and try again."))


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


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
