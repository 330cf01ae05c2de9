"""The catalogue of records and what hangs on a record. Typed tables are built in `records.typed`."""

from records.models.attachment import Attachment
from records.models.bulk import BulkJob, BulkResult, BulkSelection
from records.models.comment import Comment
from records.models.counter import Counter
from records.models.exporting import ExportJob, ExportPart
from records.models.idempotency import StoredAnswer
from records.models.importing import ImportFile, ImportJob, ImportKey, ImportProblem
from records.models.link import Link
from records.models.recalculation import Recalculation
from records.models.record import Record
from records.models.saved_view import SavedView
from records.models.stage_visit import StageVisit
from records.models.task import Task

__all__ = [
    "Attachment",
    "BulkJob",
    "BulkResult",
    "BulkSelection",
    "Comment",
    "Counter",
    "ExportJob",
    "ExportPart",
    "ImportFile",
    "ImportJob",
    "ImportKey",
    "ImportProblem",
    "Link",
    "Recalculation",
    "Record",
    "SavedView",
    "StageVisit",
    "StoredAnswer",
    "Task",
]
