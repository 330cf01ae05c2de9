"""Changes to robots, triggers and their runs."""

from automation.operations.buttons import CannotPress, press_button
from automation.operations.calls import Call, receive_call
from automation.operations.present import present_count, start_for_present
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
from automation.operations.triggers import (
    SavedTrigger,
    create_trigger,
    delete_trigger,
    renew_secret,
    reorder_triggers,
    switch_trigger,
    update_trigger,
)

__all__ = [
    "Call",
    "CannotPress",
    "SavedRobot",
    "SavedTrigger",
    "cancel_run",
    "confirm_run",
    "copy_robot",
    "create_robot",
    "create_trigger",
    "delete_robot",
    "delete_trigger",
    "present_count",
    "press_button",
    "receive_call",
    "renew_secret",
    "reorder_robots",
    "reorder_triggers",
    "retry_run",
    "run_again",
    "start_for_present",
    "switch_robot",
    "switch_trigger",
    "update_robot",
    "update_trigger",
]
