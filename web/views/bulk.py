"""The same change to many records: to those chosen in the list, at once, with what is said of each refusal; or to all
that match its filter, in the background."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.errors import Invalid, NotAllowed, NotFound
from core.text import id_from
from processes.definition_types import PipelineDef
from processes.fieldtype import RECORD
from processes.permissions import Access, visible_access
from processes.queries import visible_pipelines
from records.operations import Outcome, change_records
from records.operations.bulk import MOST
from records.operations.bulk_jobs import begin_bulk
from records.queries.bulk_jobs import matching_rows
from records.queries.names import names_for
from records.queries.narrowing import Narrowing
from web.filters import filter_in_words, filter_of
from web.forms.bulk import ACTIONS, BulkEdit, BulkForm, BulkPlaces, actions_for, editable_fields
from web.middleware import PersonalRequest
from web.pipelines import asked_pipeline, within_pipeline
from web.responses import go, own_address
from web.views.bulk_jobs import begun


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, and the records of which it was said."""

    reason: str
    records: tuple[tuple[int, str], ...]
    """Ids and titles; no title of a record that one does not see."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The records that are meant: some by their numbers, or (`narrowing`) all that the address's filter finds."""

    ids: tuple[int, ...]
    number: int
    narrowing: Narrowing | None = None
    query: str = ""
    """The filter in an address."""
    chips: tuple[str, ...] = ()
    """The filter in words."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: PersonalRequest, key: str, action: str) -> HttpResponse:
    """The dialog for the records `id` of the address or the form, or (`all`) for those that the address filters.

    On POST what can be done is done, to all of them by a worker.
    """
    access = visible_access(request.actor, key)
    if action not in actions_for(access):
        raise NotAllowed(_("You have no right to change many records like this."))
    chosen = _chosen(request, access)
    form = _form(request, access, action)
    if form.is_bound and form.is_valid():
        actor = request.actor.quieted() if form.cleaned_data["quiet"] else request.actor
        if chosen.narrowing is not None:
            job = begin_bulk(access.definition, form.change(None), narrowing=chosen.narrowing, actor=actor)
            return begun(request, access, job)
        changes = [form.change(record_id) for record_id in chosen.ids]
        outcomes = change_records(access.definition, changes, actor=actor)
        refused = _refused(access, chosen.ids, outcomes)
        done = sum(outcome.error is None for outcome in outcomes)
        back = own_address(request, request.POST.get("back", ""))
        if not refused:
            messages.success(request, _words(done))
            return go(request, back)
        context = {"process": access.definition, "refused": refused, "done": _words(done) if done else "", "back": back}
        return render(request, "records/_bulk_done.html", context)
    context = _context(request, access, action, chosen, form)
    return render(request, "records/_bulk.html", context, status=422 if form.is_bound else 200)


def _form(request: PersonalRequest, access: Access, action: str) -> BulkForm:
    data = request.POST if request.method == "POST" else None
    make: Any = ACTIONS[action]
    if (into := _pipeline_asked_for(request, access, action)) is not None:
        return BulkPlaces(access, into, data)
    if not issubclass(make, BulkEdit):
        found: BulkForm = make(access, data)
        return found
    fields = editable_fields(access)
    asked = request.POST.get("field") or request.GET.get("field") or fields[0].key
    field = next((field for field in fields if field.key == asked), None)
    if field is None and any(field.key == asked for field in access.readable_fields):
        message = _("You have no right to change this field.")
        raise Invalid(message, {asked: [message]})
    if field is None:
        raise NotFound(_("There is no such field."), field=asked)
    return BulkEdit(access, field, data)


def _pipeline_asked_for(request: PersonalRequest, access: Access, action: str) -> PipelineDef | None:
    """The pipeline into which records are to move stage by stage. Raises NotFound."""
    asked = request.POST.get("into") or request.GET.get("into")
    if action != "move" or not asked:
        return None
    found = next((pipeline for pipeline in visible_pipelines(access) if pipeline.key == asked), None)
    if found is None:
        raise NotFound(_("There is no such pipeline."), pipeline=asked)
    return found


def _context(request: PersonalRequest, access: Access, action: str, chosen: Chosen, form: BulkForm) -> dict[str, Any]:
    return {
        "process": access.definition,
        "action": action,
        "address": f"{request.path}?{chosen.query}" if chosen.query else request.path,
        "heading": form.heading % {"number": chosen.number},
        "chosen": chosen,
        "hours": settings.BULK_UNDO_HOURS,
        "form": form,
        "fields": editable_fields(access) if action == "edit" else (),
        "pipelines": visible_pipelines(access) if action == "move" else (),
        "back": request.POST.get("back") or request.GET.get("back") or "",
    }


def _chosen(request: PersonalRequest, access: Access) -> Chosen:
    """Raises Invalid for no records, too many, or a filter of which a part makes no sense."""
    given = request.POST if request.method == "POST" else request.GET
    if given.get("all"):
        return _all_that_match(request, access)
    ids = [number for text in given.getlist("id") if (number := id_from(text)) is not None]
    if not ids:
        raise Invalid(_("Choose records first."))
    if len(ids) > MOST:
        raise Invalid(_("At most %d changes in one call.") % MOST)
    ids = list(dict.fromkeys(ids))
    return Chosen(tuple(ids), len(ids))


def _all_that_match(request: PersonalRequest, access: Access) -> Chosen:
    found, pipeline = filter_of(request.GET, access), asked_pipeline(request, access)
    if found.refusal is not None:
        raise found.refusal
    narrowing = within_pipeline(access, found.narrowing, pipeline)
    number = matching_rows(access, narrowing).count()
    return Chosen((), number, narrowing, found.query, tuple(filter_in_words(found, pipeline)))


def _refused(access: Access, ids: Sequence[int], outcomes: list[Outcome]) -> list[Refusal]:
    reasons: dict[str, list[int]] = defaultdict(list)
    for record_id, outcome in zip(ids, outcomes, strict=True):
        if outcome.error is not None:
            reasons[outcome.reason].append(record_id)
    titles = names_for(access.actor, {RECORD: {pk for found in reasons.values() for pk in found}}).get(RECORD, {})
    return [
        Refusal(reason, tuple((pk, titles.get(pk, "")) for pk in found))
        for reason, found in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]


def _words(count: int) -> str:
    return ngettext("%d record is changed.", "%d records are changed.", count) % count
