"""Imports as people drive them: a file is given, its columns are chosen, it is checked, it runs, it may be stopped."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Text
from core.text import clean_line
from events.publish import publish
from processes.definition_types import Definition
from processes.models import Operation, Process
from processes.permissions import Access, visible_access
from records.exchange.plan import guessed_targets, plan_of
from records.exchange.source import DELIMITERS, ENCODINGS, Form, Outline, outline_of
from records.exchange.workbook import taken
from records.models import ImportFile, ImportJob

ProcessRef = int | str | Definition | Process


@transaction.atomic
def begin_import(process: ProcessRef, *, name: str, content: bytes, actor: Actor) -> ImportJob:
    """Take a CSV file or a workbook in, with guesses of how it is read and what its columns mean; nothing is imported.

    Files older than IMPORT_KEEP_DAYS go. Writes `import.begun`. Raises NotFound, NotAllowed, Conflict, Invalid.
    """
    access = import_access(actor, process)
    if actor.user_id is None:
        raise NotAllowed(_("An import runs under the rights of a person."))
    name = clean_line(name.replace("\\", "/").rpartition("/")[2][:255] or "import.csv", field="name")
    file = taken(content)
    outline = file.outline
    _forget_old()
    job = ImportJob.objects.create(
        process_id=access.definition.id,
        user_id=actor.user_id,
        token_id=actor.token_id,
        name=name,
        size=len(content),
        encoding=outline.form.encoding,
        delimiter=outline.form.delimiter,
        sheets=list(file.sheets),
        sheet=file.sheet,
        headers=list(outline.headers),
        targets=guessed_targets(access, outline.headers),
        total=outline.total,
    )
    ImportFile.objects.create(job=job, content=file.kept, workbook=content if file.sheets else None)
    _publish("import.begun", job, actor)
    return job


@transaction.atomic
def read_import_anew(job: ImportJob, *, encoding: str, delimiter: str, actor: Actor) -> ImportJob:
    """Read the file with another encoding or delimiter; its columns are guessed anew.

    Raises NotFound, NotAllowed, Conflict (it runs already), Invalid.
    """
    access, job = _held(job, actor)
    _check_form(encoding, delimiter)
    if job.sheet:
        raise Conflict(_("A workbook says itself how it is read."))
    return _anew(access, job, outline_of(bytes(job.file.content), Form(encoding, delimiter)))


@transaction.atomic
def choose_sheet(job: ImportJob, *, sheet: str, actor: Actor) -> ImportJob:
    """Take another sheet of the workbook; its columns are guessed.

    Raises NotFound, NotAllowed, Conflict (it runs already), Invalid.
    """
    access, job = _held(job, actor)
    if sheet not in job.sheets:
        raise Invalid(_("There is no such sheet."), {"sheet": [_("Choose one of the list.")]})
    file = taken(bytes(job.file.workbook or b""), sheet)
    ImportFile.objects.filter(job=job).update(content=file.kept)
    job.sheet = sheet
    return _anew(access, job, file.outline)


@transaction.atomic
def plan_import(
    job: ImportJob, *, targets: Sequence[str | None], key: str = "", quiet: bool = True, actor: Actor
) -> ImportJob:
    """Say where each column goes and by which target present records are found; what a check has found is void.

    Without `quiet` robots run and people are told. Raises NotFound, NotAllowed, Conflict, Invalid (messages by
    `targets.<column>` and `key`).
    """
    access, job = _held(job, actor)
    plan = plan_of(access, width=len(job.headers), targets=[target or None for target in targets], key=key)
    access.require(Operation.UPDATE if plan.key else Operation.CREATE)
    _proceed(job, "change_plan")
    job.targets = [target.key if target else None for target in plan.targets]
    job.key, job.quiet = key, quiet
    job.save()
    job.problems.all().delete()
    return job


@transaction.atomic
def check_import(job: ImportJob, *, actor: Actor) -> ImportJob:
    """Let a worker look at every row and write nothing. Writes `import.requested`.

    Raises NotFound, NotAllowed, Conflict, Invalid (the process has changed and the plan does not fit any more).
    """
    access, job = _held(job, actor)
    plan_of(access, width=len(job.headers), targets=job.targets, key=job.key)
    access.require(Operation.UPDATE if job.key else Operation.CREATE)
    return _start(job, "begin_check", actor)


@transaction.atomic
def run_import(job: ImportJob, *, actor: Actor) -> ImportJob:
    """Let a worker bring the checked rows in. Writes `import.requested`. Raises NotFound, NotAllowed, Conflict."""
    access, job = _held(job, actor)
    access.require(Operation.UPDATE if job.key else Operation.CREATE)
    return _start(job, "begin_run", actor)


@transaction.atomic
def cancel_import(job: ImportJob, *, actor: Actor) -> ImportJob:
    """Stop an import; the rows brought in so far stay. Writes `import.cancelled`.

    Raises NotFound, NotAllowed, Conflict.
    """
    _access, job = _held(job, actor, needs_use=False)
    _proceed(job, "cancel")
    job.lease = job.lease_until = None
    job.finished_at = Now()
    job.save()
    job.refresh_from_db()
    _publish("import.cancelled", job, actor)
    return job


def import_access(actor: Actor, process: ProcessRef, *, needs_use: bool = True) -> Access:
    """The access of somebody who may import. Raises NotFound, NotAllowed, Conflict for a process not in use."""
    access = visible_access(actor, process)
    access.require(Operation.IMPORT)
    if needs_use and access.definition.status != Process.Status.PUBLISHED:
        raise Conflict(_("This process is not in use; its records cannot be changed."))
    return access


def _held(job: ImportJob, actor: Actor, *, needs_use: bool = True) -> tuple[Access, ImportJob]:
    """The access and the job as it is now, locked: only its own person drives it. Raises NotFound, NotAllowed."""
    access = import_access(actor, job.process_id, needs_use=needs_use)
    held = ImportJob.objects.select_for_update().filter(pk=job.pk, user_id=actor.user_id or 0).first()
    if held is None:
        raise NotFound(_("There is no such import."), **{"import": job.pk})
    return access, held


def _anew(access: Access, job: ImportJob, outline: Outline) -> ImportJob:
    """The job for what a file turned out to hold."""
    _proceed(job, "change_plan")
    job.encoding, job.delimiter = outline.form.encoding, outline.form.delimiter
    job.headers, job.total = list(outline.headers), outline.total
    job.targets, job.key = guessed_targets(access, outline.headers), ""
    job.save()
    job.problems.all().delete()
    return job


def _start(job: ImportJob, transition: str, actor: Actor) -> ImportJob:
    _proceed(job, transition)
    job.problems.all().delete()
    job.keys.all().delete()
    job.started_at, job.finished_at, job.turn_at = Now(), None, Now()
    job.token_id = actor.token_id
    job.save()
    job.refresh_from_db()
    _publish("import.requested", job, actor)
    return job


def _proceed(job: ImportJob, transition: str) -> None:
    """Perform a transition. Raises Conflict where the job's state does not allow it."""
    method = getattr(job, transition)
    if not can_proceed(method):
        raise Conflict(_("This cannot be done now: the import is “%s”.") % job.get_state_display(), state=job.state)
    method()


def _check_form(encoding: str, delimiter: str) -> None:
    wrong = {"encoding": encoding not in ENCODINGS, "delimiter": delimiter not in DELIMITERS}
    fields: dict[str, list[Text]] = {key: [_("Choose one of the list.")] for key, is_wrong in wrong.items() if is_wrong}
    if fields:
        raise Invalid(_("The file cannot be read so."), fields)


def _forget_old() -> None:
    """Files and reports that have been kept long enough; nobody works on them."""
    age = timedelta(days=settings.IMPORT_KEEP_DAYS)
    old = ImportJob.objects.filter(created_at__lt=Now() - age).exclude(state__in=ImportJob.WORKING)
    old.filter(pk__in=old.order_by("pk").values("pk")[:20]).delete()


def _publish(kind: str, job: ImportJob, actor: Actor) -> None:
    publish(kind, actor=actor, process_id=job.process_id, data={"import": job.pk, "name": job.name})
