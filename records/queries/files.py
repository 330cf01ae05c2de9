"""Files for whoever may have them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound
from processes.definition_types import FieldDef
from processes.fieldtype import FILE
from processes.models import Operation
from processes.permissions import Access, access_for, accesses_for
from records.models import Attachment, Record
from records.queries.card import row_for
from records.querysets import loose_of


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file in a value of a record."""

    field: FieldDef
    file: Attachment


def file_for(actor: Actor, file_id: int, *, process_id: int | None = None) -> Attachment:
    """A file that the actor may fetch. Raises NotFound, the same for one that does not exist.

    A value gives its files to everybody who may read it. A file that its value does not name any more belongs to the
    history: to whoever may see that. One that no record holds yet belongs to who uploaded it. While the record is in
    the bin nobody has its files. One that is not theirs costs what one that is nowhere does.
    """
    accesses = accesses_for(actor) if process_id is None else [access_for(actor, process_id)]
    hidden = {f.id for access in accesses for f in set(access.definition.fields).difference(access.readable_fields)}
    held = Q(record__in=Record.objects.visible_to(accesses).values("pk")) & ~Q(field_id__in=hidden)
    files = Attachment.objects.filter(held | loose_of(actor), pk=file_id)
    file = (files if process_id is None else files.filter(process_id=process_id)).first()
    if file is None or not _may_have(actor, file):
        raise NotFound(_("There is no such file."), file=file_id)
    return file


def files_of(access: Access, record_id: int) -> Sequence[HeldFile]:
    """The files in the values of a record, field by field. Two queries. Raises NotFound."""
    row = row_for(access, record_id)
    fields = [field for field in access.fields_of(row) if field.type.refers == FILE]
    ids = {file for field in fields for file in field.type.ids_in(row.value(field))}
    found = Attachment.objects.in_bulk(ids) if ids else {}
    return [HeldFile(f, found[file]) for f in fields for file in f.type.ids_in(row.value(f)) if file in found]


def files_in_form(
    actor: Actor, field: FieldDef, ids: Collection[int], present: Collection[int]
) -> Sequence[Attachment]:
    """Those of the files that a form may show, in order: what the value names now, and the actor's loose ones."""
    found = (
        Attachment.objects.filter(Q(pk__in=present) | loose_of(actor), field_id=field.id).in_bulk(list(ids))
        if ids
        else {}
    )
    return [found[pk] for pk in ids if pk in found]


def _may_have(actor: Actor, file: Attachment) -> bool:
    """Whether a value that the actor reads names the file, or did and they see the history."""
    if file.record_id is None:
        return True
    try:
        access = access_for(actor, file.process_id)
        row = row_for(access, file.record_id)
    except NotFound:
        return False
    field = next((field for field in access.fields_of(row) if field.id == file.field_id), None)
    if field is None or field.type.refers != FILE:
        return False
    return file.pk in field.type.ids_in(row.value(field)) or access.covers(Operation.HISTORY, row)
