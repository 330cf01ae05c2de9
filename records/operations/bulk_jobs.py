"""Bulk changes as people drive them: everything that a filter finds is changed, the work is stopped, or taken back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import BigIntegerField
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from accounts.queries import actor_for
from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed, Text
from core.text import check_unicode
from events.publish import publish
from processes.definition import definition_of
from processes.definition_types import Definition
from processes.fieldtype import WrongValue
from processes.models import Operation, Process
from processes.permissions import Access, access_for, visible_access
from records.exchange.turns import as_person
from records.gates import Passing
from records.models import BulkJob, BulkResult, BulkSelection
from records.models.leased import started_by
from records.operations.bulk import RecordChange
from records.queries.bulk_jobs import NEEDED, NEEDED_BACK, bulk_job_of, bulk_words, matching_rows, undo_refusal
from records.queries.narrowing import Narrowing

ProcessRef = int | str | Definition | Process
Kind = BulkJob.Kind
MOST_AT_WORK = 5
"""Bulk changes of one person that may be under way."""
BASE = ("title", "assignee", "observers")
FORGOTTEN = 2
"""Old ones that go with each new one: they may be large."""


@transaction.atomic
def begin_bulk(process: ProcessRef, change: RecordChange, *, narrowing: Narrowing, actor: Actor) -> BulkJob:
    """Do the same to every record that the actor sees and the narrowing finds now; a worker does it.

    `change` is an update, a move (to one stage, or by stages) or a deletion, without a record and without values for
    gates. What comes later is not touched; the rights to each record are asked when its turn comes. A quiet
    actor's bulk change is quiet.
    Writes `bulk.requested`. Raises NotFound, NotAllowed, Conflict, Invalid (messages per field).
    """
    access = _access_to_begin(process, actor)
    kind = _kind_of(change)
    access.require(NEEDED[kind])
    if kind in (Kind.ASSIGN, Kind.UPDATE):
        _check_values(access, change.values)
    check_unicode(narrowing.search, field="search")
    _forget_old()
    job = _created(access, kind, change=_packed(change))
    rows = matching_rows(access, narrowing).order_by("pk")
    _choose(job, rows.values(number=Cast("pk", BigIntegerField())))
    if job.total > settings.BULK_MOST_RECORDS:
        raise Invalid(_("These are more than %d records; narrow the filter.") % settings.BULK_MOST_RECORDS)
    return _begun(job, actor)


@transaction.atomic
def stop_bulk(job: BulkJob, *, actor: Actor) -> BulkJob:
    """Stop a bulk change; what it has changed stays so. Writes `bulk.stopped`, of which its person is told where
    somebody else stops it. Raises NotFound, Conflict."""
    held = _held(visible_access(actor, job.process_id), job)
    if not can_proceed(held.stop):
        raise Conflict(_("This bulk change has ended."), state=held.state)
    held.stop()
    held.lease = held.lease_until = None
    held.finished_at = Now()
    held.save()
    held.refresh_from_db()
    said = {"name": _name_for_its_person(held), "user_id": held.user_id}
    counts = {"changed": held.changed, "unchanged": held.unchanged, "refused": held.refused}
    _publish("bulk.stopped", held, actor, **said, **counts)
    return held


@transaction.atomic
def undo_bulk(job: BulkJob, *, actor: Actor) -> BulkJob:
    """Take a bulk change back: a worker gives every record that it changed, and nobody has changed since, what it had
    before, under the actor's rights.

    What was quiet is taken back quietly. Writes `bulk.requested`. Raises NotFound, NotAllowed, Conflict.
    """
    access = _access_to_begin(job.process_id, actor)
    held = _held(access, job)
    refusal = undo_refusal(held)
    if refusal:
        raise Conflict(refusal, state=held.state)
    access.require(NEEDED_BACK[held.kind])
    undo = _created(access, Kind.UNDO, undoes=held, quiet=held.quiet)
    taken_back = BulkResult.objects.filter(job__undoes=held, reason="").values("record_id")
    rows = held.results.exclude(version=None).exclude(record_id__in=taken_back)
    _choose(undo, rows.order_by("record_id").values("record_id"))
    return _begun(undo, actor)


def change_of(job: BulkJob, record_id: int) -> RecordChange:
    """What a bulk change does to one of its records."""
    if job.kind == Kind.MOVE:
        passing = job.change["passing"]
        came = Passing(**{**passing, "checked": frozenset(passing["checked"])})
        places = dict(job.change.get("places", ()))
        return RecordChange(record_id=record_id, to=job.change["to"], places=places, passing=came)
    if job.kind == Kind.DELETE:
        return RecordChange(record_id=record_id, delete=True)
    return RecordChange(record_id=record_id, values=job.change["values"])


def _packed(change: RecordChange) -> dict[str, Any]:
    if change.delete:
        return {}
    if change.to is None and not change.places:
        return {"values": dict(change.values)}
    came = change.passing
    passing = {"comment": came.comment, "checked": sorted(came.checked), "reason": came.reason}
    return {"to": change.to, "places": list(change.places.items()), "passing": {**passing, "override": came.override}}


def _kind_of(change: RecordChange) -> str:
    if change.delete:
        return Kind.DELETE
    if change.to is not None or change.places:
        return Kind.MOVE
    return Kind.ASSIGN if set(change.values) == {"assignee"} else Kind.UPDATE


def _access_to_begin(process: ProcessRef, actor: Actor) -> Access:
    access = visible_access(actor, process)
    access.require(Operation.BULK)
    if actor.user_id is None and actor.token_id is None:
        raise NotAllowed(_("A bulk change runs under the rights of a person or a token."))
    if access.definition.status != Process.Status.PUBLISHED:
        raise Conflict(_("This process is not in use; its records cannot be changed."))
    working = BulkJob.objects.filter(started_by(actor), state__in=BulkJob.WORKING)
    if working.count() >= MOST_AT_WORK:
        raise Conflict(_("You have %d bulk changes under way; wait for one of them.") % MOST_AT_WORK)
    return access


def _check_values(access: Access, values: Mapping[str, Any]) -> None:
    """Refuse at once what no record could take. Raises Invalid by field."""
    writable = {field.key: field for field in access.writable_fields}
    problems: dict[str, list[Text]] = {} if values else {"fields": [_("Say what is to be changed.")]}
    for key, raw in values.items():
        if key in BASE:
            continue
        if key not in writable:
            problems[key] = [access.why_not_written(key)]
        elif writable[key].type.is_computed:
            problems[key] = [_("This value is computed; it cannot be written.")]
        else:
            try:
                writable[key].type.parse(raw, writable[key])
            except WrongValue as error:
                problems[key] = [error.message]
    if problems:
        raise Invalid(_("Some values are wrong."), problems)


def _created(access: Access, kind: str, **more: Any) -> BulkJob:
    actor = access.actor
    own = {"user_id": actor.user_id, "token_id": actor.token_id, "starter": actor.label, "quiet": actor.quiet}
    return BulkJob.objects.create(process_id=access.definition.id, kind=kind, **{**own, **more})


def _choose(job: BulkJob, ids: Any) -> None:
    """Keep the ids of a query, in its order; one statement, in which they do not leave the database."""
    BulkSelection.objects.create(job=job, ids=ArraySubquery(ids))
    job.total = BulkSelection.objects.values_list("ids__len", flat=True).get(job=job)
    if not job.total:
        raise Invalid(_("No record matches."))


def _begun(job: BulkJob, actor: Actor) -> BulkJob:
    job.save()
    job.refresh_from_db()
    _publish("bulk.requested", job, actor)
    return job


def _held(access: Access, job: BulkJob) -> BulkJob:
    """The job as it is now, locked. Raises NotFound for whom it does not concern."""
    return bulk_job_of(access, job.pk, lock=True)


def _forget_old() -> None:
    age = timedelta(days=settings.BULK_KEEP_DAYS)
    old = BulkJob.objects.filter(created_at__lt=Now() - age).exclude(state__in=BulkJob.WORKING)
    old.filter(pk__in=old.order_by("pk").values("pk")[:FORGOTTEN]).delete()


def _name_for_its_person(job: BulkJob) -> str:
    """What it does, in the language of whoever asked for it and by what they may know."""
    with as_person(job.user):
        if job.user is None or not job.user.is_active:
            return str(job.get_kind_display())
        return bulk_words(access_for(actor_for(job.user), definition_of(job.process_id)), job)


def _publish(kind: str, job: BulkJob, actor: Actor, **more: Any) -> None:
    publish(kind, actor=actor, process_id=job.process_id, data={"bulk": job.pk, "kind": job.kind, **more})
