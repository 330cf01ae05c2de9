"""Bulk changes as whoever asked for them sees them, and administrators: how far they are, what was refused and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import NotFound
from processes.definition_types import FieldDef
from processes.fieldtype import PERSON, RECORD, DisplayContext, WrongValue
from processes.models import Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.models import BulkJob, BulkResult
from records.models.leased import started_by
from records.queries.names import Names, Wanted, names_for, want
from records.queries.narrowing import Narrowing, narrowed
from records.typed import model_for

LIST = 30
PAGE = 50
REASONS = 20
NEEDED: Mapping[str, str] = {
    BulkJob.Kind.MOVE: Operation.MOVE,
    BulkJob.Kind.ASSIGN: Operation.ASSIGN,
    BulkJob.Kind.UPDATE: Operation.UPDATE,
    BulkJob.Kind.DELETE: Operation.DELETE,
}
"""Kind → the right that each record is asked for."""
NEEDED_BACK: Mapping[str, str] = {**NEEDED, BulkJob.Kind.DELETE: Operation.RESTORE}
"""The same for the way back."""
BASE_LABELS = {
    "title": gettext_lazy("Title"),
    "assignee": gettext_lazy("Assignee"),
    "observers": gettext_lazy("Observers"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was refused; `title` is empty where the reader may not see it."""

    record_id: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Some refused records by their numbers, and the number after which the next ones come (None at the end)."""

    items: tuple[Refused, ...]
    next: int | None


def matching_rows(access: Access, narrowing: Narrowing) -> Any:
    """The records that a bulk change of all that match is about: those that the actor sees."""
    return narrowed(model_for(access.definition).objects.visible_to(access), access, narrowing)


def bulk_jobs_of(access: Access) -> list[BulkJob]:
    """The actor's bulk changes in a process, for administrators everybody's, the newest first. One query."""
    return list(_seen(access).select_related("user", "undoes").order_by("-id")[:LIST])


def bulk_job_of(access: Access, job_id: int, *, lock: bool = False) -> BulkJob:
    """One of them, locked on demand until the transaction ends. Raises NotFound. One query."""
    asked = _seen(access).filter(pk=job_id).select_related("user", "undoes")
    job: BulkJob | None = (asked.select_for_update(of=("self",)) if lock else asked).first()
    if job is None:
        raise NotFound(_("There is no such bulk change."), bulk=job_id)
    return job


def undo_refusal(job: BulkJob) -> str:
    """Why a bulk change cannot be taken back (any more), empty where it can. One query."""
    if job.is_working:
        return _("It is still at work.")
    if job.kind == BulkJob.Kind.UNDO or not job.changed:
        return _("There is nothing to take back.")
    if timezone.now() >= job.undo_until:
        return _("It is too long ago to be taken back.")
    if job.undoings.filter(state__in=(BulkJob.State.RUNNING, BulkJob.State.DONE)).exists():
        return _("It is taken back already.")
    return ""


def can_undo(access: Access, job: BulkJob) -> bool:
    """Whether a bulk change can be taken back, and by the actor. One query."""
    if undo_refusal(job):
        return False
    return access.can(Operation.BULK) and access.can(NEEDED_BACK[job.kind])


def bulk_names(access: Access, jobs: Iterable[BulkJob]) -> Names:
    """The names that the words of all these bulk changes say. As many queries for thirty as for one."""
    wanted: Wanted = {}
    for job in jobs:
        for key, raw in (job.undoes or job).change.get("values", {}).items():
            if key == "assignee":
                wanted.setdefault(PERSON, set()).update({int(raw)} if _is_id(raw) else ())
            elif (said := _parsed(access, key, raw)) is not None and said[1] is not None:
                want(wanted, *said)
    return names_for(access.actor, wanted)


def bulk_words(access: Access, job: BulkJob, names: Names | None = None) -> str:
    """What a bulk change does, in words for a reader who sees the process. Without `names` the queries of
    `bulk_names`."""
    if names is None:
        names = bulk_names(access, [job])
    if job.undoes is not None:
        return _("Undo: %(what)s") % {"what": bulk_words(access, job.undoes, names)}
    if job.kind == BulkJob.Kind.MOVE and job.change["to"] is None:
        return _("Move into “%(pipelines)s”") % {"pipelines": _pipelines(access, job.change["places"])}
    if job.kind == BulkJob.Kind.MOVE:
        return _("Move to “%(stage)s”") % {"stage": _stages(access, job.change["to"])}
    if job.kind == BulkJob.Kind.DELETE:
        return _("Delete")
    if job.kind == BulkJob.Kind.ASSIGN:
        person = job.change["values"]["assignee"]
        if not person:
            return _("Assign to nobody")
        known = names.get(PERSON, {}) if _is_id(person) else {}
        return _("Assign to %(name)s") % {"name": known.get(int(person), "…") if known else "…"}
    return "; ".join(_said(access, key, raw, names) for key, raw in job.change["values"].items())


def _pipelines(access: Access, places: Iterable[Sequence[int]]) -> str:
    """The pipelines into which records go, as far as one sees them."""
    entered = {target for source, target in places if source != target}
    found = [one.name for one in visible_pipelines(access) if any(stage.id in entered for stage in one.stages)]
    return ", ".join(found) or "…"


def reasons_of(job: BulkJob) -> list[tuple[str, int]]:
    """Why records were refused, with how many: the most frequent first, at most 20. One query."""
    refused = job.results.exclude(reason="").values("reason").annotate(number=Count("pk"))
    return list(refused.order_by("-number", "reason").values_list("reason", "number")[:REASONS])


def refused_of(access: Access, job: BulkJob, *, after: int = 0, limit: int = PAGE) -> RefusedPage:
    """Refused records with their reasons, those after a record's number. Three queries."""
    asked = job.results.filter(record_id__gt=after).exclude(reason="").order_by("record_id")
    found: list[BulkResult] = list(asked[: limit + 1])
    titles: Any = names_for(access.actor, {RECORD: {one.record_id for one in found}}).get(RECORD, {})
    shown = tuple(Refused(one.record_id, titles.get(one.record_id, ""), one.reason) for one in found[:limit])
    return RefusedPage(shown, shown[-1].record_id if len(found) > limit else None)


def _seen(access: Access) -> Any:
    jobs = BulkJob.objects.filter(process_id=access.definition.id)
    return jobs if access.actor.is_admin else jobs.filter(started_by(access.actor))


def _stages(access: Access, to: int | str) -> str:
    """The stage that is meant, as far as one sees it; of a key alone, that of each pipeline which has it."""
    found = [
        stage.name
        for pipeline in visible_pipelines(access)
        for stage in pipeline.stages
        if to in (stage.id, stage.key, f"{pipeline.key}.{stage.key}")
    ]
    return ", ".join(dict.fromkeys(found)) or "…"


def _said(access: Access, key: str, raw: Any, names: Names) -> str:
    """One field and the value it gets. What one may not read is not named."""
    if key in BASE_LABELS:
        return str(BASE_LABELS[key])
    field = _readable(access, key)
    if field is None:
        return "…"
    said = _parsed(access, key, raw)
    if said is None:
        return field.label
    _field, value = said
    text = field.type.list_display(value, field, DisplayContext(names)) if value is not None else "—"
    return _("%(field)s: %(value)s") % {"field": field.label, "value": text}


def _parsed(access: Access, key: str, raw: Any) -> tuple[FieldDef, Any] | None:
    """A field that one may read with the value it gets; None where the field has changed since and cannot take it."""
    field = _readable(access, key)
    try:
        return (field, field.type.parse(raw, field)) if field is not None else None
    except WrongValue:
        return None


def _readable(access: Access, key: str) -> FieldDef | None:
    return next((field for field in access.readable_fields if field.key == key), None)


def _is_id(raw: Any) -> bool:
    return str(raw).isascii() and str(raw).isdigit()
