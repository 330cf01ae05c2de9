"""The rows that describe a process."""

from processes.models.access import FieldGrant, FieldLevel, Grant, Operation, Scope
from processes.models.field import Field, FieldJob, Section
from processes.models.pipeline import Gate, LostReason, Pipeline, Stage, Transition
from processes.models.process import Process

__all__ = [
    "Field",
    "FieldGrant",
    "FieldJob",
    "FieldLevel",
    "Gate",
    "Grant",
    "LostReason",
    "Operation",
    "Pipeline",
    "Process",
    "Scope",
    "Section",
    "Stage",
    "Transition",
]
