"""Conditions: one tree, read from JSON, answered in Python and in SQL alike."""

from expressions.conditions.condition import (
    ALWAYS,
    Condition,
    Finding,
    evaluate,
    explain,
    parse_condition,
    to_q,
)
from expressions.conditions.sql import Columns

__all__ = ["ALWAYS", "Columns", "Condition", "Finding", "evaluate", "explain", "parse_condition", "to_q"]
