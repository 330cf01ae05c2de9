"""The condition tree: operands, comparisons, groups. Immutable; a parsed tree may be cached and shared."""

from collections.abc import Iterator
from dataclasses import dataclass

from expressions.moments import Distance
from expressions.values import Kind


@dataclass(frozen=True, slots=True)
class Constant:
    """A plain value of the kind of the field beside it."""

    value: object


@dataclass(frozen=True, slots=True)
class FieldValue:
    """What another field of the same record holds."""

    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Now:
    """This moment, or one so far from it."""

    distance: Distance


@dataclass(frozen=True, slots=True)
class Me:
    """Whoever asks."""


Operand = Constant | FieldValue | Now | Me


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator and its operands: none, one, two (a range) or a list of them."""

    field: str
    kind: Kind
    op: str
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """All, any or none of several conditions."""

    mode: str
    items: tuple["Node", ...]


Node = Comparison | Group


def comparisons(node: Node) -> Iterator[Comparison]:
    """Every comparison of a tree, in reading order."""
    if isinstance(node, Comparison):
        yield node
    else:
        for item in node.items:
            yield from comparisons(item)
