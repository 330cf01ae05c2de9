"""What stands beside values: rows of links with real foreign keys, and whose a file is."""

from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils.translation import gettext as _

from core.errors import Conflict
from processes.definition_types import FieldDef
from processes.fieldtype import FILE
from records.models import Link
from records.operations.writing import Writing
from records.typed import TypedRecord


def hold(writing: Writing, rows: Sequence[TypedRecord], keys: Iterable[str] | None = None) -> None:
    """Bring links and files in step with the values of rows that were just written; all fields, or those of `keys`.

    Two statements for all rows and fields of links that changed, one for files; none where there are no such fields.
    """
    wanted = None if keys is None else set(keys)
    changed = (f for f in writing.definition.fields if wanted is None or f.key in wanted)
    fields = [f for field in changed for f in (field, field.shadow) if f is not None and f.type.refers]
    hold_links(rows, fields)
    if files := [field for field in fields if field.type.refers == FILE]:
        _attach(rows, files)


def hold_links(rows: Sequence[TypedRecord], fields: Iterable[FieldDef]) -> None:
    """Bring the rows of links in step with the values of those fields that have some."""
    if several := [field for field in fields if field.type.kind == "references" and not field.type.is_computed]:
        _link(rows, several)


def _link(rows: Sequence[TypedRecord], fields: Sequence[FieldDef]) -> None:
    wanted = {(f.id, row.pk, target) for row in rows for f in fields for target in row.value(f) or ()}
    present = Link.objects.filter(source__in=[row.pk for row in rows], field__in=[f.id for f in fields])
    known = {(link.field_id, link.source_id, link.target_id): link.pk for link in present}
    if gone := [pk for place, pk in known.items() if place not in wanted]:
        Link.objects.filter(pk__in=gone).delete()
    new = [Link(field_id=f, source_id=source, target_id=target) for f, source, target in wanted - known.keys()]
    Link.objects.bulk_create(new)


def _attach(rows: Sequence[TypedRecord], fields: Sequence[FieldDef]) -> None:
    """A file belongs to the record whose value first named it, for good: the history speaks of it."""
    named = [(file, row.pk) for row in rows for field in fields for file in row.value(field) or ()]
    if not named:
        return
    files, holders = zip(*named, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_ATTACH, [list(files), list(holders)])
        if cursor.rowcount != len(named):
            raise Conflict(_("Another record holds one of these files already."))


_ATTACH = (
    "UPDATE records_attachment a SET record_id = v.record_id FROM unnest(%s::bigint[], %s::bigint[])"
    " v(id, record_id) WHERE a.id = v.id AND (a.record_id IS NULL OR a.record_id = v.record_id)"
)
