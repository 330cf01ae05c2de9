"""The dialogs of a move: what a gate asks for, and the stages of other pipelines."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.queries import roles
from core.errors import Conflict, Invalid, Stale
from core.text import id_from
from processes.permissions import Access, visible_access
from records.gates import Passing
from records.operations import GatePending, move_record
from records.queries.card import row_for
from records.queries.moves import PossibleMove, move_to, moves_elsewhere
from records.typed import TypedRecord
from web.forms.gate import GateForm
from web.middleware import PersonalRequest
from web.views.board import faster
from web.views.files import with_files


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gate(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """The inputs for what keeps the record from `stage`; on POST the move: `{version, rank, stage}`, 409 with the
    present state, or 422 with the form again in `details.html`."""
    access = visible_access(request.actor, key)
    row = row_for(access, record_id)
    move = move_to(access, row, _number(request, "stage") or 0)
    if move is None:
        raise Conflict(_("The record stands in this stage already, or there is no such stage."))
    if request.method != "POST":
        return render(request, "records/_gate.html", _context(access, GateForm(access, row, move)))
    return _move(request, access, row, move)


@login_required
@require_safe
def elsewhere(request: PersonalRequest, key: str, record_id: int) -> HttpResponse:
    """The stages of other pipelines to which the record may go."""
    access = visible_access(request.actor, key)
    row = row_for(access, record_id)
    choices = moves_elsewhere(access, row)
    context = {
        "process": access.definition,
        "record": row,
        "choices": choices,
        "has_any": any(not move.why_not for _pipeline, moves in choices for move in moves),
    }
    return render(request, "records/_elsewhere.html", context)


def _move(request: PersonalRequest, access: Access, row: TypedRecord, move: PossibleMove) -> HttpResponse:
    data, refusal = with_files(request, access)
    form = GateForm(access, row, move, data)
    try:
        if refusal is not None:
            raise refusal
        moved = _moved(request, access, row, move, form.passing())
    except Stale:
        return faster(access, row.pk)
    except GatePending as error:
        form = GateForm(access, row, move, data, more=error.terms)
        form.ask_again(error.terms)
        return _again(request, access, form, error)
    except Invalid as error:
        form.refuse(error)
        return _again(request, access, form, error)
    return JsonResponse({"version": moved.version, "rank": moved.position, "stage": moved.stage_id})


def _moved(
    request: PersonalRequest, access: Access, row: TypedRecord, move: PossibleMove, passing: Passing
) -> TypedRecord:
    return move_record(
        access.definition.key,
        row.pk,
        to=move.stage.id,
        version=_number(request, "version"),
        after=_number(request, "after"),
        before=_number(request, "before"),
        passing=passing,
        actor=request.actor,
    )


def _again(request: PersonalRequest, access: Access, form: GateForm, error: Invalid) -> HttpResponse:
    html = render_to_string("records/_gate.html", _context(access, form), request=request)
    body = {"code": error.code, "message": str(error.message), "details": {"html": html}}
    return JsonResponse(body, status=422)


def _context(access: Access, form: GateForm) -> dict[str, Any]:
    role_ids = frozenset(role_id for terms in form.terms for role_id in terms.role_ids)
    return {
        "process": access.definition,
        "form": form,
        "stage": form.move.stage,
        "record": form.row,
        "roles": [role.name for role in roles().filter(pk__in=role_ids)] if role_ids else [],
        "is_closed": form.is_closed,
    }


def _number(request: PersonalRequest, name: str) -> int | None:
    return id_from(request.POST.get(name) or request.GET.get(name) or "")
