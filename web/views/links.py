"""Links between records."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from records.queries.linked import process_of
from web.middleware import PersonalRequest


@login_required
@require_safe
def anywhere(request: PersonalRequest, record_id: int) -> HttpResponse:
    """To the card of a record, whatever its process; 404 where one may not see it."""
    return redirect("record-card", process_of(request.actor, record_id), record_id)
