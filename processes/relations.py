"""Values that come from linked records: which fields read which, through which link; never in a circle."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid
from expressions.conditions import Condition, parse_condition
from expressions.errors import InvalidExpression
from processes.definition import definition_of
from processes.definition_types import Definition, FieldDef
from processes.field_types.lookup import LOOKUP
from processes.field_types.rollup import ROLLUP, relation_parts
from processes.formulas import formulas_of
from processes.models import Field
from processes.schema import keys_in, schema_of

LINKED = (LOOKUP, ROLLUP)
"""Keys of the types whose values come from linked records."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field of one process reads, as its row says: through which link, which field, of which process."""

    field_id: int
    process_id: int
    other_id: int
    link_id: int
    is_backwards: bool
    """Whether the link belongs to the records that are read and names the reader's, or the other way round."""
    shown_id: int | None
    condition: Mapping[str, Any] | None

    @property
    def link_process_id(self) -> int:
        """The process whose records have the link."""
        return self.other_id if self.is_backwards else self.process_id


@dataclass(frozen=True, eq=False)
class Reading:
    """A field that can be computed from linked records, with everything that takes."""

    field: FieldDef
    source: Source
    other: Definition
    link: FieldDef
    shown: FieldDef | None
    """None where records are counted."""
    function: str
    condition: Condition | None


def sources() -> list[Source]:
    """All fields that read linked records; one query."""
    rows = Field.objects.filter(type__in=LINKED, removed_at=None, shadow_of=None)
    return [source_of(row) for row in rows.only("pk", "process_id", "type", "settings").order_by("pk")]


def source_of(field: Field) -> Source:
    """What a field that reads linked records says of them."""
    said = field.settings
    is_backwards, link_id = (False, said["link"]) if field.type == LOOKUP else relation_parts(said["relation"])
    return Source(
        field_id=field.pk,
        process_id=field.process_id,
        other_id=said["other"],
        link_id=link_id,
        is_backwards=is_backwards,
        shown_id=said["field"],
        condition=said.get("condition"),
    )


@lru_cache(maxsize=512)
def has_readings(definition: Definition) -> bool:
    """Whether some field of the process reads linked records."""
    return any(field.type.key in LINKED for field in definition.fields)


def readings_of(definition: Definition) -> list[Reading]:
    """The fields of a process that can be computed from linked records now; one whose link or field is gone, or is of
    another type by now, keeps its last values. One query for each other process."""
    if not has_readings(definition):
        return []
    rows = Field.objects.filter(pk__in=[f.id for f in definition.fields if f.type.key in LINKED])
    others = {definition.id: definition}
    found: list[Reading] = []
    for source in map(source_of, rows.order_by("pk")):
        if source.other_id not in others:
            others[source.other_id] = definition_of(source.other_id)
        if reading := _reading(definition, others[source.other_id], source):
            found.append(reading)
    return found


def _reading(definition: Definition, other: Definition, source: Source) -> Reading | None:
    field = definition.field_by_id[source.field_id]
    link = (other if source.is_backwards else definition).field_by_id.get(source.link_id)
    shown = other.field_by_id.get(source.shown_id or 0)
    wanted = field.settings.get("of")
    if link is None or not link.is_link or (wanted is not None and (shown is None or shown.type.plain_key != wanted)):
        return None
    condition = None
    if source.condition:
        try:
            condition = parse_condition(source.condition, schema_of(other))
        except InvalidExpression:
            return None
    function = field.settings.get("function", LOOKUP)
    return Reading(field, source, other, link, shown, function, condition)


def readers_of(field_ids: Iterable[int]) -> list[Field]:
    """The fields that read linked records through one of these fields, or show one of them."""
    wanted = set(field_ids)
    ids = [found.field_id for found in sources() if wanted & {found.link_id, found.shown_id}]
    return list(Field.objects.select_related("process").filter(pk__in=ids).order_by("process_id", "pk"))


def check_linked_circles(definition: Definition) -> None:
    """Raise Invalid when values would be computed from each other in a circle, also by way of other processes.

    `definition` is the one of the change; the others are as they stand.
    """
    found = sources()
    if not any(source.process_id == definition.id for source in found):
        return
    known = {definition.id: definition}
    for process_id in {source.process_id for source in found} | {source.other_id for source in found}:
        known.setdefault(process_id, definition_of(process_id))
    edges = {source.field_id: set(_reads(source, known[source.other_id])) for source in found}
    for one in known.values():
        for field, formula in formulas_of(one):
            used = {one.field_by_key[key].id for key in formula.fields_used if key in one.field_by_key}
            edges.setdefault(field.id, set()).update(used)
    circle = _circle(edges)
    if circle:
        names = {field.id: field.label for one in known.values() for field in one.fields}
        names |= {f.pk: f.label for f in Field.objects.filter(pk__in=circle)}
        message = _("These fields would be computed from each other: %s.") % " → ".join(names[pk] for pk in circle)
        raise Invalid(message, {"field": [message]})


def _reads(source: Source, other: Definition) -> Iterator[int]:
    if source.shown_id is not None:
        yield source.shown_id
    for key in keys_in(source.condition or {}):
        if key in other.field_by_key:
            yield other.field_by_key[key].id


def _circle(edges: Mapping[int, set[int]]) -> list[int]:
    """A way that comes back to where it began; empty when there is none."""
    done: set[int] = set()
    for start in sorted(edges):
        path: list[int] = []
        if _comes_back(start, edges, path, done):
            return path[path.index(path[-1]) :]
    return []


def _comes_back(node: int, edges: Mapping[int, set[int]], path: list[int], done: set[int]) -> bool:
    if node in path:
        path.append(node)
        return True
    if node in done:
        return False
    path.append(node)
    for following in sorted(edges.get(node, ())):
        if _comes_back(following, edges, path, done):
            return True
    path.pop()
    done.add(node)
    return False
