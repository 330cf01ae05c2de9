"""Robots, their versions, triggers, and the ledger of their runs."""

from collections.abc import Mapping

from automation.models.endpoint import Endpoint
from automation.models.robot import NotFired, Robot, RobotVersion
from automation.models.run import Attempt, Lane, RuleKind, Run, State
from automation.models.trigger import InboundCall, Trigger

RULES: Mapping[str, type[Robot] | type[Trigger]] = {RuleKind.ROBOT: Robot, RuleKind.TRIGGER: Trigger}
"""What a run executes, by the kind that the ledger names."""

__all__ = [
    "RULES",
    "Attempt",
    "Endpoint",
    "InboundCall",
    "Lane",
    "NotFired",
    "Robot",
    "RobotVersion",
    "RuleKind",
    "Run",
    "State",
    "Trigger",
]
