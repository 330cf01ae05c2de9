"""The names of the rows that values speak of: people, departments, records, files."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Department, User
from core.actor import Actor
from expressions.values import Kind
from processes.definition_types import FieldDef
from processes.fieldtype import DEPARTMENT, FILE, PERSON, RECORD
from processes.permissions import accesses_for
from records.models import Attachment, Record

_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("person", "people"), PERSON),
    **dict.fromkeys(("reference", "references"), RECORD),
    "department": DEPARTMENT,
}
"""Family of values → family of the rows that they name."""

Names = Mapping[str, Mapping[int, str]]
Wanted = dict[str, set[int]]
"""Ids by family."""


def names_of(people: Iterable[int]) -> dict[int, str]:
    """Names of people by id; no query for nobody."""
    ids = set(people)
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def names_for(actor: Actor, wanted: Wanted) -> Names:
    """Names by family and id, only those that the actor may know: one query a family, two for records, and a third
    where some of them are not found."""
    return {family: _SOURCES[family](actor, ids) for family, ids in wanted.items() if ids}


def names_in_words(actor: Actor) -> Callable[[Kind, int], str]:
    """How a condition in words calls people, departments and records: by the name that the actor may know, else by
    number. A query or three for each."""

    def name(kind: Kind, number: int) -> str:
        family = _FAMILIES.get(kind.family, "")
        names = names_for(actor, {family: {number}}) if family else {}
        return names.get(family, {}).get(number) or f"#{number}"

    return name


def wanted_by(rows: Iterable[Any], fields: Iterable[FieldDef]) -> Wanted:
    """What showing rows (or typed records) needs the names of: assignees, authors, values of the fields."""
    wanted: Wanted = {PERSON: set()}
    asking = [field for field in fields if field.type.refers]
    for row in rows:
        wanted[PERSON].update(person for person in (row.assignee_id, row.author_id) if person is not None)
        for field in asking:
            want(wanted, field, row.value(field))
    return wanted


def want(wanted: Wanted, field: FieldDef, value: Any) -> None:
    """Note the rows that a value names."""
    if ids := field.type.ids_in(value):
        wanted.setdefault(field.type.refers, set()).update(ids)


def _people(actor: Actor, ids: set[int]) -> dict[int, str]:
    return names_of(ids)


def _departments(actor: Actor, ids: set[int]) -> dict[int, str]:
    return dict(Department.objects.filter(pk__in=ids).values_list("pk", "name"))


def _records(actor: Actor, ids: set[int]) -> dict[int, str]:
    """Titles; of records in the bin only for who may restore them, and it says so."""
    accesses, asked = accesses_for(actor), Record.objects.filter(pk__in=ids)
    found = dict(asked.visible_to(accesses).values_list("pk", "title"))
    if ids - found.keys():
        binned = asked.in_bin(accesses).values_list("pk", "title")
        found |= {pk: _("%(title)s (in the bin)") % {"title": title} for pk, title in binned}
    return found


def _files(actor: Actor, ids: set[int]) -> dict[int, str]:
    """Whoever sees the record's value sees the names of its files."""
    return dict(Attachment.objects.filter(pk__in=ids).values_list("pk", "name"))


_SOURCES: Mapping[str, Callable[[Actor, set[int]], dict[int, str]]] = {
    PERSON: _people,
    DEPARTMENT: _departments,
    RECORD: _records,
    FILE: _files,
}
