"""Changes to how the work is shaped."""

from processes.operations.access import copy_role, remove_role, set_field_grants, set_grants
from processes.operations.changing import change_lock
from processes.operations.fields import (
    add_field,
    purge_field,
    remove_field,
    reorder_fields,
    restore_field,
    update_field,
)
from processes.operations.gates import remove_gate, set_gate, set_lost_reasons
from processes.operations.jobs import cancel_job, retry_job
from processes.operations.pipelines import (
    add_pipeline,
    remove_pipeline,
    reorder_pipelines,
    set_moves,
    update_pipeline,
)
from processes.operations.processes import archive_process, create_process, publish_process, update_process
from processes.operations.sections import add_section, arrange_fields, remove_section, update_section
from processes.operations.stages import add_stage, duplicate_stage, remove_stage, reorder_stages, update_stage

__all__ = [
    "add_field",
    "add_pipeline",
    "add_section",
    "add_stage",
    "archive_process",
    "arrange_fields",
    "cancel_job",
    "change_lock",
    "copy_role",
    "create_process",
    "duplicate_stage",
    "publish_process",
    "purge_field",
    "remove_field",
    "remove_gate",
    "remove_pipeline",
    "remove_role",
    "remove_section",
    "remove_stage",
    "reorder_fields",
    "reorder_pipelines",
    "reorder_stages",
    "restore_field",
    "retry_job",
    "set_field_grants",
    "set_gate",
    "set_grants",
    "set_lost_reasons",
    "set_moves",
    "update_field",
    "update_pipeline",
    "update_process",
    "update_section",
    "update_stage",
]
