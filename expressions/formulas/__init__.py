"""Formulas: a small typed language, parsed and checked once, computed from plain values."""

from expressions.formulas.formula import Formula, evaluation_order, parse_formula
from expressions.formulas.functions import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Formula", "Function", "evaluation_order", "parse_formula"]
