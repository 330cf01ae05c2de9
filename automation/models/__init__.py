"""Robots, their versions, triggers, and the ledger of their runs."""

from automation.models.endpoint import Endpoint
from automation.models.robot import NotFired, Robot, RobotVersion
from automation.models.run import Attempt, Lane, RuleKind, Run, State
from automation.models.trigger import InboundCall, Trigger

__all__ = [
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
