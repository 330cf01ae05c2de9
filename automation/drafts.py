"""What one hands over to describe a robot or a trigger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any


@dataclass(frozen=True, slots=True)
class RobotDraft:
    """A robot to be, or what it is to become; without a name it is called by its kind.

    With a `button` it acts when that is pressed, after the `button_question` if there is one, and not on entering.
    `settings` are what the kind's `Settings` form takes; `condition` is a tree for `expressions.conditions`. With the
    key of a date field in `delay_field` the delay counts from that date, negative before it, at `delay_time` if given.
    """

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    condition: Mapping[str, Any] | None = None
    button: str = ""
    button_question: str = ""
    delay_seconds: int = 0
    delay_field: str = ""
    delay_time: time | None = None
    wait_for_previous: bool = False
    keep_running: bool = False
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class TriggerDraft:
    """A trigger to be, or what it is to become; without a name it is called by its kind.

    `source` is the id of the only stage it acts from; automatic transitions need one. `stage` is the id of another
    stage to lead to, for a trigger that exists.
    """

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    condition: Mapping[str, Any] | None = None
    source: int | None = None
    stage: int | None = None
    allow_backward: bool = False
    is_on: bool = True
