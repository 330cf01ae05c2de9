"""One record: its page, its panel over a board, its activity."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import people
from automation.queries import buttons_of
from core.errors import Invalid, NotFound
from core.text import id_from
from processes.permissions import Access, visible_access
from records.operations import add_comment, complete_task, create_task, reopen_task, watch_record
from records.queries.backlinks import backlinks_of
from records.queries.card import card_of, row_for
from records.typed import TypedRecord
from web.middleware import PersonalRequest, is_fragment
from web.navigation import process_tabs, process_url
from web.responses import with_events
from web.timeline import whole_timeline
from web.views.work import work_page


@login_required
@require_safe
def card(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """The page; for a script the panel, or the record alone after a change."""
    access = visible_access(request.actor, key)
    context = _whole(access, row_for(access, record_id))
    if not is_fragment(request):
        tabs = process_tabs(access, "")
        return render(request, "records/card.html", {**context, "tabs": tabs})
    is_part = request.GET.get("part") == "record"
    return render(request, "records/_record.html" if is_part else "records/_panel.html", context)


@login_required
@require_safe
def activity(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Tasks, composer and timeline as they are now; with `before` only older entries of the timeline."""
    access = visible_access(request.actor, key)
    before = id_from(request.GET.get("before", ""))
    if before is not None:
        page = whole_timeline(access, record_id, before=before)
        context = {"timeline": page, "process": access.definition, "record_id": record_id}
        return render(request, "records/_timeline.html", context)
    return _activity(request, access, record_id)


@login_required
@require_POST
def watch(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Begin to watch the record, or cease to: the record anew, or away from it where one sees it no more."""
    watch_record(key, record_id, watches=request.POST.get("watches") == "1", actor=request.actor)
    access = visible_access(request.actor, key)
    try:
        row = row_for(access, record_id)
    except NotFound:
        return HttpResponse(headers={"HX-Redirect": process_url(access.definition)})
    response = render(request, "records/_record.html", _whole(access, row))
    return with_events(response, **{"record:changed": {"kind": "record.updated", "process": key, "record": record_id}})


@login_required
@require_POST
def comment(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Say something about the record."""
    text = request.POST.get("text", "")
    try:
        add_comment(key, record_id, text=text, actor=request.actor)
    except Invalid as error:
        return _refused(request, key, record_id, error, text=text)
    return _done(request, key, record_id, "comment.added")


@login_required
@require_POST
def task(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """Give somebody something to do for the record."""
    typed = {name: request.POST.get(name, "") for name in ("title", "assignee", "due_at")}
    try:
        create_task(
            key,
            record_id,
            title=typed["title"],
            assignee_id=_id(typed["assignee"]),
            due_at=_moment(typed["due_at"]),
            actor=request.actor,
        )
    except Invalid as error:
        return _refused(request, key, record_id, error, task=typed)
    return _done(request, key, record_id, "task.created")


@login_required
@require_POST
def task_done(request: PersonalRequest, key: str, record_id: int, task_id: int) -> HttpResponse:
    """Mark a task done, or take that back."""
    change, kind = (complete_task, "task.completed") if request.POST.get("done") else (reopen_task, "task.reopened")
    change(key, task_id, actor=request.actor)
    if request.GET.get("from") == "work":
        return work_page(request)
    return _done(request, key, record_id, kind)


def _whole(access: Access, row: TypedRecord) -> dict[str, Any]:
    return {
        **_context(access, row),
        "backlinks": backlinks_of(access, row.pk),
        "buttons": buttons_of(access, row),
    }


def _context(access: Access, row: TypedRecord) -> dict[str, Any]:
    found = card_of(access, row)
    return {
        "access": access,
        "process": access.definition,
        "card": found,
        "timeline": whole_timeline(access, found.id),
        "people": people() if found.can_comment or found.can_update else (),
    }


def _activity(request: PersonalRequest, access: Access, record_id: int, status: int = 200, **more: Any) -> HttpResponse:
    context = {**_context(access, row_for(access, record_id)), **more}
    return render(request, "records/_activity.html", context, status=status)


def _refused(request: PersonalRequest, key: str, record_id: int, error: Invalid, **typed: Any) -> HttpResponse:
    """The activity with what was typed and what is wrong with it."""
    access = visible_access(request.actor, key)
    words = [str(message) for messages in error.fields.values() for message in messages]
    problems = words or [str(error.message)]
    return _activity(request, access, record_id, status=422, typed=typed, problems=problems)


def _done(request: PersonalRequest, key: str, record_id: int, kind: str) -> HttpResponse:
    response = _activity(request, visible_access(request.actor, key), record_id)
    return with_events(response, **{"record:changed": {"kind": kind, "process": key, "record": record_id}})


def _id(text: str) -> int | None:
    if not text:
        return None
    person_id = id_from(text)
    if person_id is None:
        raise Invalid(_("There is no such person."), {"assignee": [_("There is no such person.")]})
    return person_id


def _moment(text: str) -> datetime | None:
    """A local moment, or the end of a local day."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 10:
            moment = moment.replace(hour=23, minute=59)
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    except (ValueError, OverflowError) as error:
        message = _("A date like 2026-01-31 is expected.")
        raise Invalid(message, {"due_at": [message]}) from error
