"""Changes to robots and to their runs."""

from automation.operations.robots import (
    SavedRobot,
    copy_robot,
    create_robot,
    delete_robot,
    reorder_robots,
    switch_robot,
    update_robot,
)
from automation.operations.runs import cancel_run, confirm_run, retry_run, run_again

__all__ = [
    "SavedRobot",
    "cancel_run",
    "confirm_run",
    "copy_robot",
    "create_robot",
    "delete_robot",
    "reorder_robots",
    "retry_run",
    "run_again",
    "switch_robot",
    "update_robot",
]
