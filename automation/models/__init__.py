"""Robots, their versions, and the ledger of their runs."""

from automation.models.robot import NotFired, Robot, RobotVersion
from automation.models.run import Attempt, Lane, Run, State

__all__ = ["Attempt", "Lane", "NotFired", "Robot", "RobotVersion", "Run", "State"]
