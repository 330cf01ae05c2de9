"""What an event makes due: which records, of which processes, read what it changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from events.models import Event
from processes.definition import definition_of
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import field_types
from processes.models import Field
from processes.relations import Source, sources
from processes.schema import keys_in

COMING, GOING = "record.created", ("record.deleted", "record.restored")
KINDS = frozenset({COMING, *GOING, "record.updated", "record.moved"})
"""The events that may change what records show of others."""


@dataclass(frozen=True, slots=True)
class Due:
    """A record whose values are due, or (with a link) those that name it by that link; and what led there."""

    process_id: int
    record_id: int
    link_id: int | None
    root_id: int | None
    depth: int
    is_quiet: bool


def note_due(events: Sequence[Event]) -> bool:
    """Note what the events make due; whether there is anything. Two queries, one for each process whose records are
    read or read others, and one statement; one query where no field reads linked records."""
    told = [event for event in events if event.kind in KINDS and event.record_id is not None]
    if not told or not (found := sources()):
        return False
    due = list(_due_by(told, found))
    _put(due)
    return bool(due)


def _due_by(events: Sequence[Event], found: Sequence[Source]) -> Iterator[Due]:
    concerned = {source.process_id for source in found} | {source.other_id for source in found}
    told = [event for event in events if event.process_id in concerned]
    definitions = {pk: definition_of(pk) for pk in sorted({event.process_id or 0 for event in told})}
    links = {field.pk: field for field in Field.objects.filter(pk__in={source.link_id for source in found})}
    shown = {f.pk: f for f in Field.objects.filter(pk__in={s.shown_id for s in found if s.shown_id is not None})}
    for event in told:
        for source in found:
            link = links.get(source.link_id)
            if link is None:
                continue
            shown_field = shown.get(source.shown_id or 0)
            if event.process_id == source.process_id and not source.is_backwards and _relinks(event, link.key):
                yield _due(event, source.process_id, event.record_id or 0, None)
            if event.process_id == source.other_id:
                yield from _readers(event, source, link, shown_field, definitions[source.other_id])


def _relinks(event: Event, key: str) -> bool:
    """Whether the record names others now; a new one may name some from the beginning."""
    return key in event.changes


def _readers(event: Event, source: Source, link: Field, shown: Field | None, definition: Definition) -> Iterator[Due]:
    """Those who read the record of the event."""
    asked = keys_in(source.condition or {}) | ({shown.key} if shown is not None else set())
    is_new = event.kind == COMING
    if not (is_new or event.kind in GOING or link.key in event.changes or asked & event.changes.keys()):
        return
    if not source.is_backwards:
        if not is_new:
            yield _due(event, source.process_id, event.record_id or 0, source.link_id)
        return
    for owner in sorted(_named(event, link, definition.field_by_id.get(link.pk))):
        yield _due(event, source.process_id, owner, None)


def _named(event: Event, link: Field, field: FieldDef | None) -> set[int]:
    """The records that the record of the event names by a link, and those that it named before."""
    kind = field.type if field is not None else field_types[link.type]
    values: list[Any] = [*event.changes.get(link.key, ()), event.data.get("snapshot", {}).get(link.key)]
    return {pk for value in values if value is not None for pk in kind.ids_in(kind.from_json(value))}


def _due(event: Event, process_id: int, record_id: int, link_id: int | None) -> Due:
    root = event.root_id or event.pk
    return Due(process_id, record_id, link_id, root, event.depth + 1, bool(event.data.get("quiet")))


def _put(due: Iterable[Due]) -> None:
    """One row for each; one that is there already is done anew, from the beginning."""
    once: dict[tuple[int, int, int], Due] = {}
    for one in due:
        place = (one.process_id, one.record_id, one.link_id or 0)
        known = once.get(place)
        if known is None or (known.is_quiet and not one.is_quiet):
            once[place] = one
    rows = [once[place] for place in sorted(once)]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _PUT,
            [
                [row.process_id for row in rows],
                [row.record_id for row in rows],
                [row.link_id for row in rows],
                [row.root_id for row in rows],
                [row.depth for row in rows],
                [row.is_quiet for row in rows],
            ],
        )


_PUT = """
INSERT INTO records_recalculation AS r (process_id, record_id, link_id, root_id, depth, is_quiet)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::bool[])
ON CONFLICT (process_id, record_id, link_id) DO UPDATE
SET generation = r.generation + 1, position = 0, crashes = 0, root_id = excluded.root_id,
    depth = greatest(r.depth, excluded.depth), is_quiet = r.is_quiet AND excluded.is_quiet
"""
