"""Choosing: if, switch, the first that is filled."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from expressions.folding import folded
from expressions.formulas.functions.base import built
from expressions.formulas.grammar import Refusal
from expressions.formulas.types import ANY, Type, Typed, common, insist
from expressions.schema import Scope


@built("if(condition, then, otherwise)", gettext_lazy("One of two values; the last may be left out."), 2, 3)
def _if(args: list[Typed], at: int) -> Typed:
    insist(args[0], (Type.BOOLEAN,))
    condition, then = args[0].run, args[1].run
    otherwise = args[2].run if len(args) == 3 else _nothing

    def run(scope: Scope) -> Any:
        return then(scope) if condition(scope) else otherwise(scope)

    return Typed(common(args[1:]), run, at)


def _nothing(scope: Scope) -> None:
    return None


@built(
    "switch(value, case, result, …, otherwise)",
    gettext_lazy("The result beside the first case that equals the value."),
    3,
)
def _switch(args: list[Typed], at: int) -> Typed:
    subject, rest = args[0], args[1:]
    last = [rest.pop()] if len(rest) % 2 else []
    cases, results = rest[::2], rest[1::2]
    common([subject, *cases])
    for case in cases:
        check_option(subject, case)
    kind = common(results + last)
    otherwise = last[0].run if last else _nothing
    is_text = subject.type is Type.TEXT
    pairs = [(case.run, result.run) for case, result in zip(cases, results, strict=True)]

    def run(scope: Scope) -> Any:
        value = subject.run(scope)
        if value is not None:
            value = folded(value) if is_text else value
            for case, result in pairs:
                found = case(scope)
                if found is not None and value == (folded(found) if is_text else found):
                    return result(scope)
        return otherwise(scope)

    return Typed(kind, run, at)


def check_option(choice: Typed, other: Typed) -> None:
    """Refuse a literal text that is compared with a choice and is none of its options."""
    if choice.options is not None and other.literal is not None and other.literal not in choice.options:
        raise Refusal(
            other.at,
            _("There is no such option; there are: %(known)s.") % {"known": ", ".join(list(choice.options)[:20])},
        )


def _coalesce(args: list[Typed], at: int) -> Typed:
    runs = [arg.run for arg in args]

    def run(scope: Scope) -> Any:
        for item in runs:
            value = item(scope)
            if value is not None:
                return value
        return None

    return Typed(common(args), run, at)


built("coalesce(a, b, …)", gettext_lazy("The first value that is filled."), 1)(_coalesce)
built("ifempty(value, otherwise)", gettext_lazy("The value, or the other if it is empty."), 2, 2)(_coalesce)


@built("isempty(value)", gettext_lazy("Whether there is no value."), 1, 1)
def _isempty(args: list[Typed], at: int) -> Typed:
    insist(args[0], ANY)
    inner = args[0].run
    return Typed(Type.BOOLEAN, lambda scope: inner(scope) is None, at)


@built("label({choice})", gettext_lazy("The name of an option instead of its key."), 1, 1)
def _label(args: list[Typed], at: int) -> Typed:
    if args[0].type is not Type.CHOICE or args[0].options is None:
        raise Refusal(args[0].at, _("A field of the kind “choice” is expected."))
    inner, options = args[0].run, args[0].options

    def run(scope: Scope) -> str | None:
        key = inner(scope)
        return None if key is None else str(options.get(key, key))

    return Typed(Type.TEXT, run, at)


def _extreme(args: list[Typed], at: int, *, largest: bool) -> Typed:
    kind = common(args)
    insist(Typed(kind, _nothing, args[0].at), (Type.NUMBER, Type.DATE, Type.DATETIME))
    runs, choose = [arg.run for arg in args], max if largest else min

    def run(scope: Scope) -> Any:
        values = [value for item in runs if (value := item(scope)) is not None]
        return choose(values) if values else None

    return Typed(kind, run, at)


@built("min(a, b, …)", gettext_lazy("The smallest of the filled numbers or dates."), 1)
def _min(args: list[Typed], at: int) -> Typed:
    return _extreme(args, at, largest=False)


@built("max(a, b, …)", gettext_lazy("The largest of the filled numbers or dates."), 1)
def _max(args: list[Typed], at: int) -> Typed:
    return _extreme(args, at, largest=True)
