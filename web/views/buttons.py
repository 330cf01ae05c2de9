"""The buttons of a card."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from automation.operations import CannotPress, press_button
from automation.queries import buttons_of
from processes.permissions import visible_access
from records.queries.card import row_for
from web.middleware import PersonalRequest
from web.responses import with_events, with_toast


@login_required
@require_safe
def buttons(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """The buttons as they are now; `asked` counts how often the page has looked whether what was begun has ended."""
    return _buttons(request, key, record_id, asked=request.GET.get("asked", ""))


@login_required
@require_POST
def press(request: PersonalRequest, key: str, record_id: int, rule_kind: str, rule_id: str) -> HttpResponse:
    """Press one: the buttons anew, and a word about it."""
    try:
        press_button(key, record_id, (rule_kind, int(rule_id)), actor=request.actor)
    except CannotPress as error:
        return with_events(_buttons(request, key, record_id), toast={"text": str(error.message), "kind": "bad"})
    return with_toast(_buttons(request, key, record_id), _("Started"))


def _buttons(request: PersonalRequest, key: str, record_id: int, *, asked: str = "") -> HttpResponse:
    access = visible_access(request.actor, key)
    row = row_for(access, record_id)
    context = {"process": access.definition, "record_id": row.pk, "buttons": buttons_of(access, row), "asked": asked}
    return render(request, "records/_buttons.html", context)
