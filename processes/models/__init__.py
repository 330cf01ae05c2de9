"""The rows that describe a process."""

from processes.models.access import Grant, Operation, Scope
from processes.models.field import Field, FieldJob, Section
from processes.models.pipeline import Pipeline, Stage, Transition
from processes.models.process import Process

__all__ = [
    "Field",
    "FieldJob",
    "Grant",
    "Operation",
    "Pipeline",
    "Process",
    "Scope",
    "Section",
    "Stage",
    "Transition",
]
