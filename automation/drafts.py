"""What one hands over to describe a robot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RobotDraft:
    """A robot to be, or what it is to become; without a name it is called by its kind.

    `settings` are what the kind's `Settings` form takes; `condition` is a tree for `expressions.conditions`.
    """

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    condition: Mapping[str, Any] | None = None
    delay_seconds: int = 0
    wait_for_previous: bool = False
    keep_running: bool = False
    is_on: bool = True
