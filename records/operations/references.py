"""Whether the rows that values name may be named: people who are active, records that the actor sees …"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, User
from core.errors import Text
from processes.definition_types import FieldDef
from processes.field_types.people import OBSERVERS_FIELD
from processes.field_types.person import PERSON_FIELD
from processes.fieldtype import DEPARTMENT, FILE, PERSON, RECORD, WrongValue
from processes.models import Operation
from processes.permissions import accesses_for
from records.models import Attachment, Record
from records.operations.writing import Writing
from records.querysets import loose_of
from records.typed import TypedRecord

Named = tuple[FieldDef, Any, Any]
"""A field, the value that is to be, and the value that is there."""


def unknown_in(writing: Writing, named: Sequence[Named], row: TypedRecord | None) -> list[tuple[str, str]]:
    """Field keys whose values name a row that may not be named, with what to say; what a record names it may keep.

    One query for all fields of a family (and, for links, of a process); none for what this write has found before.
    """
    missing: list[tuple[str, str]] = []
    for its_field, value, present in named:
        ids = set(its_field.type.ids_in(value)) - set(its_field.type.ids_in(present))
        if ids - known_ids(writing, its_field, ids, row):
            missing.append((its_field.key, str(_MESSAGES[its_field.type.refers])))
        elif its_field.type.refers == FILE:
            # The next record of this write may not name it any more.
            writing.known[_place(its_field)] -= ids
    return missing


def known_ids(writing: Writing, its_field: FieldDef, ids: Iterable[int], row: TypedRecord | None = None) -> set[int]:
    """Those of the ids that the field may name in this write."""
    place = _place(its_field)
    known = writing.known.setdefault(place, set())
    asked = writing.asked.setdefault(place, set())
    if unasked := set(ids) - asked:
        known |= _CHECKS[its_field.type.refers](writing, its_field, unasked, row)
        asked |= unasked
    return known


def know_all(writing: Writing, given: Iterable[Mapping[str, Any]]) -> None:
    """Look up at once what rows the values of many records name: a query for each family instead of one for each value.

    A value that its field cannot take is left to the field's own refusal.
    """
    base = {"assignee": PERSON_FIELD, "observers": OBSERVERS_FIELD}
    fields = {**base, **{f.key: f for f in writing.definition.fields if f.type.refers}}
    named: dict[str, set[int]] = {}
    for values in given:
        for key in fields.keys() & values.keys():
            with suppress(WrongValue):
                value = fields[key].type.parse(values[key], fields[key])
                named.setdefault(key, set()).update(fields[key].type.ids_in(value))
    for key, ids in named.items():
        known_ids(writing, fields[key], ids)


def department_of(writing: Writing, person_id: int) -> int | None:
    """The department of a person to whom a record is given; no query for one whom this write has looked up."""
    if person_id == writing.actor.user_id:
        return writing.actor.department_id
    if person_id not in writing.departments:
        found = User.objects.filter(pk=person_id).values_list("department_id", flat=True)
        writing.departments[person_id] = found.first()
    return writing.departments[person_id]


def _place(its_field: FieldDef) -> tuple[str, int]:
    """Fields of one place may name the same rows."""
    family = its_field.type.refers
    if family == RECORD:
        return family, its_field.settings["process"]
    return family, its_field.id if family == FILE else 0


def _people(writing: Writing, its_field: FieldDef, ids: set[int], row: TypedRecord | None) -> set[int]:
    found = dict(User.objects.active().filter(pk__in=ids).values_list("pk", "department_id"))
    writing.departments.update(found)
    return set(found)


def _departments(writing: Writing, its_field: FieldDef, ids: set[int], row: TypedRecord | None) -> set[int]:
    return set(Department.objects.filter(pk__in=ids).values_list("pk", flat=True))


def _records(writing: Writing, its_field: FieldDef, ids: set[int], row: TypedRecord | None) -> set[int]:
    visible = Record.objects.visible_to(accesses_for(writing.actor))
    return set(visible.filter(pk__in=ids, process_id=its_field.settings["process"]).values_list("pk", flat=True))


def _files(writing: Writing, its_field: FieldDef, ids: set[int], row: TypedRecord | None) -> set[int]:
    """Files that the actor uploaded for the field and nobody holds; and, for who sees history, what it once held."""
    found = loose_of(writing.actor)
    if row is not None and writing.access.covers(Operation.HISTORY, row):
        found |= Q(record_id=row.pk)
    files = Attachment.objects.filter(found, field_id=its_field.id, pk__in=ids)
    return set(files.values_list("pk", flat=True))


_CHECKS: Mapping[str, Callable[[Writing, FieldDef, set[int], TypedRecord | None], set[int]]] = {
    PERSON: _people,
    DEPARTMENT: _departments,
    RECORD: _records,
    FILE: _files,
}
_MESSAGES: Mapping[str, Text] = {
    PERSON: _("There is no such person."),
    DEPARTMENT: _("There is no such department."),
    RECORD: _("There is no such record."),
    FILE: _("There is no such file."),
}
