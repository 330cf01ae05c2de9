"""Changes to records and to what hangs on them."""

from records.operations.bulk import Outcome, RecordChange, change_records
from records.operations.conversion import WayBack, convert_field, forget_former_form, revert_field
from records.operations.history import Past, Step, write_history
from records.operations.idempotency import Answer, answer_once
from records.operations.moves import MoveRefused, move_record
from records.operations.passing import GatePending
from records.operations.records import create_record, delete_record, restore_record, update_record, watch_record
from records.operations.saved_views import add_view, change_view, remove_view
from records.operations.timeline import add_comment, complete_task, create_task, reopen_task

__all__ = [
    "Answer",
    "GatePending",
    "MoveRefused",
    "Outcome",
    "Past",
    "RecordChange",
    "Step",
    "WayBack",
    "add_comment",
    "add_view",
    "answer_once",
    "change_records",
    "change_view",
    "complete_task",
    "convert_field",
    "create_record",
    "create_task",
    "delete_record",
    "forget_former_form",
    "move_record",
    "remove_view",
    "reopen_task",
    "restore_record",
    "revert_field",
    "update_record",
    "watch_record",
    "write_history",
]
