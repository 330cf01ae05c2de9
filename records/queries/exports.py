"""Exports as their person sees them, and what an export reads: its records, chunk by chunk, and their names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import NotAllowed, NotFound, Text
from processes.definition_types import FieldDef
from processes.fieldtype import PERSON, RECORD
from processes.models import Operation
from processes.permissions import Access, access_for
from records.exchange.columns import all_keys, export_columns, listed_keys
from records.models import ExportJob
from records.models.leased import started_by
from records.queries.cursors import read_cursor
from records.queries.filters import condition_from
from records.queries.linked import records_called
from records.queries.names import Names, names_for, wanted_by
from records.queries.narrowing import Narrowing, narrowed
from records.queries.rows import Row, row_class
from records.queries.sorting import sorting_for
from records.queries.table import Page, columns_for, page_of
from records.typed import model_for

LIST = 30
MOST_CHOSEN = 1000
"""Records that one may choose one by one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an export of a list would hold, before it is asked for."""

    total: int
    """Records that would go out."""
    listed: tuple[str, ...]
    """What the columns of the list are called."""
    readable: tuple[str, ...]
    """What all columns are called."""
    sorted_by: Text
    descending: bool


def offer_for(access: Access, narrowing: Narrowing, sort: str) -> Offer:
    """What an export of this list would hold. One query. Raises Invalid for a wrong sort."""
    sorting = sorting_for(access, sort)
    return Offer(
        total=exported_rows(access, narrowing).order_by().count(),
        listed=tuple(column.label for column in export_columns(access, listed_keys(access))),
        readable=tuple(column.label for column in export_columns(access, all_keys(access))),
        sorted_by=next(column.label for column in columns_for(access) if column.key == sorting.key),
        descending=sorting.descending,
    )


def exports_of(access: Access) -> list[ExportJob]:
    """The actor's own exports of a process that are still there, the newest first. One query."""
    return list(_own(access).order_by("-id")[:LIST])


def export_of(access: Access, job_id: int) -> ExportJob:
    """One of the actor's own exports of a process. Raises NotFound. One query."""
    job: ExportJob | None = _own(access).filter(pk=job_id).select_related("user").first()
    if job is None:
        raise NotFound(_("There is no such export."), export=job_id)
    return job


def exported_file(access: Access, job_id: int) -> ExportJob:
    """An export whose file the actor may fetch: their own, done, and their rights are what they were.

    Raises NotFound, NotAllowed.
    """
    job = export_of(access, job_id)
    if job.state != ExportJob.State.DONE:
        raise NotFound(_("The file is not ready."), export=job_id)
    require_same_rights(access, job)
    return job


def require_same_rights(access: Access, job: ExportJob) -> None:
    """Raise NotAllowed where the actor sees more, less or other things than when the export began."""
    if job.rights != rights_digest(access, _fields_of(access, job.columns)):
        raise NotAllowed(_("Your rights have changed since this export began. Export again."))


def rights_digest(access: Access, fields: Iterable[FieldDef]) -> str:
    """What the actor may see of these fields, in short: it changes when the rights do."""
    linked = sorted({field.settings["process"] for field in fields if field.is_link})
    accesses = [access, *(access_for(access.actor, process_id) for process_id in linked)]
    parts = [(found.definition.id, *_rights(found)) for found in accesses]
    return sha256(repr((access.actor.user_id, parts)).encode()).hexdigest()


def _rights(access: Access) -> tuple[Any, ...]:
    operations = (Operation.VIEW, Operation.EXPORT)
    reaches = [(access.reach(op), sorted(access.by_stage.get(op, {}).items())) for op in operations]
    shown = [(field_id, sorted(places.items())) for field_id, places in sorted(access.limits.readings.items())]
    return reaches, shown, access.actor.department_id, sorted(access.actor.departments_below)


def narrowing_of(access: Access, job: ExportJob) -> Narrowing:
    """Which records an export holds. Raises InvalidExpression where the process knows its fields no more."""
    condition = None if job.condition is None else condition_from(access, job.condition)
    return Narrowing(condition, job.search, job.is_overdue)


def exported_rows(access: Access, narrowing: Narrowing) -> Any:
    """The records that the actor may export."""
    return narrowed(model_for(access.definition).objects.visible_to(access, Operation.EXPORT), access, narrowing)


def chunk_of(access: Access, job: ExportJob, fields: Sequence[FieldDef], limit: int) -> Page:
    """The records that follow what an export has read so far. One query. Raises Invalid."""
    sorting = sorting_for(access, job.sort)
    place = read_cursor(job.after, sort=sorting.text, kind=sorting.kind) if job.after else None
    rows = exported_rows(access, narrowing_of(access, job))
    return page_of(access, rows, row_class(access.definition, tuple(fields)), sorting, place, limit)


def names_for_files(access: Access, rows: Iterable[Row], fields: Sequence[FieldDef]) -> Names:
    """The names of what rows speak of, as an import finds them again: an e-mail address or a number where a name alone
    would mean several. Two queries more than names, and three for each process that is linked."""
    rows = list(rows)
    names = dict(names_for(access.actor, wanted_by(rows, fields)))
    names[PERSON] = _people(names.get(PERSON, {}))
    linked = [field for field in fields if field.is_link]
    if linked:
        names[RECORD] = {**names.get(RECORD, {}), **_records(access, rows, linked, names.get(RECORD, {}))}
    return names


def _people(names: Any) -> dict[int, str]:
    asked = User.objects.filter(pk__in=names).values_list("pk", "folded_name", "email")
    found = {pk: (folded, email) for pk, folded, email in asked}
    called = User.objects.active().filter(folded_name__in={folded for folded, _email in found.values()})
    counts = Counter(called.values_list("folded_name", flat=True))
    return {
        pk: found[pk][1] if pk in found and (counts[found[pk][0]] > 1 or ";" in name) else name
        for pk, name in names.items()
    }


def _records(access: Access, rows: Sequence[Row], fields: Sequence[FieldDef], names: Any) -> dict[int, str]:
    """A number in place of each title that means another record, or several."""
    by_process: dict[int, set[int]] = {}
    for field in fields:
        ids = {record for row in rows for record in field.type.ids_in(row.value(field))}
        by_process.setdefault(field.settings["process"], set()).update(ids & names.keys())
    found: dict[int, str] = {}
    for process_id, ids in by_process.items():
        called = records_called(access.actor, process_id, {names[record] for record in ids})
        found |= {record: f"#{record}" for record in ids if called.get(names[record], [record]) != [record]}
    return found


def _fields_of(access: Access, keys: Iterable[str]) -> list[FieldDef]:
    known = access.definition.field_by_key
    return [known[key] for key in keys if key in known]


def _own(access: Access) -> Any:
    kept = Now() - timedelta(hours=settings.EXPORT_KEEP_HOURS)
    own = ExportJob.objects.filter(started_by(access.actor), process_id=access.definition.id)
    return own.filter(created_at__gt=kept)
