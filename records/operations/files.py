"""Files come in before the values that will hold them, and go when nobody holds them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached, NotAllowed, SmartCRMError
from core.problems import Problems
from processes.definition_types import Definition, FieldDef
from processes.field_types.file import MEGABYTE
from processes.fieldtype import FILE
from processes.models import Operation, Process
from processes.permissions import Access, visible_access
from records.files import Stored, clean_name, extension_of, store_content
from records.files.content import delete_content, stored_before
from records.files.kinds import is_what_it_says
from records.models import Attachment, ExportJob
from records.querysets import loose_of

SWEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in. `size` is known before its content is read."""

    field: str
    """Key of the field whose value will hold it."""
    name: str
    size: int
    content: IO[bytes]


def upload_files(
    process: int | str | Definition | Process, uploads: Sequence[Upload], *, actor: Actor
) -> list[Attachment]:
    """Take files in; a record holds them when a value names their ids. Until then only the actor may fetch them.

    All of them or none. Content is written first; what a failure leaves behind is swept. Writes no event: nothing has
    happened to a record yet. Raises NotFound, NotAllowed, Conflict, LimitReached, Invalid (messages by field key).
    """
    access = _uploading(actor, process)
    fields = _checked(access, uploads)
    _require_room(actor, uploads)
    stored: list[Stored] = []
    try:
        for upload in uploads:
            stored.append(store_content(upload.content))
            _require_what_it_says(upload, stored[-1], fields[upload.field])
    except SmartCRMError:
        for content in stored:
            delete_content(content.path)
        raise
    return Attachment.objects.bulk_create(
        Attachment(
            process_id=access.definition.id,
            field_id=fields[upload.field].id,
            name=clean_name(upload.name),
            size=content.size,
            content_type=content.content_type,
            digest=content.digest,
            path=content.path,
            uploader_id=actor.user_id,
            service_token_id=actor.token_id if actor.user_id is None else None,
        )
        for upload, content in zip(uploads, stored, strict=True)
    )


def sweep_files() -> int:
    """Delete files that nobody has held for a day, and content that no row names for as long; how many.

    Nothing that a row names is ever deleted: rows go first, their content after the commit.
    """
    limit = timezone.now() - timedelta(hours=settings.FILE_LOOSE_HOURS)
    count = 0
    while gone := _forget_loose(limit):
        count += gone
    batch: list[str] = []
    for path in stored_before(limit):
        batch.append(path)
        if len(batch) == SWEPT_AT_ONCE:
            count += _delete_unnamed(batch)
            batch = []
    return count + _delete_unnamed(batch)


def _uploading(actor: Actor, process: int | str | Definition | Process) -> Access:
    access = visible_access(actor, process)
    if not access.can(Operation.CREATE) and not access.can(Operation.UPDATE):
        raise NotAllowed(_("You have no right to add files here."))
    if access.definition.status != Process.Status.PUBLISHED:
        raise Conflict(_("This process is not in use; its records cannot be changed."))
    return access


def _checked(access: Access, uploads: Sequence[Upload]) -> dict[str, FieldDef]:
    """The fields of the uploads by key. Raises Invalid with all that is wrong with each."""
    known = {field.key: field for field in access.writable_fields if field.type.refers == FILE}
    problems = Problems()
    if not uploads:
        raise Invalid(_("Choose a file."), {"files": [_("Choose a file.")]})
    counts = Counter(upload.field for upload in uploads)
    for key in counts.keys() & known.keys():
        most = known[key].settings["most_files"]
        if counts[key] > most:
            with problems.at():
                raise _wrong(key, ngettext("At most %d file.", "At most %d files.", most) % most)
    for upload in uploads:
        with problems.at():
            if upload.field not in known:
                raise _wrong(upload.field, access.why_not_written(upload.field))
            _check(upload, known[upload.field])
    problems.raise_any()
    return known


def _check(upload: Upload, field: FieldDef) -> None:
    name, most = clean_name(upload.name), field.settings["most_megabytes"]
    if upload.size > min(most * MEGABYTE, settings.FILE_MOST_BYTES):
        raise _wrong(field.key, _("“%(name)s” is larger than %(most)d MB.") % {"name": name, "most": most})
    allowed = field.settings["extensions"]
    if allowed and extension_of(name) not in allowed:
        endings = ", ".join(allowed)
        raise _wrong(field.key, _("“%(name)s”: only %(endings)s.") % {"name": name, "endings": endings})


def _require_what_it_says(upload: Upload, stored: Stored, field: FieldDef) -> None:
    """Where the endings are restricted the content has to be what they promise."""
    name = clean_name(upload.name)
    if field.settings["extensions"] and not is_what_it_says(extension_of(name), stored.content_type):
        raise _wrong(field.key, _("“%s” is not what its name says.") % name)


def _require_room(actor: Actor, uploads: Sequence[Upload]) -> None:
    """Nobody fills the disk with files that no record holds."""
    if actor.user_id is None and actor.token_id is None:
        return
    found = Attachment.objects.filter(loose_of(actor)).aggregate(count=Count("pk"), size=Sum("size"))
    count, size = len(uploads) + found["count"], sum(upload.size for upload in uploads) + (found["size"] or 0)
    if count > settings.FILE_MOST_LOOSE or size > settings.FILE_MOST_LOOSE_BYTES:
        raise LimitReached(_("Too many files are waiting for a record. Save them, or try again tomorrow."))


def _forget_loose(limit: object) -> int:
    with transaction.atomic():
        loose = Attachment.objects.filter(record=None, created_at__lt=limit).order_by("created_at")
        found = dict(loose.select_for_update(skip_locked=True).values_list("pk", "path")[:SWEPT_AT_ONCE])
        Attachment.objects.filter(pk__in=found).delete()
    for path in found.values():
        delete_content(path)
    return len(found)


def _delete_unnamed(paths: Sequence[str]) -> int:
    named = {
        *Attachment.objects.filter(path__in=paths).values_list("path", flat=True),
        *ExportJob.objects.filter(path__in=paths).values_list("path", flat=True),
    }
    unnamed = [path for path in paths if path not in named]
    for path in unnamed:
        delete_content(path)
    return len(unnamed)


def _wrong(key: str, message: str) -> Invalid:
    return Invalid(message, {key: [message]})
