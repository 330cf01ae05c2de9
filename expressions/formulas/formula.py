"""A parsed formula and what can be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from django.utils.translation import gettext as _

from expressions.errors import InvalidExpression, place_of
from expressions.formulas.check import Checker
from expressions.formulas.grammar import Refusal, parse_tree
from expressions.formulas.types import RESULT_KINDS, Run, Type
from expressions.schema import Schema, Scope
from expressions.values import Kind

MAX_SOURCE = 4000


@dataclass(frozen=True)
class Formula:
    """A checked formula. Immutable, safe to cache and share.

    Every part is computed at most once, so an evaluation takes no more steps than the source has characters.
    """

    source: str
    kind: Kind
    fields_used: frozenset[str]
    uses_time: bool
    run: Run = field(compare=False, repr=False)

    def evaluate(self, scope: Scope) -> object | None:
        """The result as a plain value of `kind`; None if it is empty."""
        result: object | None = self.run(scope)
        return result


def parse_formula(source: object, schema: Schema) -> Formula:
    """The formula checked by the schema. Raises InvalidExpression with line and column."""
    if not isinstance(source, str) or not source.strip():
        raise InvalidExpression(_("A formula is expected."), line=1, column=1)
    if len(source) > MAX_SOURCE:
        raise InvalidExpression(_("The formula is longer than %(limit)d characters.") % {"limit": MAX_SOURCE})
    checker = Checker(schema)
    try:
        result = checker.check(parse_tree(source))
        if result.type not in RESULT_KINDS:
            raise Refusal(result.at, _result_message(result.type))
    except Refusal as refusal:
        raise InvalidExpression(refusal.message, **place_of(source, refusal.at)) from None
    return Formula(source, RESULT_KINDS[result.type], frozenset(checker.fields), checker.uses_time, result.run)


def _result_message(kind: Type) -> str:
    if kind is Type.NOTHING:
        return _("This formula never has a value.")
    return _("The result of a formula is a number, a text, a date, a moment or a yes or no.")


def evaluation_order(formulas: Mapping[str, Formula]) -> list[str]:
    """The keys in an order in which every formula comes after those it reads.

    Raises InvalidExpression with `chain` if some read each other in a circle.
    """
    needs = {key: sorted(formula.fields_used & formulas.keys()) for key, formula in formulas.items()}
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        # The sorter lists each key before the one that reads it.
        chain = list(reversed(error.args[1]))
        message = _("Formulas read each other in a circle: %(chain)s.") % {"chain": " → ".join(chain)}
        raise InvalidExpression(message, chain=chain) from None
