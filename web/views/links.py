"""Links between records."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from processes.permissions import visible_access
from records.queries.backlinks import backlinks_of
from records.queries.linked import process_of
from web.middleware import PersonalRequest


@login_required
@require_safe
def linked(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """The records that name this one, as its card shows them."""
    found = backlinks_of(visible_access(request.actor, key), record_id)
    return render(request, "records/_linked.html", {"backlinks": found, "record_id": record_id})


@login_required
@require_safe
def anywhere(request: PersonalRequest, record_id: int) -> HttpResponse:
    """To the card of a record, whatever its process; 404 where one may not see it."""
    return redirect("record-card", process_of(request.actor, record_id), record_id)
