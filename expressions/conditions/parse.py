"""From JSON to a condition tree. What is wrong is said with its place: `any.1.value`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Never

from django.utils.translation import gettext as _

from core.errors import Text
from expressions.conditions.nodes import Comparison, Constant, FieldValue, Group, Me, Node, Now, Operand
from expressions.errors import BadValue, InvalidExpression, shown, with_hint
from expressions.moments import parse_distance
from expressions.operators import OPERATORS, Arity
from expressions.schema import FieldSpec, Schema
from expressions.values import DateKind, ListKind

MAX_DEPTH = 8
MAX_NODES = 100
MAX_ITEMS = 200
MAX_VALUES = 1000
MAX_CHARACTERS = 100_000

MODES = ("all", "any", "none")
# Against another field these make sense; a list of choices may not be made of fields.
_WITH_FIELD = frozenset({Arity.ONE, Arity.RANGE})

Path = tuple[str | int, ...]


def refuse(path: Path, message: Text, **details: Any) -> Never:
    """Raise InvalidExpression about a place in the condition."""
    place = ".".join(map(str, path))
    raise InvalidExpression(message, {place: [message]} if place else None, path=place, **details)


@dataclass
class Parser:
    """Reads one condition; remembers which fields it speaks of and how many nodes it has."""

    schema: Schema
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    nodes: int = 0
    values: int = 0
    characters: int = 0

    def node(self, data: object, path: Path = (), depth: int = 1) -> Node:
        """A group or a comparison."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            refuse(path, _("The condition has more than %(limit)d parts.") % {"limit": MAX_NODES})
        if depth > MAX_DEPTH:
            refuse(path, _("Groups are nested more than %(limit)d deep.") % {"limit": MAX_DEPTH})
        if not isinstance(data, Mapping):
            refuse(path, _("A condition or a group of conditions is expected."))
        mode = next((mode for mode in MODES if mode in data), None)
        if mode is None:
            return self.comparison(data, path)
        self.only(data, {mode}, path)
        return self.group(mode, data[mode], (*path, mode), depth)

    def group(self, mode: str, items: object, path: Path, depth: int) -> Group:
        """All, any or none of a list of nodes. Only "all" may be empty: it asks for nothing."""
        if not isinstance(items, list | tuple):
            refuse(path, _("A list of conditions is expected."))
        if not items and mode != "all":
            refuse(path, _("Add a condition to this group or remove the group."))
        if len(items) > MAX_NODES:
            refuse(path, _("The condition has more than %(limit)d parts.") % {"limit": MAX_NODES})
        return Group(mode, tuple(self.node(item, (*path, index), depth + 1) for index, item in enumerate(items)))

    def comparison(self, data: Mapping[Any, Any], path: Path) -> Comparison:
        """A field, an operator and what stands under "value"."""
        self.only(data, {"field", "op", "value"}, path)
        key = data.get("field")
        spec = self.known_field(key, (*path, "field"))
        op = data.get("op")
        if not isinstance(op, str) or op not in spec.kind.operators:
            message = _("A field of the kind “%(kind)s” has no operator “%(op)s”.") % {
                "kind": spec.kind.label,
                "op": shown(op),
            }
            refuse((*path, "op"), with_hint(message, str(op), spec.kind.operators))
        arity = OPERATORS[op].arity_for(spec.kind)
        if arity is Arity.NONE:
            if data.get("value") is not None:
                refuse((*path, "value"), _("This operator takes no value."))
            return Comparison(str(key), spec.kind, op)
        operands = self.operands(arity, data.get("value"), spec, (*path, "value"))
        return Comparison(str(key), spec.kind, op, operands)

    def known_field(self, key: object, path: Path) -> FieldSpec:
        """The field of this key, noted as used."""
        if not isinstance(key, str) or not key:
            refuse(path, _("Choose a field."))
        spec = self.schema.get(key)
        if spec is None:
            message = _("There is no field “%(name)s”.") % {"name": shown(key)}
            refuse(path, with_hint(message, key, self.schema), field=shown(key))
        self.fields[key] = spec
        return spec

    def operands(self, arity: Arity, raw: object, spec: FieldSpec, path: Path) -> tuple[Operand, ...]:
        """The operands as many as the operator takes."""
        if arity is Arity.DISTANCE:
            return (self.distance(raw, path),)
        if arity is Arity.ONE:
            return (self.operand(raw, spec, path, fields=True),)
        if isinstance(raw, Mapping) and isinstance(spec.kind, ListKind):
            return (self.operand(raw, spec, path, fields=True),)
        if not isinstance(raw, list | tuple):
            refuse(path, _("A list of values is expected."))
        if arity is Arity.RANGE and len(raw) != 2:
            refuse(path, _("A beginning and an end are expected."))
        if not raw:
            refuse(path, _("Choose at least one value."))
        if len(raw) > MAX_ITEMS:
            refuse(path, _("The list has more than %(limit)d values.") % {"limit": MAX_ITEMS})
        return tuple(
            self.operand(item, spec, (*path, index), fields=arity is Arity.RANGE) for index, item in enumerate(raw)
        )

    def operand(self, raw: object, spec: FieldSpec, path: Path, *, fields: bool) -> Operand:
        """A constant, another field, now or me."""
        self.values += 1
        if self.values > MAX_VALUES:
            refuse(path, _("The condition has more than %(limit)d values.") % {"limit": MAX_VALUES})
        self.characters += len(raw) if isinstance(raw, str) else 0
        if self.characters > MAX_CHARACTERS:
            refuse(path, _("The texts of the condition are too long."))
        if not isinstance(raw, Mapping):
            return self.constant(raw, spec, path)
        if len(raw) == 1:
            name, inner = next(iter(raw.items()))
            if name == "me" and inner is True and spec.kind.accepts_me:
                return Me()
            if name == "now" and isinstance(spec.kind, DateKind):
                return self.now(inner, (*path, "now"))
            if name == "field" and fields:
                return self.other_field(inner, spec, (*path, "field"))
        refuse(path, _("This value does not fit a field of the kind “%(kind)s”.") % {"kind": spec.kind.label})

    def constant(self, raw: object, spec: FieldSpec, path: Path) -> Constant:
        """A plain value; where a field has options, one of them."""
        try:
            value = spec.kind.constant(raw)
        except BadValue as error:
            refuse(path, error.message)
        if spec.options is not None and value not in spec.options:
            message = _("“%(field)s” has no option “%(name)s”.") % {"field": spec.label, "name": shown(raw)}
            refuse(path, with_hint(message, str(raw), map(str, spec.options)))
        return Constant(value)

    def now(self, raw: object, path: Path) -> Now:
        """This moment and a distance from it."""
        try:
            return Now(parse_distance(raw))
        except ValueError as error:
            refuse(path, str(error))

    def distance(self, raw: object, path: Path) -> Constant:
        """A length of time, which has no sign: the operator knows the direction."""
        try:
            distance = parse_distance(raw)
        except ValueError as error:
            refuse(path, str(error))
        if distance.amount < 0:
            refuse(path, _("A length of time cannot be negative."))
        return Constant(distance)

    def other_field(self, key: object, spec: FieldSpec, path: Path) -> FieldValue:
        """Another field of a comparable kind."""
        other = self.known_field(key, path)
        if other.kind.family != spec.kind.family:
            refuse(
                path,
                _("“%(first)s” and “%(second)s” cannot be compared.") % {"first": spec.label, "second": other.label},
            )
        return FieldValue(str(key), other.kind)

    def only(self, data: Mapping[Any, Any], known: set[str], path: Path) -> None:
        """Refuse keys that nobody would read."""
        for key in data:
            if key not in known:
                refuse(path, _("“%(name)s” is not a part of a condition.") % {"name": shown(key)})
