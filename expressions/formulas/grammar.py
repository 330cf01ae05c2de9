"""From the text of a formula to its syntax tree. The parser (LALR, contextual lexer) works without recursion."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.utils.translation import gettext as _
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from core.errors import Text
from expressions.errors import shown

MAX_DEPTH = 50
MAX_ARGUMENTS = 50

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: NOT negation -> negated
    | comparison
?comparison: joined (COMPARE joined)?
?joined: sum ("&" sum)*
?sum: product ((PLUS | MINUS) product)*
?product: signed ((STAR | SLASH | PERCENT) signed)*
?signed: MINUS signed -> negative
    | atom
?atom: NUMBER -> number
    | STRING -> text
    | FIELD -> field
    | NAME -> name
    | NAME "(" (disjunction (_SEPARATOR disjunction)*)? ")" -> call
    | "(" disjunction ")"

_OR: /or\b/i
_AND: /and\b/i
NOT.2: /not\b/i
COMPARE: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
PERCENT: "%"
_SEPARATOR: /[,;]/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /"(?:[^"\\]|\\["\\n])*"/
FIELD: /\{[^{}\n]+\}/
NAME: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/
WHITE: /[ \t\r\n\xa0]+/
%ignore WHITE
"""


class Refusal(Exception):
    """Something is wrong at an offset of the source; parse_formula makes it an InvalidExpression."""

    def __init__(self, at: int, message: Text) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the syntax tree: what it is, where it begins, its word or operators, its parts."""

    kind: str
    at: int
    words: tuple[str, ...]
    parts: tuple["Node", ...]
    depth: int


def _node(kind: str, items: list[Any]) -> Node:
    words = tuple(str(item) for item in items if isinstance(item, Token))
    parts = tuple(item for item in items if isinstance(item, Node))
    at = min(item.start_pos or 0 if isinstance(item, Token) else item.at for item in items)
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise Refusal(at, _("The formula is nested more than %(limit)d deep.") % {"limit": MAX_DEPTH})
    if kind == "call" and len(parts) > MAX_ARGUMENTS:
        raise Refusal(at, _("A function takes at most %(limit)d values.") % {"limit": MAX_ARGUMENTS})
    return Node(kind, at, words, parts, depth)


def _rule(kind: str) -> Callable[["_Builder", list[Any]], Node]:
    return lambda builder, items: _node(kind, items)


class _Builder(Transformer[Token, Node]):
    """Makes a Node of every rule, bottom up, while parsing."""

    number, text, field, name, call = map(_rule, ("number", "text", "field", "name", "call"))
    negative, negated, comparison = map(_rule, ("negative", "negated", "comparison"))
    product, sum, joined = map(_rule, ("product", "sum", "joined"))
    conjunction, disjunction = map(_rule, ("conjunction", "disjunction"))


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=_Builder(), maybe_placeholders=False)


def parse_tree(source: str) -> Node:
    """The syntax tree of a formula; raises Refusal."""
    try:
        return _parser().parse(source)  # type: ignore[return-value]
    except UnexpectedInput as error:
        raise _refusal(source, error) from None


def _refusal(source: str, error: UnexpectedInput) -> Refusal:
    at = cast(int, error.pos_in_stream)
    ended = isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    if ended or not 0 <= at < len(source):
        return Refusal(len(source), _("The formula ends too early."))
    is_broken = isinstance(error, UnexpectedCharacters)
    if is_broken and source[at] == '"':
        return Refusal(at, _("This text has no closing quotation mark, or a “\\” before a character that needs none."))
    if is_broken and source[at] == "{":
        return Refusal(at, _("A field is written in braces, for example {amount}."))
    word = re.match(r"\w+|.", source[at:], re.DOTALL)
    return Refusal(at, _("“%(text)s” is unexpected here.") % {"text": shown(word[0] if word else source[at])})
