"""Texts with placeholders: `Dear {{ contact.name | default:"customer" }}`. No logic, one pass.

What a person may write is checked when the text is saved; rendering looks values up in plain dicts and
nowhere else. A value that itself contains `{{` stays text.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any, Literal, Never
from urllib.parse import quote

from django.utils.translation import gettext as _

from core.errors import Text
from expressions import display
from expressions.errors import BadValue, InvalidExpression, place_of, shown, with_hint
from expressions.filters import FILTERS, Argument, Filter, FilterContext
from expressions.schema import FieldSpec, Schema, Scope
from expressions.values import TEXT

MAX_SOURCE = 20_000
MAX_PLACEHOLDERS = 200
MAX_FILTERS = 5
MAX_RESULT = 200_000

Target = Literal["text", "html", "json", "url"]
# Kind, text, offset.
Token = tuple[str, str, int]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<close>\}\})
      | (?P<pipe>\|)
      | (?P<colon>:)
      | (?P<path>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<number>-?[0-9]{1,9})
      | "(?P<text>(?:[^"\\\n]|\\["\\])*)"
    )""",
    re.VERBOSE,
)


_ESCAPED = re.compile(r"\\.", re.DOTALL)
_PLAIN = FieldSpec(TEXT, "")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ … }}`: the value of a field, or a literal text, through filters."""

    key: str
    spec: FieldSpec
    literal: str | None = None
    filters: tuple[tuple[Filter, Argument | None], ...] = ()

    def value(self, scope: Scope, *, for_people: bool) -> object:
        """The value after its filters: a finished text for people, what is left of the value for programs."""
        value = self.literal if self.literal is not None else look_up(scope.values, self.key)
        context = FilterContext(self.spec, scope.zone)
        for item, argument in self.filters:
            if item.key == "default":
                value = argument if _is_empty(value) else value
            elif not _is_empty(value):
                value = item.apply(value, argument, context)
                context = FilterContext(_PLAIN, scope.zone)
        return context.human(value) if for_people else value


@dataclass(frozen=True)
class Template:
    """A parsed text. Immutable, safe to cache and share."""

    source: str
    parts: tuple[str | Placeholder, ...] = field(compare=False, repr=False)

    @cached_property
    def fields_used(self) -> frozenset[str]:
        """The keys of every field it speaks of."""
        return frozenset(part.key for part in self.parts if isinstance(part, Placeholder) and part.key)

    @cached_property
    def in_json_string(self) -> tuple[bool, ...]:
        """For every part, whether it stands inside a JSON string; values, escaped, cannot change it."""
        inside, flags = False, []
        for part in self.parts:
            flags.append(inside)
            if isinstance(part, str):
                inside ^= _ESCAPED.sub("", part).count('"') % 2 == 1
        return tuple(flags)

    def render(self, scope: Scope, *, target: Target = "text") -> str:
        """The text with the values of a scope, escaped for its target; an absent value is empty.

        `html` is safe in text and quoted attributes, `url` in one part of a path or query. `json` writes
        whole values (a number, a quoted text, null), and pieces of text between quotes of the template.
        Raises InvalidExpression if the result is too long.
        """
        write = _WRITERS[target]
        for_people = target in ("text", "html")
        texts, size = [], 0
        for index, part in enumerate(self.parts):
            text = part if isinstance(part, str) else write(part.value(scope, for_people=for_people), self, index)
            size += len(text)
            if size > MAX_RESULT:
                raise InvalidExpression(_("The text becomes longer than %(limit)d characters.") % {"limit": MAX_RESULT})
            texts.append(text)
        return "".join(texts)


def look_up(values: Mapping[str, object], key: str) -> object:
    """A value by its key, or by its path through nested dicts. Attributes and methods are never looked at."""
    if key in values:
        return values[key]
    found: object = values
    for name in key.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value == []


def _as_text(value: object, template: Template, index: int) -> str:
    return str(value)


def _as_html(value: object, template: Template, index: int) -> str:
    return escape(str(value))


def _as_json(value: object, template: Template, index: int) -> str:
    if template.in_json_string[index]:
        return json.dumps(display.machine(value), ensure_ascii=False)[1:-1]
    return display.json_text(value)


def _as_url(value: object, template: Template, index: int) -> str:
    return quote(display.machine(value), safe="")


_WRITERS: Mapping[str, Callable[[object, Template, int], str]] = {
    "text": _as_text,
    "html": _as_html,
    "json": _as_json,
    "url": _as_url,
}


def parse_template(source: object, schema: Schema) -> Template:
    """The text, its placeholders checked by the schema. Raises InvalidExpression with line and column."""
    if not isinstance(source, str):
        raise InvalidExpression(_("Text is expected."))
    if len(source) > MAX_SOURCE:
        raise InvalidExpression(_("The text is longer than %(limit)d characters.") % {"limit": MAX_SOURCE})
    return Template(source, tuple(_Parser(source, schema).parts()))


@dataclass
class _Parser:
    source: str
    schema: Schema
    offset: int = 0

    def parts(self) -> Iterator[str | Placeholder]:
        """Literal texts and placeholders in turn."""
        count = 0
        while (start := self.source.find("{{", self.offset)) >= 0:
            if start > self.offset:
                yield self.source[self.offset : start]
            count += 1
            if count > MAX_PLACEHOLDERS:
                self.refuse(start, _("There are more than %(limit)d placeholders.") % {"limit": MAX_PLACEHOLDERS})
            self.offset = start + 2
            yield self.placeholder(start)
        if self.offset < len(self.source):
            yield self.source[self.offset :]

    def placeholder(self, start: int) -> Placeholder:
        """What stands between the braces, and the closing ones."""
        kind, text, place = self.token(start)
        if kind == "text":
            key, literal, spec = "", _unescaped(text), _PLAIN
        elif kind == "path":
            key, literal, spec = text, None, self.spec(text, place)
        else:
            self.refuse(place, _("A field is expected after “{{”."))
        filters: list[tuple[Filter, Argument | None]] = []
        taken = spec
        kind, text, place = self.token(start)
        while kind == "pipe":
            found, argument, (kind, text, place) = self.filter(taken, start)
            filters.append((found, argument))
            # After "default" the value may be of either kind, so only filters of texts may follow.
            taken = _PLAIN
            if len(filters) > MAX_FILTERS:
                self.refuse(place, _("There are more than %(limit)d filters.") % {"limit": MAX_FILTERS})
        if kind != "close":
            self.refuse(place, _("“|” or “}}” is expected here."))
        return Placeholder(key, spec, literal, tuple(filters))

    def filter(self, spec: FieldSpec, start: int) -> tuple[Filter, Argument | None, Token]:
        """A filter with its argument, and the token after them."""
        kind, name, place = self.token(start)
        if kind != "path":
            self.refuse(place, _("A filter is expected after “|”."))
        found = FILTERS.get(name)
        if found is None:
            message = _("There is no filter “%(name)s”.") % {"name": shown(name)}
            self.refuse(place, with_hint(message, name, FILTERS))
        if not found.takes(spec):
            self.refuse(
                place,
                _("The filter “%(name)s” does not fit a value of the kind “%(kind)s”.")
                % {"name": name, "kind": spec.kind.label},
            )
        argument: Argument | None = None
        following = self.token(start)
        if following[0] == "colon":
            kind, text, place = self.token(start)
            if kind not in ("text", "number"):
                self.refuse(place, _("A text in quotes or a number is expected after “:”."))
            argument = _unescaped(text) if kind == "text" else int(text)
            following = self.token(start)
        try:
            found.check(argument)
        except BadValue as error:
            self.refuse(place, error.message)
        return found, argument, following

    def token(self, start: int) -> Token:
        """The next token inside braces: its kind, its text and where it begins."""
        match = _TOKEN.match(self.source, self.offset)
        if match is None:
            if self.source.find("}}", self.offset) < 0:
                self.refuse(start, _("This placeholder is not closed with “}}”."))
            rest = self.source[self.offset :]
            place = self.offset + len(rest) - len(rest.lstrip())
            self.refuse(place, _("“%(char)s” is unexpected here.") % {"char": shown(self.source[place])})
        self.offset = match.end()
        kind = str(match.lastgroup)
        return kind, match[kind], match.start(kind) - (kind == "text")

    def spec(self, key: str, place: int) -> FieldSpec:
        """The field of this key."""
        spec = self.schema.get(key)
        if spec is None:
            message = _("There is no field “%(name)s”.") % {"name": shown(key)}
            self.refuse(place, with_hint(message, key, self.schema), field=shown(key))
        return spec

    def refuse(self, offset: int, message: Text, **details: Any) -> Never:
        """Raise InvalidExpression about a place in the source."""
        raise InvalidExpression(message, **place_of(self.source, offset), **details)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: match[0][1], text)
