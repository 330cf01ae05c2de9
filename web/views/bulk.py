"""The same change to many records, chosen in the list: a dialog that asks, and says of each refusal why."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.errors import Invalid, NotAllowed, NotFound, SmartCRMError
from core.text import id_from
from processes.fieldtype import RECORD
from processes.permissions import Access, visible_access
from records.operations import GatePending, Outcome, change_records
from records.operations.bulk import MOST
from records.queries.names import names_for
from web.forms.bulk import ACTIONS, BulkEdit, BulkForm, actions_for, editable_fields
from web.middleware import PersonalRequest
from web.responses import go, own_address


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, and the records of which it was said."""

    reason: str
    records: tuple[tuple[int, str], ...]
    """Ids and titles; no title of a record that one does not see."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: PersonalRequest, key: str, action: str) -> HttpResponse:
    """The dialog for the records `id` of the address or the form; on POST what can be done is done."""
    access = visible_access(request.actor, key)
    if action not in actions_for(access):
        raise NotAllowed(_("You have no right to change many records like this."))
    ids = _ids(request)
    form = _form(request, access, action)
    if form.is_bound and form.is_valid():
        actor = request.actor.quieted() if form.cleaned_data["quiet"] else request.actor
        outcomes = change_records(access.definition, [form.change(record_id) for record_id in ids], actor=actor)
        refused = _refused(access, ids, outcomes)
        done = sum(outcome.error is None for outcome in outcomes)
        back = own_address(request, request.POST.get("back", ""))
        if not refused:
            messages.success(request, _words(done))
            return go(request, back)
        context = {"process": access.definition, "refused": refused, "done": _words(done) if done else "", "back": back}
        return render(request, "records/_bulk_done.html", context)
    context = _context(request, access, action, ids, form)
    return render(request, "records/_bulk.html", context, status=422 if form.is_bound else 200)


def _form(request: PersonalRequest, access: Access, action: str) -> BulkForm:
    data = request.POST if request.method == "POST" else None
    make: Any = ACTIONS[action]
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


def _context(request: PersonalRequest, access: Access, action: str, ids: list[int], form: BulkForm) -> dict[str, Any]:
    return {
        "process": access.definition,
        "action": action,
        "heading": form.heading % {"number": len(ids)},
        "ids": ids,
        "form": form,
        "fields": editable_fields(access) if action == "edit" else (),
        "back": request.POST.get("back") or request.GET.get("back") or "",
    }


def _ids(request: PersonalRequest) -> list[int]:
    given = request.POST if request.method == "POST" else request.GET
    ids = [number for text in given.getlist("id") if (number := id_from(text)) is not None]
    if not ids:
        raise Invalid(_("Choose records first."))
    if len(ids) > MOST:
        raise Invalid(_("At most %d changes in one call.") % MOST)
    return list(dict.fromkeys(ids))


def _refused(access: Access, ids: list[int], outcomes: list[Outcome]) -> list[Refusal]:
    reasons: dict[str, list[int]] = defaultdict(list)
    for record_id, outcome in zip(ids, outcomes, strict=True):
        if outcome.error is not None:
            reasons[_said(outcome.error)].append(record_id)
    titles = names_for(access.actor, {RECORD: {pk for found in reasons.values() for pk in found}}).get(RECORD, {})
    return [
        Refusal(reason, tuple((pk, titles.get(pk, "")) for pk in found))
        for reason, found in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]


def _said(error: SmartCRMError) -> str:
    """Why, in one sentence: what is said of the fields, or else of the whole."""
    if isinstance(error, GatePending) or not isinstance(error, Invalid):
        return str(error.message)
    said = [str(text) for texts in error.fields.values() for text in texts]
    return " ".join(dict.fromkeys(said)) or str(error.message)


def _words(count: int) -> str:
    return ngettext("%d record is changed.", "%d records are changed.", count) % count
