"""What a function of the formula language is, and the table of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Text
from expressions.formulas.grammar import Refusal
from expressions.formulas.types import Type, Typed, insist
from expressions.schema import Scope

Parameter = Type | tuple[Type, ...]
Build = Callable[[list[Typed], int], Typed]


@dataclass(frozen=True)
class Function:
    """One function: how many values it takes and how a call of it is checked and compiled."""

    key: str
    usage: str
    help: Text
    least: int
    most: int
    build: Build
    uses_time: bool = False

    def call(self, args: list[Typed], at: int) -> Typed:
        """A checked call; raises Refusal."""
        if not self.least <= len(args) <= self.most:
            raise Refusal(at, _("The function is called like this: %(usage)s") % {"usage": self.usage})
        return self.build(args, at)


FUNCTIONS: dict[str, Function] = {}

ENDLESS = 50


def add(function: Function) -> None:
    """File a function under its key."""
    FUNCTIONS[function.key] = function


def built(usage: str, help_text: Text, least: int, most: int = ENDLESS) -> Callable[[Build], Build]:
    """Decorator: a function that checks and compiles its calls itself."""

    def register(build: Build) -> Build:
        add(Function(usage.partition("(")[0], usage, help_text, least, most, build))
        return build

    return register


def plain(
    usage: str,
    help_text: Text,
    result: Type,
    *parameters: Parameter,
    optional: int = 0,
    uses_time: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function of the scope and of filled values; one empty value makes the result empty."""
    types = [item if isinstance(item, tuple) else (item,) for item in parameters]

    def register(compute: Callable[..., Any]) -> Callable[..., Any]:
        def build(args: list[Typed], at: int) -> Typed:
            for arg, allowed in zip(args, types, strict=False):
                insist(arg, allowed)
            return Typed(result, _strict(compute, [arg.run for arg in args]), at)

        key = usage.partition("(")[0]
        add(Function(key, usage, help_text, len(types) - optional, len(types), build, uses_time))
        return compute

    return register


def _strict(compute: Callable[..., Any], runs: list[Callable[[Scope], Any]]) -> Callable[[Scope], Any]:
    def run(scope: Scope) -> Any:
        values = []
        for item in runs:
            value = item(scope)
            if value is None:
                return None
            values.append(value)
        return compute(scope, *values)

    return run
