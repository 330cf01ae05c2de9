"""Exports as people drive them: a list is asked for as a file, the work may be stopped, old files go."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.text import check_unicode
from events.publish import publish
from processes.definition_types import Definition
from processes.models import Operation, Process
from processes.permissions import Access, visible_access
from records.exchange.columns import all_keys, export_columns
from records.exchange.exporting import turns
from records.exchange.source import Form
from records.exchange.writers import check_form, check_size
from records.files.content import delete_content
from records.models import ExportJob
from records.models.leased import started_by
from records.queries.exports import exported_rows, rights_digest
from records.queries.narrowing import NOTHING, Narrowing
from records.queries.sorting import sorting_for

ProcessRef = int | str | Definition | Process
USUAL = Form("utf-8-sig", "")
"""How a CSV file is written unless asked otherwise: as spreadsheets of the person's language open it."""
MOST_AT_WORK = 5
"""Exports of one person that may be under way."""


def begin_export(
    process: ProcessRef,
    *,
    file_format: str,
    form: Form = USUAL,
    columns: Sequence[str] = (),
    narrowing: Narrowing = NOTHING,
    sort: str = "-id",
    actor: Actor,
) -> ExportJob:
    """Ask for the records of a list as a file; it is there when this returns if they are few, else a worker makes it.

    `form` is of a CSV file. `columns` are keys of fields and base keys; everything that the actor may read unless
    given. Writes `export.requested` and, when it is done, `export.finished`. Raises NotFound, NotAllowed, Conflict,
    Invalid.
    """
    job = _begun(export_access(actor, process), file_format, form, columns, narrowing, sort)
    if job.total <= settings.EXPORT_ROWS_AT_ONCE:
        turns.work_through(job.pk)
        job.refresh_from_db()
    return job


@transaction.atomic
def cancel_export(job: ExportJob, *, actor: Actor) -> ExportJob:
    """Stop an export; nothing of it stays. Writes `export.cancelled`. Raises NotFound, NotAllowed, Conflict."""
    export_access(actor, job.process_id)
    held = ExportJob.objects.select_for_update().filter(started_by(actor), pk=job.pk).first()
    if held is None:
        raise NotFound(_("There is no such export."), export=job.pk)
    if not can_proceed(held.cancel):
        raise Conflict(_("This export has ended."), state=held.state)
    held.cancel()
    held.lease = held.lease_until = None
    held.finished_at = Now()
    held.save()
    held.parts.all().delete()
    held.refresh_from_db()
    _publish("export.cancelled", held, actor)
    return held


def forget_exports() -> int:
    """Delete exports older than EXPORT_KEEP_HOURS on which nobody works, with their files; returns how many."""
    age = timedelta(hours=settings.EXPORT_KEEP_HOURS)
    old = ExportJob.objects.filter(created_at__lt=Now() - age).exclude(state__in=ExportJob.WORKING)
    count = 0
    for job_id, path in list(old.values_list("pk", "path")):
        count += ExportJob.objects.filter(pk=job_id).delete()[1].get("records.ExportJob", 0)
        if path:
            delete_content(path)
    return count


def export_access(actor: Actor, process: ProcessRef) -> Access:
    """The access of somebody who may export. Raises NotFound, NotAllowed."""
    access = visible_access(actor, process)
    access.require(Operation.EXPORT)
    return access


@transaction.atomic
def _begun(
    access: Access, file_format: str, form: Form, columns: Sequence[str], narrowing: Narrowing, sort: str
) -> ExportJob:
    actor = access.actor
    if actor.user_id is None and actor.token_id is None:
        raise NotAllowed(_("An export runs under the rights of a person or a token."))
    if file_format not in ExportJob.Format.values:
        raise Invalid(_("There is no such format."), {"format": [_("Choose one of the list.")]})
    check_form(form)
    check_unicode(narrowing.search, field="search")
    chosen = export_columns(access, columns or all_keys(access))
    order = sorting_for(access, sort).text
    working = ExportJob.objects.filter(started_by(actor), state__in=ExportJob.WORKING)
    if working.count() >= MOST_AT_WORK:
        raise Conflict(_("You have %d exports under way; wait for one of them.") % MOST_AT_WORK)
    total = exported_rows(access, narrowing).order_by().count()
    check_size(file_format, total)
    job = ExportJob.objects.create(
        process_id=access.definition.id,
        user_id=actor.user_id,
        token_id=actor.token_id,
        starter=actor.label,
        name=_name(access, file_format),
        format=file_format,
        encoding=form.encoding,
        delimiter=form.delimiter,
        columns=[column.key for column in chosen],
        condition=None if narrowing.condition is None else narrowing.condition.to_json(),
        search=narrowing.search,
        is_overdue=narrowing.is_overdue,
        sort=order,
        rights=rights_digest(access, [column.field for column in chosen if column.field is not None]),
        total=total,
    )
    job.refresh_from_db()
    _publish("export.requested", job, actor)
    return job


def _name(access: Access, file_format: str) -> str:
    name = slugify(access.definition.name, allow_unicode=True)[:100] or access.definition.key
    return f"{name}-{timezone.localtime():%Y-%m-%d-%H%M}.{file_format}"


def _publish(kind: str, job: ExportJob, actor: Actor) -> None:
    publish(kind, actor=actor, process_id=job.process_id, data={"export": job.pk, "name": job.name})
