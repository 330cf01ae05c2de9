"""Changes to how the work is shaped."""

from processes.operations.access import set_grants
from processes.operations.changing import change_lock
from processes.operations.fields import (
    add_field,
    purge_field,
    remove_field,
    reorder_fields,
    restore_field,
    update_field,
)
from processes.operations.pipelines import add_stage, remove_stage, reorder_stages, set_moves, update_stage
from processes.operations.processes import archive_process, create_process, publish_process, update_process

__all__ = [
    "add_field",
    "add_stage",
    "archive_process",
    "change_lock",
    "create_process",
    "publish_process",
    "purge_field",
    "remove_field",
    "remove_stage",
    "reorder_fields",
    "reorder_stages",
    "restore_field",
    "set_grants",
    "set_moves",
    "update_field",
    "update_process",
    "update_stage",
]
