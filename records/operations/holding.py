"""What stands beside values: rows of links with real foreign keys, and whose a file is."""

from collections.abc import Iterable, Sequence

from processes.definition_types import FieldDef
from processes.fieldtype import FILE
from records.models import Attachment, Link
from records.operations.writing import Writing
from records.typed import TypedRecord


def hold(writing: Writing, rows: Sequence[TypedRecord], keys: Iterable[str] | None = None) -> None:
    """Bring links and files in step with the values of rows that were just written; all fields, or those of `keys`.

    Two statements for all rows and fields of links that changed, one for files; none where there are no such fields.
    """
    wanted = None if keys is None else set(keys)
    fields = [field for field in writing.definition.fields if wanted is None or field.key in wanted]
    if several := [field for field in fields if field.type.kind == "references"]:
        _link(rows, several)
    if files := [field for field in fields if field.type.refers == FILE]:
        _attach(rows, files)


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
    for row in rows:
        for field in fields:
            if ids := row.value(field):
                Attachment.objects.filter(pk__in=ids, record=None).update(record_id=row.pk, field_id=field.id)
