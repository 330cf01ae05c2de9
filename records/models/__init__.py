"""The catalogue of records and what hangs on a record. Typed tables are built in `records.typed`."""

from records.models.comment import Comment
from records.models.idempotency import StoredAnswer
from records.models.importing import ImportFile, ImportJob, ImportKey, ImportProblem
from records.models.record import Record
from records.models.stage_visit import StageVisit
from records.models.task import Task

__all__ = [
    "Comment",
    "ImportFile",
    "ImportJob",
    "ImportKey",
    "ImportProblem",
    "Record",
    "StageVisit",
    "StoredAnswer",
    "Task",
]
