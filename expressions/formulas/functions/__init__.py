"""The functions of the formula language, by key."""

from expressions.formulas.functions import dates, logic, numbers, texts
from expressions.formulas.functions.base import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "dates", "logic", "numbers", "texts"]
